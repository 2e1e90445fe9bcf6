"""Parse many timestamps at once, with the answers of ``clock.parse_timestamp``."""

import re
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from monitoring.kernel.clock import (
    DATE,
    FIRST_MICROS,
    FRACTION,
    HOUR,
    LAST_MICROS,
    SIXTY,
    parse_timestamp,
    to_micros,
)

UNIFORM = re.compile(f"{DATE}[Tt ]{HOUR}:{SIXTY}:{SIXTY}{FRACTION}(?:[Zz]|([+-]){HOUR}:{SIXTY})?")
# Digits of year, month, day, hour, minute, second.
WIDTHS = (4, 2, 2, 2, 2, 2)
OFFSET_DIGITS = 4
MINUTE_US = 60_000_000


def parse_plain_timestamps(
    texts: Sequence[object],
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return microseconds of many timestamps, and which of them were parsed; both of shape (n,).

    Parse all at once if all have one form, as 2026-01-31T12:00:00Z or with a fraction or offset, else one by
    one. An element that is not a text is not parsed.
    """
    whole = parse_uniform_timestamps(texts)
    if whole is not None:
        return whole, np.ones(len(texts), dtype=bool)
    known = {text: plain_micros(text) for text in set(filter(is_text, texts))}
    micros = [known[text] if isinstance(text, str) else None for text in texts]
    return (
        np.array([0 if found is None else found for found in micros], dtype=np.int64),
        np.array([found is not None for found in micros], dtype=bool),
    )


def parse_uniform_timestamps(texts: Sequence[object]) -> NDArray[np.int64] | None:
    """Return microseconds of timestamps that share one form, shape (n,); None if some may be none.

    The first text gives the form: the others must have the same characters wherever it has no digit.
    """
    grid = character_grid(texts)
    if grid is None or (form := UNIFORM.fullmatch(grid[:, 0].tobytes().decode())) is None:
        return None
    digits = grid - np.uint8(ord("0"))  # other characters become more than 9
    is_digit = digits[:, 0] <= 9
    signs, digits = grid[~is_digit], digits[is_digit]
    if (signs != signs[:, :1]).any() or (digits > 9).any():
        return None
    east = {None: 0, "+": 1, "-": -1}[form[1]]
    return micros_of_fields(weights(len(digits), has_offset=east != 0) @ digits, east)


def character_grid(texts: Sequence[object]) -> NDArray[np.uint8] | None:
    """Return ASCII texts of one length as characters (length, n); None if they are not such texts."""
    if set(map(type, texts)) != {str}:
        return None
    if len(set(map(len, texts))) != 1 or not texts[0]:  # type: ignore[arg-type]  # they are texts
        return None
    joined = "".join(texts)  # type: ignore[arg-type]  # as before
    if not joined.isascii():
        return None
    return np.frombuffer(joined.encode(), dtype=np.uint8).reshape(len(texts), -1).T.copy()


@cache
def weights(digits: int, *, has_offset: bool) -> NDArray[np.float64]:
    """Return the matrix (9, digits) from the digits of a timestamp to its fields.

    The fields are year to second, microseconds, and hours and minutes of the offset. Digits of the fraction
    beyond microseconds count for nothing. Products with floats are exact for numbers this small, and faster.
    """
    matrix = np.zeros((digits, 9))
    offset = OFFSET_DIGITS * has_offset
    place = 0
    for field, width in enumerate(WIDTHS):
        matrix[place : place + width, field] = powers(width)
        place += width
    kept = min(6, digits - offset - place)
    matrix[place : place + kept, 6] = powers(6)[:kept]
    if has_offset:
        matrix[-4:-2, 7] = matrix[-2:, 8] = powers(2)
    return np.ascontiguousarray(matrix.T)


def powers(width: int) -> NDArray[np.float64]:
    """Return the weights of the digits of a number, as 100, 10, 1."""
    return np.power(10.0, np.arange(width - 1, -1, -1), dtype=np.float64)


def micros_of_fields(fields: NDArray[np.float64], east: int) -> NDArray[np.int64] | None:
    """Return microseconds of fields (9, n) as in ``weights``; None if some do not exist.

    ``east`` is the sign of the offset.
    """
    year, month, day, hour, minute, second, fraction, offset_h, offset_min = fields.astype(np.int64)
    months = (year - 1970) * 12 + month - 1
    first_day, next_first = days_of_months(months), days_of_months(months + 1)
    exists = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= next_first - first_day)
    exists &= (hour <= 23) & (minute <= 59) & (second <= 59) & (offset_h <= 23) & (offset_min <= 59)
    minutes = ((first_day + day - 1) * 24 + hour - east * offset_h) * 60 + minute - east * offset_min
    micros: NDArray[np.int64] = minutes * MINUTE_US + second * 1_000_000 + fraction
    exists &= (micros >= FIRST_MICROS) & (micros <= LAST_MICROS)
    return micros if exists.all() else None


def days_of_months(months: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the days from 1970-01-01 to the first day of each month, given in months since then."""
    return months.astype("M8[M]").astype("M8[D]").astype(np.int64)


def is_text(value: object) -> bool:
    """Return whether the value is a string."""
    return type(value) is str


def plain_micros(text: object) -> int | None:
    """Return microseconds of a timestamp; None if the text is not a timestamp."""
    try:
        return to_micros(parse_timestamp(str(text)))
    except ValueError:
        return None
