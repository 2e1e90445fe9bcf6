"""Quiet hours by the wall clock, over both changes of the clocks."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.notifications.quiet_hours import QuietHours

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = QuietHours(BERLIN, time(22), time(7), "medium")
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MOMENTS = st.timedeltas(timedelta(), timedelta(days=364)).map(lambda after: BEGIN + after)
ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kolkata"])
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))


def local(day: int, hour: int, minute: int = 0, *, month: int = 3, fold: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN, fold=fold)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (local(28, 21, 59), local(28, 21, 59)),
        (local(28, 22), local(29, 7)),  # clocks are set forward in this night
        (local(29, 6, 59), local(29, 7)),
        (local(29, 7), local(29, 7)),
        (local(24, 23, month=10), local(25, 7, month=10)),  # and back in this one
        (local(25, 2, 30, month=10, fold=1), local(25, 7, month=10)),
    ],
)
def test_a_night_ends_at_seven_by_the_clock_on_the_wall(at: datetime, expected: datetime) -> None:
    assert NIGHT.next_time("medium", at.astimezone(UTC)) == expected.astimezone(UTC)


def test_quiet_for_is_the_highest_priority_that_waits_and_critical_never_does() -> None:
    at = local(28, 23).astimezone(UTC)
    for quiet_for, waiting in (("low", "low"), ("medium", "medium low"), ("high", "high medium low")):
        hours = QuietHours(BERLIN, time(22), time(7), quiet_for)
        waits = [each for each in ("critical", "high", "medium", "low") if hours.next_time(each, at) > at]
        assert waits == waiting.split()
    assert QuietHours(BERLIN, None, time(7)).next_time("low", at) == at
    assert QuietHours(BERLIN, time(7), time(7)).next_time("low", at) == at


@given(MOMENTS, ZONES, TIMES, TIMES)
def test_the_next_time_is_not_quiet_and_at_most_a_day_away(
    now: datetime, zone: str, begin: time, end: time
) -> None:
    hours = QuietHours(ZoneInfo(zone), begin, end)
    later = hours.next_time("low", now)
    assert now <= later <= now + timedelta(hours=25)
    assert hours.next_time("low", later) == later
    if later > now:  # all of the wait is quiet, and it ends when the wall says so, or at a change of clocks
        assert hours.next_time("low", now + (later - now) / 2) == later
        shown = later.astimezone(ZoneInfo(zone))
        moved = (later - timedelta(hours=2)).astimezone(ZoneInfo(zone)).utcoffset() != shown.utcoffset()
        assert moved or shown.time() == end


@given(MOMENTS, TIMES, TIMES)
def test_without_changes_of_clocks_it_is_quiet_exactly_between_the_times(
    now: datetime, begin: time, end: time
) -> None:
    at = now.time()
    is_within = begin <= at < end if begin < end else (at >= begin or at < end) and begin != end
    assert (QuietHours(ZoneInfo("UTC"), begin, end).next_time("low", now) > now) == is_within
