"""What the address chooses."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.dashboard.chosen import DEFAULT_PRESET, PRESETS, chosen_of, past_of
from monitoring.domain.clock import iso_utc

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_nothing_chosen_is_all_tags_and_the_default() -> None:
    chosen = chosen_of({}, ["co2"], NOW)
    assert chosen.as_json() == {"tag": "", "range": DEFAULT_PRESET, "from": None, "to": None}


@pytest.mark.parametrize(
    ("query", "preset"),
    [
        ({"range": "30d"}, "30d"),
        ({"window": "2m"}, "5m"),
        ({"window": "10m", "range": "24h"}, "24h"),
        ({"range": "30 d"}, DEFAULT_PRESET),
    ],
)
def test_presets(query: dict[str, str], preset: str) -> None:
    assert chosen_of(query, [], NOW).preset == preset


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("", ""),
        ("2026-01-31", ""),
        ("yesterday", "today"),
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        ("2026-01-31T12:00:01Z", "2026-01-31T12:00:00Z"),
        ("2026-11-23T12:00:00Z", "2026-11-24T12:00:00Z"),
        ("2026-01-31\x00", "2026-02-01"),
        ("0001-01-01", "2026-01-01"),
    ],
)
def test_bounds_that_bound_nothing_are_none(start: str, end: str) -> None:
    assert past_of(start, end, NOW) is None


def test_a_day_is_all_of_it_and_the_future_is_cut_off() -> None:
    past = past_of("2026-11-22", "2026-11-23", NOW)
    assert past
    assert (past.start, past.end) == (datetime(2026, 11, 22, tzinfo=UTC), NOW)


@given(st.timedeltas(timedelta(1), timedelta(9_000)), st.timedeltas(timedelta(microseconds=1), timedelta(1)))
def test_a_range_of_the_past_is_what_it_says(age: timedelta, length: timedelta) -> None:
    begin = NOW - age
    past = past_of(iso_utc(begin), iso_utc(begin + length), NOW)
    assert past
    assert (past.start, past.end) == (begin, begin + length)


def test_each_preset_is_longer_than_the_one_before() -> None:
    lengths = [preset.seconds for preset in PRESETS.values()]
    assert lengths == sorted(set(lengths))
