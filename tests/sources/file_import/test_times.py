"""Times as files write them."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.kernel.clock import MICROSECOND
from monitoring.sources.file_import.times import BAD, EXACT, WALL, joined, read_times

ZERO = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock's time
NOON = datetime(2026, 1, 31, 12)  # noqa: DTZ001


def read(text: str, form: str, **options: str) -> tuple[datetime, int]:
    micros, kinds = read_times([text], form, options.get("decimal", "."))
    return ZERO + timedelta(microseconds=int(micros[0])), int(kinds[0])


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("iso", "2026-01-31 12:00:00"),
        ("iso", "2026-01-31T12:00"),
        ("iso", "2026/1/31 12:00:00.000"),
        ("iso", "20260131T12:00:00"),
        ("iso", "31-Jan-2026 12:00:00"),
        ("dmy", "31.01.2026 12:00:00"),
        ("dmy", "31.1.26, 12:00"),
        ("dmy", "31/01/2026 12:00:00 PM"),
        ("mdy", "01/31/2026 12:00:00 PM"),
        ("mdy", "1/31/26 12:00 p.m."),
        ("serial", "46053.5"),
    ],
)
def test_noon_of_a_wall_clock(form: str, text: str) -> None:
    assert read(text, form) == (NOON, WALL)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("iso", "2026-01-31T12:00:00Z"),
        ("iso", "2026-01-31 14:00:00 +02:00"),
        ("dmy", "31.01.2026 13:00:00+01"),
        ("epoch_s", "1769860800"),
        ("epoch_s", "1769860800.0"),
        ("epoch_ms", "1769860800000"),
    ],
)
def test_noon_in_utc(form: str, text: str) -> None:
    assert read(text, form) == (NOON, EXACT)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("iso", ""),
        ("iso", "2026-02-30 12:00"),
        ("iso", "2026-01-31 24:00"),
        ("iso", "31.01.2026 12:00"),
        ("iso", "26-01-31 12:00"),
        ("dmy", "01/31/2026 12:00"),
        ("mdy", "31.01.2026 12:00"),
        ("mdy", "1/31/2026 13:00 PM"),
        ("dmy", "31.01.2026 12:00:00 soon"),
        ("iso", "0001-01-01T00:00:00+01:00"),
        ("serial", "yesterday"),
        ("epoch_s", "1e300"),
        ("epoch_ms", ""),
    ],
)
def test_other_texts_are_no_times(form: str, text: str) -> None:
    assert read(text, form)[1] == BAD


def test_fractions_are_kept_to_the_microsecond_and_days_of_excel_to_the_millisecond() -> None:
    assert read("2026-01-31 12:00:00.1234567", "iso")[0] == NOON + timedelta(microseconds=123456)
    assert read("31.01.2026 12:00:00,5", "dmy")[0] == NOON + timedelta(microseconds=500000)
    assert read("46053,500000011574", "serial", decimal=",")[0] == NOON + timedelta(milliseconds=1)


def test_day_and_time_of_day_in_two_columns() -> None:
    pairs = {("31.01.2026", "12:00:00"), ("31.01.2026 00:00:00", "12:00:00")}
    for day, clock in pairs:
        assert joined([day], [clock]) == ["31.01.2026 12:00:00"]
    assert joined(["2026-01-31T00:00:00"], ["1899-12-30T12:00:00"]) == ["2026-01-31 12:00:00"]


@given(
    st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2069, 12, 31)),  # noqa: DTZ001
    st.sampled_from(
        [("iso", "%Y-%m-%d %H:%M:%S.%f"), ("dmy", "%d.%m.%y %H:%M:%S,%f"), ("mdy", "%m/%d/%Y %I:%M:%S.%f %p")]
    ),
)
def test_what_is_written_is_read(moment: datetime, way: tuple[str, str]) -> None:
    form, pattern = way
    micros, kinds = read_times([moment.strftime(pattern)], form, ".")
    assert (int(micros[0]), int(kinds[0])) == ((moment - ZERO) // MICROSECOND, WALL)
