"""Who is on duty: hand-over by the wall clock, over both changes of the clocks; stand-ins."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from monitoring.notifications.rotation import Duty, Rotation, StandIn

BERLIN = ZoneInfo("Europe/Berlin")
ANNA, BOB, EVE = 1, 2, 3
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
WEEKLY = Rotation(BERLIN, date(2026, 3, 2), time(9), 7, (ANNA, BOB))


def local(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN).astimezone(UTC)


def test_the_hand_over_stays_at_nine_by_the_clock_on_the_wall() -> None:
    spring = [WEEKLY.on_duty(local(3, 30, 8, 59)).person, WEEKLY.on_duty(local(3, 30, 9)).person]
    autumn = [WEEKLY.on_duty(local(10, 26, 8, 59)).person, WEEKLY.on_duty(local(10, 26, 9)).person]
    assert (spring, autumn) == ([BOB, ANNA], [BOB, ANNA])
    assert WEEKLY.on_duty(local(3, 29, 12)) == Duty(BOB, local(3, 23, 9), local(3, 30, 9))
    assert WEEKLY.on_duty(local(3, 1, 12)).person is None  # before the first turn


def test_a_hand_over_at_a_time_that_clocks_skip_or_show_twice_happens_once() -> None:
    daily = Rotation(BERLIN, date(2026, 1, 1), time(2, 30), 1, (ANNA, BOB, EVE))
    for begin in (datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC)):
        duties = list(daily.duties(begin, begin + timedelta(days=5)))
        assert len(duties) == 6
        people = [duty.person for duty in duties]
        assert all(after == before % 3 + 1 for before, after in itertools.pairwise(people))


def test_the_stand_in_that_starts_last_counts_and_the_rotation_goes_on_after_it() -> None:
    stand_ins = (
        StandIn(EVE, local(3, 10, 8), local(3, 12, 8)),
        StandIn(ANNA, local(3, 11, 8), local(3, 11, 20)),
    )
    rotation = Rotation(BERLIN, date(2026, 3, 2), time(9), 7, (ANNA, BOB), stand_ins)
    found = [
        (duty.person, duty.until, duty.is_stand_in)
        for duty in rotation.duties(local(3, 9, 12), local(3, 16, 12))
    ]
    assert found == [
        (BOB, local(3, 10, 8), False),
        (EVE, local(3, 11, 8), True),
        (ANNA, local(3, 11, 20), True),
        (EVE, local(3, 12, 8), True),
        (BOB, local(3, 16, 9), False),
        (ANNA, local(3, 23, 9), False),
    ]


@given(
    st.timedeltas(timedelta(), timedelta(days=364)).map(lambda after: BEGIN + after),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    st.times(),
    st.integers(1, 14),
    st.integers(1, 4),
)
def test_turns_follow_one_another_without_gap_and_keep_their_length(
    now: datetime, zone: str, at: time, days: int, count: int
) -> None:
    rotation = Rotation(ZoneInfo(zone), date(2025, 12, 1), at, days, tuple(range(count)))
    duty = rotation.on_duty(now)
    assert duty.start <= now < duty.until
    assert abs(duty.until - duty.start - timedelta(days=days)) <= timedelta(hours=1)
    after = rotation.on_duty(duty.until)
    assert (after.start, after.person) == (duty.until, (duty.person + 1) % count)
    assert rotation.on_duty(duty.until - timedelta(microseconds=1)) == duty
