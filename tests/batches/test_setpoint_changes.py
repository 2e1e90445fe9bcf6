"""Changes of setpoints from minute values, without a database."""

from hypothesis import given
from hypothesis import strategies as st

from monitoring.batches.report_statistics import MINUTE_US
from monitoring.batches.setpoint_changes import changes_of
from tests.batches.test_report_statistics import minutes

HOUR = 60


def test_a_step_is_a_change_and_a_ramp_is_one_change_of_many_steps() -> None:
    places = [0, HOUR, 2 * HOUR, 2 * HOUR + 1, 2 * HOUR + 2, 3 * HOUR]
    found = list(changes_of([minutes([30, 30, 31, 32, 33, 33], places=places)], None))
    assert [(each.before, each.after, each.steps) for each in found] == [(None, 30, 1), (30, 33, 3)]
    assert [each.end_us - each.start_us for each in found] == [0, 2 * MINUTE_US]
    assert found[1].as_json() == {
        "start": "1970-01-01T02:00:00Z",
        "end": "1970-01-01T02:02:00Z",
        "from": 30,
        "to": 33,
        "steps": 3,
    }


def test_the_value_before_the_batch_is_no_change() -> None:
    assert list(changes_of([minutes([30.0, 30.0])], 30.0)) == []


@given(st.lists(st.integers(0, 3), max_size=30), st.integers(0, 30))
def test_windows_make_no_difference(values: list[int], cut: int) -> None:
    given_values = [float(value) for value in values]
    whole = minutes(given_values)
    parts = [minutes(given_values[:cut]), minutes(given_values[cut:], places=list(range(cut, len(values))))]
    if cut > len(values):
        parts = [whole]
    assert list(changes_of([whole], 1.0)) == list(changes_of(parts, 1.0))
