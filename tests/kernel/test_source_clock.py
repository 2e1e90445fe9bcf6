"""A source's clock error, by when its readings arrive: delay is none, a constant offset is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.kernel.source_clock import KEPT, NO_ARRIVALS, clock_errors, packed, unpacked, with_readings

SECOND = 1_000_000
START = 1_769_860_800 * SECOND


def error_after(offsets_s: list[float], *, every_s: float = 1.0) -> float:
    """The error in seconds, after readings with these offsets have arrived at an even pace."""
    arrivals = unpacked(NO_ARRIVALS)
    for place, offset_s in enumerate(offsets_s):
        received = START + round(place * every_s * SECOND)
        arrivals = with_readings(arrivals, np.array([received + round(offset_s * SECOND)]), received)
    return float(clock_errors(arrivals)[0]) / 1_000


@pytest.mark.parametrize("error_s", [293.0, 5.1, 86_400.0, -61.0, -3_600.0, -50 * 365 * 86_400.0])
def test_a_constant_error_is_told(error_s: float) -> None:
    assert error_after([error_s] * KEPT) == pytest.approx(error_s, abs=0.001)


@pytest.mark.parametrize("error_s", [0.0, 4.9, -59.0])
def test_a_small_one_is_none(error_s: float) -> None:
    assert error_after([error_s] * 3 * KEPT) == 0


@given(st.lists(st.floats(0, 2), min_size=KEPT, max_size=3 * KEPT))
def test_delays_do_not_count_as_an_error(delays: list[float]) -> None:
    assert error_after([-delay for delay in delays]) == 0
    assert error_after([300 - delay for delay in delays]) == pytest.approx(
        300 - min(delays[-KEPT:]), abs=0.002
    )


def test_one_reading_ahead_is_no_error_and_one_in_time_ends_it() -> None:
    assert error_after([0.0] * 5 + [295.0] + [0.0] * 5) == 0
    assert error_after([295.0] * (KEPT - 1)) == 0
    assert error_after([295.0] * KEPT + [0.0]) == 0


@pytest.mark.parametrize("pace", [2, 10, 1_000, 100_000])
def test_old_readings_sent_faster_than_they_were_taken_are_no_error(pace: float) -> None:
    """An hour's readings of one a second, sent after an outage one by one."""
    offsets = [-3_600 + sent / pace * (pace - 1) for sent in range(0, 3_600)]
    assert error_after(offsets, every_s=1 / pace) == 0


def test_however_many_come_in_a_second_they_are_one_arrival() -> None:
    assert error_after([295.0] * 100, every_s=0.01) == 0
    assert error_after([295.0] * 1_000, every_s=0.01) == 295


def test_after_the_servers_clock_was_set_back_all_begins_anew() -> None:
    arrivals = unpacked(NO_ARRIVALS)
    for place in range(KEPT):
        later = START + 86_400 * SECOND + place * SECOND
        arrivals = with_readings(arrivals, np.array([later - 86_400 * SECOND]), later)
    assert clock_errors(arrivals)[0] == -86_400_000
    arrivals = with_readings(arrivals, np.array([START]), START)
    assert clock_errors(arrivals)[0] == 0


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=5))
def test_what_is_stored_is_read_back_source_by_source(offsets: list[int]) -> None:
    arrivals = with_readings(unpacked(NO_ARRIVALS * len(offsets)), np.array(offsets), START)
    assert (unpacked(b"".join(packed(arrivals))) == arrivals).all()
