"""Times as numbers: seconds or milliseconds by magnitude, exact to the microsecond."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.kernel.clock import FIRST_MICROS, LAST_MICROS
from monitoring.kernel.epoch_numbers import micros_of_number, micros_of_numbers

NOON_2026 = 1_769_860_800  # 2026-01-31T12:00:00Z

of_these_years = st.floats(1e9, 3e9) | st.floats(1e12, 3e12)
any_numbers = st.floats() | st.floats(-1e12, 1e12) | st.integers(-(2**53), 2**53).map(float) | of_these_years


@pytest.mark.parametrize(
    ("number", "micros"),
    [
        (NOON_2026, NOON_2026 * 1_000_000),
        (float(NOON_2026), NOON_2026 * 1_000_000),
        (NOON_2026 * 1_000, NOON_2026 * 1_000_000),
        (NOON_2026 * 1_000.0, NOON_2026 * 1_000_000),
        (1769860800.123456, 1769860800_123456),
        (1769860800123.456, 1769860800_123456),
        (0, 0),
        (-1.5, -1_500_000),
        (1e11, 10**14),
        (-1e11, -(10**14)),
        (math.nextafter(1e11, 0), 10**17 - 15),
        (0.0000005, 0),
        (2.0**-19 * 0.75, 1),
        (16384 + 2.0**-7 * 0.5, 16384_003906),  # 3906.25
        (16384 + 2.0**-7, 16384_007812),  # 7812.5: to the even one
        (16384 + 3 * 2.0**-7, 16384_023438),  # 23437.5: to the even one
    ],
)
def test_a_number_is_seconds_or_milliseconds(number: float, micros: int) -> None:
    assert micros_of_number(number) == micros


@pytest.mark.parametrize(
    "number",
    [
        *(math.nan, math.inf, -math.inf, 1e308, -1e308, 10**400, -(10**400)),
        *(NOON_2026 * 10**6, NOON_2026 * 10**9, 253402300800000, 253402300799999.9996, -62135596800.001),
    ],
)
def test_what_is_outside_the_years_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match=r"not finite|years 1 to 9999"):
        micros_of_number(number)


@given(any_numbers)
def test_the_exact_value_counts_and_is_off_by_half_a_microsecond_at_most(number: float) -> None:
    try:
        micros = micros_of_number(number)
    except ValueError:
        return
    exact = Fraction(number) * (1_000 if abs(number) >= 1e11 else 1_000_000)
    assert abs(micros - exact) <= Fraction(1, 2)
    assert FIRST_MICROS <= micros <= LAST_MICROS


@given(st.lists(any_numbers, min_size=1))
def test_many_numbers_are_read_as_each_of_them(numbers: list[float]) -> None:
    micros, is_read = micros_of_numbers(np.array(numbers))
    for number, found, read in zip(numbers, micros.tolist(), is_read.tolist(), strict=True):
        if read:
            assert found == micros_of_number(number)


@given(st.lists(of_these_years, min_size=1))
def test_numbers_of_these_years_need_no_second_look(numbers: list[float]) -> None:
    assert micros_of_numbers(np.array(numbers))[1].all()
