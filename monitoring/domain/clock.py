"""Time as the columns carry it: whole microseconds since 1970-01-01T00:00:00Z."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
# Python's own reading lets any character part date and time, and ends at a NUL.
ISO_8601 = re.compile(r"[0-9W-]+([T ][0-9:.,]+ ?(Z|[+-][0-9:.,]+)?)?")
# In a URL an unescaped "+" arrives as a space: 2026-01-01T00:00:00 02:00
OFFSET_WITHOUT_SIGN = re.compile(r"(?<=\d) (?=\d{2}:?\d{2}$)")
FIRST_MICROS = (datetime.min.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
# Where the signs of 2026-01-31T12:00:00Z stand, by its length with 0, 3 or 6 decimals.
DATE_SIGNS = ((4, b"-"), (7, b"-"), (10, b"T"), (13, b":"), (16, b":"))
PLAIN_FORMS = {
    20: (*DATE_SIGNS, (19, b"Z")),
    24: (*DATE_SIGNS, (19, b"."), (23, b"Z")),
    27: (*DATE_SIGNS, (19, b"."), (26, b"Z")),
}


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


def parse_plain_timestamps(
    texts: Sequence[object],
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Microseconds of many timestamps at once, beside which of them could be read; both of shape (n,).

    Reads all of them if all have one plain form (2026-01-31T12:00:00Z, with a fraction or without),
    else each for itself. What is left unread may still be a timestamp for ``parse_timestamp``.
    """
    try:
        whole = parse_uniform_timestamps(texts)
    except ValueError:
        whole = None
    if whole is not None:
        return whole, np.ones(len(texts), dtype=bool)
    known = {text: plain_micros(text) for text in set(filter(is_text, texts))}
    micros = [known[text] if isinstance(text, str) else None for text in texts]
    return (
        np.array([0 if found is None else found for found in micros], dtype=np.int64),
        np.array([found is not None for found in micros], dtype=bool),
    )


def parse_uniform_timestamps(texts: Sequence[object]) -> NDArray[np.int64] | None:
    """Microseconds of timestamps of one and the same plain form; None if they are not.

    Raises:
        ValueError: one of them is no time that there is, or not ASCII.
    """
    if not texts or not all(map(is_text, texts)):
        return None
    characters = np.array(texts, dtype="S")
    grid = characters.view("S1").reshape(len(texts), -1)
    plain = PLAIN_FORMS.get(grid.shape[1])
    if plain is None or any((grid[:, place] != sign).any() for place, sign in plain):
        return None
    digits = np.delete(grid.view(np.uint8), [place for place, _ in plain], axis=1)
    if ((digits < ord("0")) | (digits > ord("9"))).any():
        return None
    without_zone = characters.astype(f"S{grid.shape[1] - 1}")
    micros: NDArray[np.int64] = without_zone.astype("M8[us]").astype(np.int64)
    return None if (micros < FIRST_MICROS).any() else micros  # numpy knows a year 0


def is_text(value: object) -> bool:
    """Whether the value is a string."""
    return type(value) is str


def plain_micros(text: object) -> int | None:
    """Microseconds of a timestamp; None if it is none."""
    try:
        return to_micros(parse_timestamp(str(text)))
    except ValueError:
        return None


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


def iso_texts(time_us: NDArray[np.int64]) -> list[str]:
    """Many moments of the years 1 to 9999 as ``iso_utc`` writes them; shape (n,), in microseconds."""
    moments = time_us.astype("M8[us]")
    exact = np.datetime_as_string(moments, unit="us", timezone="UTC")
    whole = np.datetime_as_string(moments.astype("M8[s]"), unit="s", timezone="UTC")
    texts: list[str] = np.where(time_us % SECOND_US == 0, whole, exact).tolist()
    return texts
