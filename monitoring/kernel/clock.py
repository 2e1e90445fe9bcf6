"""Times in the columns: whole microseconds since 1970-01-01T00:00:00Z."""

import re
import time
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
# The one grammar of written times; texts that match differ only in whether such a day exists.
DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
HOUR, SIXTY = "(?:[01][0-9]|2[0-3])", "[0-5][0-9]"
FRACTION = "(?:[.,][0-9]{1,30})?"  # of a second; digits beyond microseconds are cut off
EXTENDED = f"{DATE}[Tt ]{HOUR}:{SIXTY}(?::{SIXTY}{FRACTION})?"
BASIC = f"[0-9]{{8}}[Tt]{HOUR}{SIXTY}(?:{SIXTY}{FRACTION})?"
OFFSET = f" ?([Zz]|[+-]{HOUR}(?::?{SIXTY})?)"
TIMESTAMP = re.compile(f"({EXTENDED}|{BASIC})(?:{OFFSET})?")
DAY = re.compile(DATE)
# In a URL an unescaped "+" arrives as a space: 2026-01-31T14:00:00 02:00
OFFSET_WITHOUT_SIGN = re.compile(f"((?:{EXTENDED}|{BASIC})) ({HOUR}(?::?{SIXTY})?)")
MINUTE_FORM = re.compile(f"(?:{DATE}[Tt ]{HOUR}:{SIXTY}|[0-9]{{8}}[Tt]{HOUR}{SIXTY})(?:{OFFSET})?")
NUMBER = re.compile(r"\s*[+-]?[0-9]+(?:[.,][0-9]*)?\s*")
FIRST_MICROS = (datetime.min.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
LAST_MICROS = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MICROSECOND


def current_micros() -> int:
    """Return the time of this machine in microseconds since 1970."""
    return time.time_ns() // 1_000


def to_micros(moment: datetime) -> int:
    """Return the microseconds since the epoch of an aware datetime, exactly."""
    return (moment - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the aware UTC datetime of microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=int(micros))


def micros_or_none(moment: datetime | None) -> int | None:
    """Return microseconds since 1970; None for None."""
    return None if moment is None else to_micros(moment)


def moment_or_none(micros: int | None) -> datetime | None:
    """Return the aware UTC datetime of microseconds since 1970; None for None."""
    return None if micros is None else from_micros(micros)


def micros_or_first(moment: datetime | None) -> int:
    """Return microseconds since 1970; those of the first possible time for None."""
    return FIRST_MICROS if moment is None else to_micros(moment)


def parse_timestamp(text: str) -> datetime:
    """Return the aware UTC datetime of an ISO 8601 timestamp; a time without an offset counts as UTC.

    Accepted forms: ``YYYY-MM-DD``, ``T`` or a space, ``HH:MM``, optional ``:SS`` with an optional fraction
    after ``.`` or ``,`` (truncated to microseconds), optional offset ``Z``, ``+HH:MM``, ``+HHMM`` or ``+HH``
    up to 23:59; or all of date and time without separators, as in 20260131T120000Z.

    Raises:
        ValueError: the text has another form, no such day exists, or the UTC time lies outside the
            years 1 to 9999.
    """
    match = TIMESTAMP.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:80]!r} is not an ISO 8601 timestamp")
    local, offset = match.groups()
    moment = datetime.fromisoformat(f"{local}{offset or 'Z'}".upper())
    if moment.tzinfo is UTC:
        return moment
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text} lies outside the years 1 to 9999 in UTC") from error


def is_number_text(text: str) -> bool:
    """Return whether a text is a number, as some sources send epoch times."""
    return NUMBER.fullmatch(text) is not None


def parse_bound(text: str, *, end: bool = False) -> datetime:
    """Return a bound of a time range: a timestamp as ``parse_timestamp`` reads it, or a day.

    A day (``YYYY-MM-DD``) means the whole day: as the end of a range, the last microsecond.

    Raises:
        ValueError: as ``parse_timestamp``.
    """
    if DAY.fullmatch(text):
        return parse_timestamp(f"{text}T23:59:59.999999" if end else f"{text}T00:00")
    return parse_timestamp(OFFSET_WITHOUT_SIGN.sub(r"\1+\2", text) if " " in text else text)


def expected_bound(text: str, examples: str = "2026-01-31T12:00:00Z or 2026-01-31") -> str:
    """Return the expected input, for the error message about a text that ``parse_bound`` rejects."""
    expected = f"expected ISO 8601, as in {examples}"
    if not is_number_text(text):
        return expected
    return f"{expected}, not a number: convert seconds or milliseconds since 1970 to such a text"


def length_of(text: str) -> timedelta:
    """Return the length of the interval that a bound names: a day, a minute, or a second."""
    if DAY.fullmatch(text):
        return timedelta(days=1)
    is_minute = MINUTE_FORM.fullmatch(text) is not None
    return timedelta(minutes=1) if is_minute else timedelta(seconds=1)


def iso_utc(moment: datetime) -> str:
    """Return the time as ISO 8601 in UTC with a trailing Z, the format of all responses."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def iso_or_none(moment: datetime | None) -> str | None:
    """Return a time as ``iso_utc`` does; None for none."""
    return None if moment is None else iso_utc(moment)


def iso_texts(time_us: NDArray[np.int64]) -> list[str]:
    """Return times of the years 1 to 9999, in microseconds, as ``iso_utc`` formats them; n texts."""
    moments = time_us.astype("M8[us]")
    exact = np.datetime_as_string(moments, unit="us", timezone="UTC")
    whole = np.datetime_as_string(moments.astype("M8[s]"), unit="s", timezone="UTC")
    texts: list[str] = np.where(time_us % SECOND_US == 0, whole, exact).tolist()
    return texts
