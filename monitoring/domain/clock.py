"""Time as the columns carry it: whole microseconds since 1970-01-01T00:00:00Z."""

import re
from datetime import UTC, date, datetime, time, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND_US = 1_000_000
# Python's own reading lets any character part date and time, and ends at a NUL.
ISO_8601 = re.compile(r"[0-9W-]+([T ][0-9:.,]+ ?(Z|[+-][0-9:.,]+)?)?")
# In a URL an unescaped "+" arrives as a space: 2026-01-01T00:00:00 02:00
OFFSET_WITHOUT_SIGN = re.compile(r"(?<=\d) (?=\d{2}:?\d{2}$)")


def to_micros(moment: datetime) -> int:
    """Microseconds since the epoch of an aware datetime, exactly."""
    return (moment - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC datetime of microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=int(micros))


def parse_timestamp(text: str) -> datetime:
    """An ISO 8601 timestamp as an aware UTC datetime; without an offset it is taken as UTC.

    Raises:
        ValueError: it is no such timestamp, or outside the years 1 to 9999.
    """
    text = text.strip().upper()
    if not ISO_8601.fullmatch(text):
        raise ValueError(f"{text!r} is not ISO 8601")
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text} lies outside the years 1 to 9999 in UTC") from error


def parse_bound(text: str, *, end: bool = False) -> datetime:
    """A bound of a time range as ``parse_timestamp`` reads it.

    A date alone means its whole day: as the end of a range, its last microsecond.

    Raises:
        ValueError: as ``parse_timestamp``.
    """
    text = text.strip()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        pass
    else:
        return datetime.combine(day, time.max if end else time.min, tzinfo=UTC)
    if "T" in text.upper() or text.count(" ") > 1:
        text = OFFSET_WITHOUT_SIGN.sub("+", text)
    return parse_timestamp(text)


def iso_utc(moment: datetime) -> str:
    """The moment as ISO 8601 in UTC with a trailing Z, as all answers carry it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
