"""Times as field devices write them, in exact microseconds since 1970."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from functools import partial
from zoneinfo import ZoneInfo

from monitoring.kernel.clock import FIRST_MICROS, LAST_MICROS, TIMESTAMP, parse_timestamp, to_micros
from monitoring.kernel.epoch_numbers import FIRST_MILLISECONDS

ISO = "iso"
UNITS = {"s": Fraction(1_000_000), "ms": Fraction(1_000), "us": Fraction(1), "ns": Fraction(1, 1_000)}
FORMATS = ("", ISO, *UNITS)
NUMBER = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{0,30})?")
LARGEST = 10.0**24  # beyond any time in nanoseconds


def time_parser(time_format: str, zone: str = "") -> Callable[[object, int], int]:
    """Return a function from a written time, and the time of receipt, to microseconds since 1970.

    Formats: ``iso`` (ISO 8601); ``s``, ``ms``, ``us``, ``ns`` since 1970; empty: ISO 8601 for a text, seconds
    or milliseconds for a number. ``zone`` is that of ISO times without an offset; empty: UTC. The function
    raises ValueError for values that are not such times.

    Raises:
        ValueError: the format or the zone is unknown.
    """
    if time_format not in FORMATS:
        raise ValueError(f"Unknown time format {time_format!r}: expected iso, s, ms, us or ns.")
    place = zone_of(zone)
    if time_format in UNITS:
        unit = UNITS[time_format]
        return lambda value, near_us: micros_of(value, unit)
    if time_format == ISO:
        return partial(_iso_micros, place)
    return partial(_either_micros, place)


def zone_of(name: str) -> ZoneInfo | None:
    """Return a time zone; None, for UTC, if the name is empty.

    Raises:
        ValueError: there is no such zone.
    """
    if not name or name == "UTC":
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # names of folders, and invalid paths, among them
        raise ValueError(f"There is no time zone {name!r}: expected a name as Europe/Berlin.") from None


def micros_of(value: object, unit: Fraction) -> int:
    """Return the microseconds since 1970 of a number of units, or of its text.

    The exact value of a float or text counts, rounded to the nearest microsecond, a half to the even one; of
    whole nanoseconds, digits beyond microseconds are cut off, as in ISO texts.

    Raises:
        ValueError: the value is not a number, or lies outside the years 1 to 9999.
    """
    number = _number(value)
    exact = number * unit
    micros = exact.numerator // exact.denominator if unit < 1 and number.denominator == 1 else round(exact)
    if not FIRST_MICROS <= micros <= LAST_MICROS:
        raise ValueError(f"The time {_shown(value)} lies outside the years 1 to 9999: is the unit right?")
    return micros


def local_micros(local: datetime, zone: ZoneInfo, near_us: int | None = None) -> int:
    """Return microseconds since 1970 of a naive local time.

    Of the two instants of an hour that the clock repeats, take the one closer to ``near_us``, else the first.

    Raises:
        ValueError: the clock skips this time, or the instant lies outside the years 1 to 9999.
    """
    try:
        both = [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
        is_real = both[0].astimezone(zone).replace(tzinfo=None) == local
    except OverflowError as error:
        raise ValueError(f"The time {local} lies outside the years 1 to 9999 in UTC.") from error
    if not is_real:
        raise ValueError(f"The local time {local} does not exist in {zone.key}: the clock skips it.")
    first, second = map(to_micros, both)
    return second if near_us is not None and abs(second - near_us) < abs(first - near_us) else first


def _either_micros(zone: ZoneInfo | None, value: object, near_us: int) -> int:
    if isinstance(value, str) and not NUMBER.fullmatch(value):
        return _iso_micros(zone, value, near_us)
    unit = "ms" if abs(_number(value)) >= FIRST_MILLISECONDS else "s"
    return micros_of(value, UNITS[unit])


def _iso_micros(zone: ZoneInfo | None, value: object, near_us: int) -> int:
    if not isinstance(value, str):
        raise ValueError(f"Expected a time as 2026-01-31T12:00:00Z, not {_shown(value)}.")
    moment = parse_timestamp(value)
    if zone is None or TIMESTAMP.fullmatch(value)[2]:  # type: ignore[index]  # parsed, so it matches
        return to_micros(moment)
    return local_micros(moment.replace(tzinfo=None), zone, near_us)


def _number(value: object) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"Expected a number as time, not {_shown(value)}.")
    if isinstance(value, str):
        if not NUMBER.fullmatch(value):
            raise ValueError(f"Expected a number as time, not {_shown(value)}.")
        return Fraction(value.rstrip("."))
    if not abs(value) < LARGEST:  # NaN, too
        raise ValueError(f"The time {_shown(value)} lies outside the years 1 to 9999: is the unit right?")
    return Fraction(value)


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "a list or object"
    if isinstance(value, int) and abs(value) >= LARGEST:
        return "of a very large number"
    return repr(value)[:80]
