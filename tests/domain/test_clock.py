"""Timestamps: ISO 8601 in, UTC out, exact to the microsecond."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.domain.clock import from_micros, iso_texts, iso_utc, parse_bound, parse_timestamp, to_micros

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
moments = st.datetimes(timezones=st.just(UTC))


@given(moments)
def test_microseconds_hold_a_moment_exactly(moment: datetime) -> None:
    assert from_micros(to_micros(moment)) == moment


@given(moments)
def test_what_is_written_is_read_back(moment: datetime) -> None:
    assert parse_timestamp(iso_utc(moment)) == moment


@given(st.lists(moments | moments.map(lambda moment: moment.replace(microsecond=0))))
def test_many_moments_are_written_as_each_of_them(several: list[datetime]) -> None:
    time_us = np.array([to_micros(moment) for moment in several], dtype=np.int64)
    assert iso_texts(time_us) == [iso_utc(moment) for moment in several]


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T12:00:00",
        "2026-01-31T12:00:00Z",
        "2026-01-31 12:00:00+00:00",
        "2026-01-31T14:00:00+02:00",
        "2026-01-31T06:30:00.000000-05:30",
    ],
)
def test_an_offset_is_heeded_and_none_means_utc(text: str) -> None:
    assert parse_timestamp(text) == NOON


@pytest.mark.parametrize("text", ["", "soon", "2026-02-30T00:00:00", "12:00", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_timestamp_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_timestamp(text)


def test_a_bound_heals_a_plus_that_a_url_has_eaten() -> None:
    assert parse_bound("2026-01-31T14:00:00 02:00") == NOON
    assert parse_bound("2026-01-31 14:00:00 02:00") == NOON
    assert parse_bound("2026-01-31 12:00") == NOON


def test_a_date_alone_is_its_whole_day() -> None:
    day = datetime(2026, 1, 31, tzinfo=UTC)
    assert parse_bound("2026-01-31") == day
    assert parse_bound("2026-01-31", end=True) == day + timedelta(days=1, microseconds=-1)


def test_answers_are_in_utc_whatever_the_zone() -> None:
    assert iso_utc(NOON.astimezone(timezone(timedelta(hours=9)))) == "2026-01-31T12:00:00Z"
