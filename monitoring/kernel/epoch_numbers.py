"""Times as numbers: seconds since 1970, or milliseconds if the number is too large for seconds."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from monitoring.kernel.clock import FIRST_MICROS, LAST_MICROS

# From this magnitude on, of either sign, a number is milliseconds. In seconds it would be the year 5138,
# or one before the year 1; as milliseconds it is 1973-03-03, or 1966-10-31.
FIRST_MILLISECONDS = 1e11
SECOND, MILLISECOND = 1_000_000, 1_000  # in microseconds
# From this magnitude on, the fraction of a double times a million is a double again, without rounding.
EXACT_FROM = 2.0**14


def micros_of_number(number: int | float) -> int:
    """Return the microseconds since 1970 of a time given as a number.

    The exact value of a float counts, rounded to the nearest microsecond, a half to the even one.

    Raises:
        ValueError: the number is not finite, or lies outside the years 1 to 9999.
    """
    if isinstance(number, float) and not math.isfinite(number):
        raise ValueError(f"{number} is not finite")
    unit = MILLISECOND if abs(number) >= FIRST_MILLISECONDS else SECOND
    micros = round(Fraction(number) * unit)
    if not FIRST_MICROS <= micros <= LAST_MICROS:
        raise ValueError(f"{number} lies outside the years 1 to 9999")
    return micros


def micros_of_numbers(numbers: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return microseconds of many numbers, and which of them are read; all of shape (n,).

    A number that is not read (NaN is none) may still be a time for ``micros_of_number``.
    """
    size = np.abs(numbers)
    is_ms = size >= FIRST_MILLISECONDS
    is_read = (size >= EXACT_FROM) & (size <= np.where(is_ms, LAST_MICROS // 1_000, FIRST_MILLISECONDS))
    unit = np.where(is_ms, MILLISECOND, SECOND)
    whole = np.floor(np.where(is_read, numbers, 0.0))
    micros = whole.astype(np.int64) * unit
    micros += np.rint((np.where(is_read, numbers, 0.0) - whole) * unit).astype(np.int64)
    return micros, is_read & (micros >= FIRST_MICROS)


def plain_numbers(values: Sequence[object]) -> NDArray[np.float64]:
    """Return the values that are numbers which a float holds exactly; NaN for all others."""
    kinds = set(map(type, values))
    if not kinds <= {float}:
        values = [
            value if type(value) is float or (type(value) is int and abs(value) < 2**53) else np.nan
            for value in values
        ]
    return np.array(values, dtype=np.float64)
