"""The evaluation of measurements in memory: pages, and the choice of measurements that matter."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitoring.alarms.definition import InForce
from monitoring.alarms.evaluation import Evaluation
from monitoring.alarms.tag_table import Measured, TagTable, WatchedTag
from monitoring.alarms.watched import WatchedAlarm

S = 1_000_000
KINDS = (
    InForce("H", setpoint=45.0, deadband=0.5, on_delay_s=3, off_delay_s=4),
    InForce("HH", setpoint=47.0, deadband=0.5, on_delay_s=0, off_delay_s=0),
    InForce("L", setpoint=35.0, deadband=0.5, on_delay_s=2, off_delay_s=2),
    InForce("DEV", setpoint=3.0, target_tag=2, on_delay_s=2, off_delay_s=2),
    InForce("ROC+", setpoint=60.0, deadband=6, window_s=6, on_delay_s=1, off_delay_s=1),
    InForce("BAD", on_delay_s=5, off_delay_s=5),
)


def evaluation() -> Evaluation:
    """Two tags with an alarm of each kind."""
    tags = [WatchedTag(tag, f"tag_{tag}", "", 10.0) for tag in (1, 2)]
    alarms = [
        WatchedAlarm(10 * tag + place, tag, "", in_force.kind, in_force)
        for tag in (1, 2)
        for place, in_force in enumerate(KINDS)
    ]
    return Evaluation(TagTable(tags, alarms))


rows_strategy = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 1, 2, 3]),
        st.sampled_from([1, 1, 1, 1, 2, 5, 12, 30, -3, 0]),
        st.sampled_from([40.0, 40.0, 44.7, 45.2, 46.0, 48.0, 34.0, 35.2]),
    ),
    max_size=60,
)


@given(rows_strategy, st.integers(1, 20))
def test_page_by_page_equals_all_at_once_and_one_by_one(
    steps: list[tuple[int, int, float]], page: int
) -> None:
    times_s = np.cumsum([step for _, step, _ in steps], dtype=np.int64)
    rows = Measured(
        np.arange(len(steps)),
        (1000 + times_s) * S,
        np.array([tag for tag, *_ in steps], dtype=np.int64),
        np.array([value for *_, value in steps], dtype=np.float64),
    )
    found = []
    for size in (len(steps) or 1, page, 1):
        each = evaluation()
        for start in range(0, len(steps), size):
            part = (rows.id >= start) & (rows.id < start + size)
            each.take(rows.where(part), latest_us=10**15)
        found.append(
            (
                sorted((f.alarm.definition, f.at_us or 0, str(f.act), f.value or 0.0) for f in each.findings),
                sorted((f.alarm.definition, f.active_us, f.cleared_us) for f in each.late),
                each.late_rows,
                [alarm.memory for slot in (0, 1) for alarm in each.table.alarms_at(slot)],
                each.table.last_us.tolist(),
            )
        )
    assert found[0] == found[1] == found[2]


def test_only_rows_of_tags_at_which_something_happens_are_looked_at() -> None:
    tags = [WatchedTag(tag, f"tag_{tag}", "", 10.0) for tag in (1, 2, 3)]
    alarms = [WatchedAlarm(tag, tag, "", "H", InForce("H", setpoint=45.0)) for tag in (1, 2, 3)]
    table = TagTable(tags, alarms)
    rows = Measured(
        np.arange(6),
        np.array([1, 1, 1, 2, 2, 2]) * S,
        np.array([1, 2, 9, 1, 2, 3]),
        np.array([40.0, 40.0, 99.0, 41.0, 46.0, 42.0]),
    )
    odd = table.pass_quiet(rows)
    assert odd.id.tolist() == [1, 4]
    assert (table.newest_value(1), table.newest_value(2), table.newest_value(3)) == (41.0, None, 42.0)
