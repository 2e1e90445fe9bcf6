"""The evaluation of measurements in memory: pages, and the choice of measurements that matter."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitoring.alarms.definition import InForce
from monitoring.alarms.evaluation import Evaluation
from monitoring.alarms.setpoint_track import KEPT_US, SetpointTrack
from monitoring.alarms.tag_table import Measured, TagTable, WatchedTag
from monitoring.alarms.watched import WatchedAlarm

S = 1_000_000
KINDS = (
    InForce("H", setpoint=45.0, deadband=0.5, on_delay_s=3, off_delay_s=4),
    InForce("HH", setpoint=47.0, deadband=0.5, on_delay_s=0, off_delay_s=0),
    InForce("L", setpoint=35.0, deadband=0.5, on_delay_s=2, off_delay_s=2),
    InForce("DEV", setpoint=3.0, target_tag=2, settle_s=4, on_delay_s=2, off_delay_s=2),
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


Row = tuple[int, int, float]  # seconds, tag, value
SETPOINT, VALUE = 1, 2


def deviations(
    rows: list[Row], settle_s: float | None = None, now_s: int | None = None
) -> list[tuple[str, int]]:
    """Return the changes of a deviation of more than 3 for 2 s, in seconds."""
    in_force = InForce(
        "DEV", setpoint=3.0, target_tag=SETPOINT, settle_s=settle_s, on_delay_s=2, off_delay_s=2
    )
    tags = [WatchedTag(tag, f"tag_{tag}", "", 60.0) for tag in (SETPOINT, VALUE)]
    found = Evaluation(TagTable(tags, [WatchedAlarm(1, VALUE, "", "DEV", in_force)]))
    times_s, tag, value = (np.array(column) for column in zip(*rows, strict=True))
    found.take(Measured(np.arange(len(rows)), times_s * S, tag, value.astype(float)), latest_us=10**15)
    if now_s is not None:
        found.take_time(now_s * S)
    return [(str(each.act), (each.at_us or 0) // S) for each in found.findings]


def values(seconds: range, value: float) -> list[Row]:
    return [(at, VALUE, value) for at in seconds]


def test_a_deviation_follows_the_setpoint_of_its_time() -> None:
    moves = [(0, SETPOINT, 37.0), (10, SETPOINT, 30.0)]
    assert deviations([moves[0], *values(range(1, 10), 36), moves[1], *values(range(10, 14), 36)]) == [
        ("active", 12)
    ]
    # A setpoint that is ahead of the values does not count yet.
    assert deviations([*moves, *values(range(1, 10), 36)]) == []
    assert deviations([*moves, *values(range(1, 14), 36)]) == [("active", 12)]


def test_a_late_setpoint_counts_for_the_values_that_come_after_it() -> None:
    rows = [(0, SETPOINT, 37.0), (20, SETPOINT, 37.0), *values(range(1, 5), 36), (3, SETPOINT, 30.0)]
    assert deviations([*rows, *values(range(5, 9), 36)]) == [("active", 7)]
    assert deviations([*rows, *values(range(20, 25), 36)]) == []


def test_a_deviation_does_not_count_while_the_setpoint_settles() -> None:
    rows = [(0, SETPOINT, 37.0), *values(range(1, 10), 36), (10, SETPOINT, 30.0)]
    ramp = [*rows, *values(range(10, 30), 36)]
    assert deviations(ramp, settle_s=5) == [("active", 17)]
    assert deviations([*rows, *values(range(10, 15), 36), *values(range(15, 30), 31)], settle_s=5) == []
    # Each further move begins the time anew; a reading of the same value is no move.
    again = sorted([*ramp, (14, SETPOINT, 31.0), (16, SETPOINT, 31.0)])
    assert deviations(again, settle_s=5) == [("active", 21)]


def test_a_delay_that_runs_when_the_setpoint_moves_starts_anew() -> None:
    rows = [(0, SETPOINT, 37.0), *values(range(1, 10), 36), (10, VALUE, 30.0)]
    assert deviations(rows, settle_s=5, now_s=20) == [("active", 12)]
    moved = [*rows, (11, SETPOINT, 30.0)]
    assert deviations(moved, settle_s=20, now_s=20) == []
    assert deviations([*moved, (16, VALUE, 30.0)], settle_s=20) == []


def test_an_active_deviation_ends_at_the_new_setpoint() -> None:
    rows = [(0, SETPOINT, 37.0), *values(range(1, 5), 30), (5, SETPOINT, 30.0), *values(range(5, 9), 30)]
    assert deviations(rows, settle_s=60) == [("active", 3), ("return", 7)]


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from([30.0, 37.0])), min_size=1, max_size=30),
    st.integers(0, 45),
    st.integers(0, 20),
)
def test_a_track_equals_the_stored_readings(
    readings: list[tuple[int, float]], at_s: int, within_s: int
) -> None:
    track = SetpointTrack()
    for time_us, value in readings:
        track.add(time_us, value)
    stored = sorted(dict(readings).items())
    assert track.value_at(at_s) == next((value for time, value in reversed(stored) if time <= at_s), None)
    moves = [time for (_, before), (time, value) in pairwise(stored) if value != before]
    expected = [time for time in moves if at_s - within_s < time <= at_s]
    assert track.moved_at(at_s, within_s) == (expected[-1] if expected else None)


def test_a_track_keeps_the_reading_before_its_time() -> None:
    track = SetpointTrack()
    track.keep(60 * S)
    for at_us, value in ((0, 37.0), (1, 36.0), (KEPT_US + 61 * S, 30.0)):
        track.add(at_us, value)
    assert [track.value_at(at_us) for at_us in (0, KEPT_US, KEPT_US + 61 * S)] == [None, 36.0, 30.0]


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
