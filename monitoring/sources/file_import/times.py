"""Times as files write them: ISO 8601, d.m.y, m/d/y, days of Excel, seconds or milliseconds since 1970."""

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from monitoring.kernel.arrays import IntArray
from monitoring.kernel.clock import DAY_US, FIRST_MICROS, LAST_MICROS, SECOND_US
from monitoring.sources.file_import.file_format import DMY, EPOCH_MS, EPOCH_S, ISO, MDY, SERIAL
from monitoring.sources.file_import.numbers import read_numbers

BAD, WALL, EXACT = 0, 1, 2
# A day, then perhaps a time of day, then perhaps an offset.
MOMENT = re.compile(
    r"\s*(?P<day>[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}|[0-9]{8}|[0-9]{1,2}[-. ][A-Za-z]{3}[-. ][0-9]{2,4})"
    r"(?:(?:[Tt]|,?\s+)(?P<hour>[0-9]{1,2}):(?P<minute>[0-5][0-9])"
    r"(?::(?P<second>[0-5][0-9])(?:[.,:](?P<fraction>[0-9]{1,9}))?)?(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?"
    r"\s*(?P<offset>[Zz]|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?)?\s*"
)
DAY = re.compile(r"([0-9]+|[A-Za-z]{3})[-./ ]([0-9]+|[A-Za-z]{3})[-./ ]([0-9]+)")
MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
ORDERS = {ISO: (0, 1, 2), DMY: (2, 1, 0), MDY: (2, 0, 1)}  # places of year, month and day
EPOCH_DAY = date(1970, 1, 1).toordinal()
SERIAL_ZERO = date(1899, 12, 30).toordinal() - EPOCH_DAY  # day 0 of Excel, in days since 1970
UNITS = {EPOCH_S: SECOND_US, EPOCH_MS: 1000}
EXAMPLES = {
    ISO: "2026-01-31 12:00:00",
    DMY: "31.01.2026 12:00:00",
    MDY: "01/31/2026 12:00:00 PM",
    SERIAL: "46053.5",
    EPOCH_S: "1769860800",
    EPOCH_MS: "1769860800000",
}
CENTURY, TURN = 2000, 70  # 69 is 2069, 70 is 1970


def read_times(
    texts: Sequence[str], form: str, decimal: str, *, plain_first: bool = False
) -> tuple[IntArray, NDArray[np.int8]]:
    """Return microseconds since 1970 of times, and the kind of each; both of shape (n,).

    ``WALL`` times are those of a clock on the wall, ``EXACT`` ones are UTC; ``BAD`` ones cannot be read.
    """
    if form in ORDERS:
        found = [read_moment(text, form) for text in texts]
        micros, kinds = zip(*found, strict=True) if found else ((), ())
        return np.array(micros, dtype=np.int64), np.array(kinds, dtype=np.int8)
    numbers, _ = read_numbers(texts, decimal, plain_first=plain_first)
    if form == SERIAL:
        # Excel counts milliseconds; the digits beyond are those of the fraction of a day.
        micros_float = np.rint((numbers + SERIAL_ZERO) * (DAY_US / 1000)) * 1000
        return in_range(micros_float, WALL)
    return in_range(np.rint(numbers * UNITS[form]), EXACT)


def in_range(micros: NDArray[np.float64], kind: int) -> tuple[IntArray, NDArray[np.int8]]:
    """Return the times, ``BAD`` outside the years 1 to 9999 and where there is no number."""
    is_good = (micros >= FIRST_MICROS) & (micros <= LAST_MICROS)
    return np.where(is_good, micros, 0).astype(np.int64), np.where(is_good, kind, BAD).astype(np.int8)


def read_moment(text: str, form: str) -> tuple[int, int]:
    """Return microseconds and kind of a written time."""
    match = MOMENT.fullmatch(text)
    if match is None:
        return 0, BAD
    day, hour, minute, second, fraction, half, offset = match.groups()
    days = day_number(day, form)
    hours = 0 if hour is None else hour_of(int(hour), half)
    if days is None or hours is None:
        return 0, BAD
    micros = days * DAY_US + (hours * 3600 + int(minute or 0) * 60 + int(second or 0)) * SECOND_US
    if fraction:
        micros += int(fraction.ljust(6, "0")[:6])
    if not offset:
        return micros, WALL
    micros -= east_us(offset)
    return (micros, EXACT) if FIRST_MICROS <= micros <= LAST_MICROS else (0, BAD)


def hour_of(hour: int, half: str | None) -> int | None:
    """Return the hour from 0 to 23; None if there is none. ``half``: a or p of am and pm."""
    if half is None:
        return hour if hour < 24 else None
    return hour % 12 + (12 if half in "pP" else 0) if 1 <= hour <= 12 else None


def east_us(offset: str) -> int:
    """Return how far an offset is ahead of UTC in microseconds."""
    if offset[0] not in "+-":
        return 0
    digits = offset[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:] or 0) * 60
    return (seconds if offset[0] == "+" else -seconds) * SECOND_US


@lru_cache(maxsize=4096)
def day_number(text: str, form: str) -> int | None:
    """Return a day in days since 1970; None if there is no such day."""
    parts = DAY.fullmatch(text)
    if parts is None:
        fields = [text[:4], text[4:6], text[6:]] if len(text) == 8 else []
        return day_of(fields, ISO) if form == ISO else None
    return day_of([*parts.groups()], form)


def day_of(fields: Sequence[str], form: str) -> int | None:
    """Return the day of three fields in the order of the form; a name of a month stands for itself."""
    if len(fields) != 3:
        return None
    named = [place for place, each in enumerate(fields) if each.isalpha()]
    year, month, day = (2, 1, 0) if named == [1] and len(fields[0]) < 3 else ORDERS[form]
    if named not in ([], [month]) or not is_year(fields[year], form, is_named=bool(named)):
        return None
    number = MONTHS.get(fields[month].lower()) if named else int(fields[month])
    try:
        return date(full_year(fields[year]), number or 0, int(fields[day])).toordinal() - EPOCH_DAY
    except ValueError:
        return None


def is_year(text: str, form: str, *, is_named: bool) -> bool:
    """Return whether a field has the digits of a year: four, or two where the year comes last."""
    return len(text) == 4 or (len(text) == 2 and (form != ISO or is_named))


def full_year(text: str) -> int:
    """Return a year of four digits."""
    year = int(text)
    if len(text) == 4:
        return year
    return CENTURY + year if year < TURN else CENTURY - 100 + year


def joined(days: Sequence[str], clocks: Sequence[str]) -> list[str]:
    """Return day and time of day of each row as one text.

    Spreadsheets write a day as its midnight, and a time of day as one of an early day.
    """
    return [f"{first_word(day)} {last_word(clock)}" for day, clock in zip(days, clocks, strict=True)]


def first_word(text: str) -> str:
    """Return the day of a text that may have a time of day."""
    cell = text.strip()
    return cell[:10] if len(cell) > 10 and cell[10] in "T " else cell


def last_word(text: str) -> str:
    """Return the time of day of a text that may have a day."""
    cell = text.strip()
    return cell[11:] if len(cell) > 10 and cell[10] == "T" else cell
