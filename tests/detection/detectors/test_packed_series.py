"""The packed series has the last numbers, however it was saved, cut or filled."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.detection.detectors.packed_floats import Grid
from monitoring.detection.detectors.packed_series import CHUNK, PackedSeries

SIZE = 2 * CHUNK
GRID = Grid((100.0,))


@settings(max_examples=40)
@given(st.integers(0, 5 * SIZE), st.lists(st.integers(0, 5 * SIZE), max_size=4))
def test_it_has_the_last_numbers_also_after_restarts(count: int, restarts: list[int]) -> None:
    series, plain = PackedSeries(SIZE, GRID), list[float]()
    for number in range(count):
        if number in restarts:
            series = restored(series)
        series.append(number % 89 / 100)
        plain.append(number % 89 / 100)
    assert series.values().tolist() == plain[-SIZE:]
    assert len(series) == len(plain[-SIZE:])


def test_restarts_leave_no_trace_in_the_state() -> None:
    through, parted = PackedSeries(SIZE, GRID), PackedSeries(SIZE, GRID)
    for number in range(3 * SIZE + 5):
        through.append(number / 8)
        parted = restored(parted) if number % 50 == 0 else parted
        parted.append(number / 8)
    assert parted.state() == through.state()


@pytest.mark.parametrize("count", [0, 1, CHUNK - 1, CHUNK, SIZE, SIZE + 3])
def test_it_goes_on_from_other_numbers_or_a_state_in_one_piece(count: int) -> None:
    replaced, saved = PackedSeries(SIZE, GRID), PackedSeries(SIZE, GRID)
    numbers = np.arange(count) / 8
    replaced.append(-1.0)
    replaced.set_values(numbers)
    saved.restore(numbers.tobytes())
    for series in (replaced, saved):
        series.append(7.0)
        assert series.values().tolist() == [*numbers.tolist(), 7.0][-SIZE:]


def restored(series: PackedSeries) -> PackedSeries:
    """Return a series that goes on from the state of another one."""
    other = PackedSeries(SIZE, GRID)
    other.restore(series.state())
    return other
