"""Times as field devices write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.kernel.clock import from_micros, to_micros
from monitoring.sources.times import local_micros, time_parser, zone_of

MOMENT = datetime(2026, 1, 31, 12, 0, 0, 123456, UTC)
MICROS = to_micros(MOMENT)
BERLIN = "Europe/Berlin"


def parsed(value: object, time_format: str = "", zone: str = "", near_us: int = 0) -> int:
    return time_parser(time_format, zone)(value, near_us)


@pytest.mark.parametrize(
    ("value", "time_format", "zone"),
    [
        ("2026-01-31T12:00:00.123456Z", "iso", ""),
        ("2026-01-31T12:00:00.123456999Z", "iso", ""),
        ("2026-01-31T14:00:00.123456+02:00", "", BERLIN),
        ("2026-01-31T13:00:00.123456", "iso", BERLIN),
        ("2026-01-31 12:00:00,123456", "", "UTC"),
        ("1769860800.123456", "s", ""),
        ("1769860800.123456", "", ""),
        (1769860800123.456, "ms", ""),
        ("1769860800123.456", "", ""),
        (1769860800123456, "us", ""),
        (1769860800123456789, "ns", ""),
        ("1769860800123456789", "ns", ""),
    ],
)
def test_one_moment_in_all_forms(value, time_format, zone):
    assert parsed(value, time_format, zone) == MICROS


@pytest.mark.parametrize(
    ("value", "time_format"),
    [
        (True, "s"),
        (None, ""),
        ([], "iso"),
        (1769860800, "iso"),
        ("now", "s"),
        ("now", ""),
        (float("nan"), "s"),
        (10**40, "s"),
        (1769860800123456789, "s"),
        ("2026-02-30T00:00:00Z", "iso"),
        ("9" * 5000, "ms"),
        ({"a": 1}, "ns"),
    ],
)
def test_what_is_no_time_is_refused(value, time_format):
    with pytest.raises(ValueError, match=r"time|number|timestamp|day|month"):
        parsed(value, time_format)


def test_unknown_formats_and_zones_are_refused():
    with pytest.raises(ValueError, match="iso, s, ms, us or ns"):
        time_parser("min")
    for name in ("Europe/Berlyn", "Europe", "../../etc/passwd"):
        with pytest.raises(ValueError, match="Europe/Berlin"):
            zone_of(name)


def test_a_skipped_hour_is_refused():
    with pytest.raises(ValueError, match="skips"):
        parsed("2026-03-29T02:30:00", "iso", BERLIN)


def test_a_repeated_hour_is_the_nearer_one():
    first = to_micros(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    second = to_micros(datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    text = "2026-10-25T02:30:00"
    assert parsed(text, "iso", BERLIN, first + 60_000_000) == first
    assert parsed(text, "iso", BERLIN, second + 60_000_000) == second
    assert local_micros(datetime(2026, 10, 25, 2, 30), ZoneInfo(BERLIN)) == first  # noqa: DTZ001  # it is local


@given(st.integers(-(10**15), 4 * 10**15))
def test_whole_microseconds_are_exact(micros):
    text = from_micros(micros).isoformat()
    assert parsed(text, "iso") == micros
    assert parsed(micros, "us") == micros
    assert parsed(micros * 1000 + 999, "ns") == micros
    assert parsed(f"{micros // 1_000_000}.{micros % 1_000_000:06}", "s") == micros or micros < 0
