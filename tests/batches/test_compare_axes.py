"""Slots of phases, breaks of lines and maturity, without a database."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.batches.compare_axes import (
    breaks_after,
    maturity_percent,
    phase_slots,
    with_breaks,
    x_with_breaks,
)

HOURS = st.floats(0, 100)


def test_slots_follow_each_other_at_typical_or_median_length_and_never_overlap() -> None:
    slots = phase_slots([{"growth": 7, "feed": 9}, {"growth": 8}, {"growth": 6, "feed": 13}], {"feed": 12})
    assert [(slot.name, slot.start_h, slot.length_h) for slot in slots] == [("growth", 0, 8), ("feed", 8, 13)]
    (alone,) = phase_slots([{"growth": 5}], {"growth": 8})
    assert alone.length_h == 8
    assert phase_slots([{}, {}], {}) == []


@given(st.lists(st.dictionaries(st.sampled_from("abc"), HOURS), min_size=1, max_size=8))
def test_each_phase_fits_into_its_slot(durations: list[dict[str, float]]) -> None:
    slots = {slot.name: slot for slot in phase_slots(durations, {})}
    assert all(length <= slots[name].length_h for each in durations for name, length in each.items())
    ends = [slot.start_h + slot.length_h for slot in slots.values()]
    assert [slot.start_h for slot in slots.values()][1:] == ends[:-1]


def test_lines_break_in_gaps_and_between_pieces() -> None:
    start = np.array([0, 60, 120, 300, 360])
    breaks = breaks_after(start, 60, np.array([0, 0, 0, 0, 1]))
    assert breaks.tolist() == [2, 3]
    x = np.array([0.0, 1, 2, 5, 6])
    assert x_with_breaks(x, breaks) == [0, 1, 2, 2, 5, 5, 6]
    assert with_breaks(np.array([1, 2, 3, np.nan, 5]), breaks) == [1, 2, 3, None, None, None, 5]
    assert x_with_breaks(x[:0], breaks[:0]) == with_breaks(x[:0], breaks[:0]) == []


def test_maturity_is_the_share_of_golden_hours() -> None:
    hours = [np.array([0.0, 4, 8]), np.array([0.0, 12])]
    grids = [np.array([0.0, 1, 2]), np.array([0.0, 12])]
    first, second = maturity_percent(hours, [np.array([0, 1, 2, 9]), np.array([6.0])], grids)
    assert first is not None
    assert second is not None
    assert first.tolist() == [0, 20, 40, 40]
    assert second == pytest.approx([70])
    assert maturity_percent(hours, [None, None], grids) == [None, None]
