"""The rule for tags that keep the last of several values at one time."""

from hypothesis import given
from hypothesis import strategies as st

from monitoring.ingest.conflict_rule import Arrival, keep_last

FIRST, AGAIN, REPLACES = Arrival.FIRST, Arrival.AGAIN, Arrival.REPLACES
VALUES = st.lists(st.sampled_from([1.0, 2.0, 3.0, 4.0]), min_size=1)


def test_the_last_value_stands() -> None:
    settled = keep_last(None, (), [1, 2])
    assert settled == (2, [FIRST, REPLACES], [(1, 2)])


def test_a_batch_that_is_sent_again_changes_nothing() -> None:
    assert keep_last(2, {1}, [1, 2]) == (2, [AGAIN, AGAIN], [])


def test_a_value_that_was_replaced_does_not_come_back() -> None:
    assert keep_last(2, {1}, [1]) == (2, [AGAIN], [])
    assert keep_last(None, (), [1, 2, 1]) == (2, [FIRST, REPLACES, AGAIN], [(1, 2)])


@given(VALUES, st.data())
def test_grouping_does_not_matter(values: list[float], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(values)))
    stored, replaced, arrivals, replacements = (
        None,
        set[float](),
        list[Arrival](),
        list[tuple[float, float]](),
    )
    for part in (values[:cut], values[cut:]):
        if part:
            settled = keep_last(stored, replaced, part)
            stored, arrivals = settled.value, arrivals + settled.arrivals
            replacements += settled.replacements
            replaced |= {old for old, _ in settled.replacements}
    assert (stored, arrivals, replacements) == keep_last(None, (), values)


@given(VALUES, VALUES)
def test_whatever_is_sent_again_changes_nothing(values: list[float], again: list[float]) -> None:
    once = keep_last(None, (), values)
    known = [value for value in again if value in values] or values
    assert keep_last(once.value, {old for old, _ in once.replacements}, known).replacements == []
