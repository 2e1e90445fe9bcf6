"""Routes, digests, waits and limits, each by itself."""

import itertools
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitoring.alarms.kinds import Priority
from monitoring.notifications.backoff import probe_in, repeat_in
from monitoring.notifications.pace import Bucket, may_disturb, may_send
from monitoring.notifications.routing import (
    STANDARD,
    Recipient,
    Rule,
    Step,
    Way,
    matching,
    next_digest,
    parse_digest_times,
    way_of,
)

NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def seconds(*numbers: float) -> list[datetime]:
    return [NOON + timedelta(seconds=number) for number in numbers]


def test_the_first_route_that_matches_counts() -> None:
    rules = [
        Rule(1, way_of(0), group="north", priority="high"),
        Rule(2, way_of(0), alarm_class="quality"),
        Rule(3, way_of(0), group="north"),
    ]
    assert matching(rules, "north", "quality", "high") is rules[0]
    assert matching(rules, "north", "quality", "low") is rules[1]
    assert matching(rules, "north", "process", "low") is rules[2]
    assert matching(rules, "south", "process", "low") is None


def test_after_the_last_step_all_recipients_are_notified_again_and_again() -> None:
    anna, bob = Recipient(person=1), Recipient(person=2)
    way = Way((Step(0, (anna,)), Step(10, (bob, anna))), repeat_after_min=30)
    assert [way.recipients(done) for done in range(3)] == [(anna,), (bob, anna), (anna, bob)]
    minutes = [(way.next_after(done) or timedelta()) // timedelta(minutes=1) for done in range(5)]
    assert minutes == [0, 10, 40, 70, 100]
    assert STANDARD[Priority.HIGH].next_after(2) is None


def test_a_digest_is_at_wall_times_of_the_reader() -> None:
    times = parse_digest_times("19:00, 07:00")
    assert times == (time(7), time(19))
    assert next_digest(times, BERLIN, NOON) == datetime(2026, 3, 28, 18, tzinfo=UTC)
    evening = datetime(2026, 3, 28, 18, tzinfo=UTC)
    assert next_digest(times, BERLIN, evening) == datetime(2026, 3, 29, 5, tzinfo=UTC)  # summer time began
    assert next_digest((), BERLIN, NOON) == NOON
    with pytest.raises(ValueError, match="hour"):
        parse_digest_times("25:00")


def test_waits_grow_and_a_target_that_is_away_is_probed_every_15_seconds() -> None:
    assert [repeat_in(attempts, spread=0).total_seconds() for attempts in range(1, 11)] == [
        *(5, 15, 30, 60, 120, 300, 600, 900, 900, 900)
    ]
    assert [probe_in(failures, None, spread=0).total_seconds() for failures in (1, 2, 300)] == [5, 15, 15]
    assert (probe_in(2, None, spread=1).total_seconds(), probe_in(2, None, spread=-1).total_seconds()) == (
        18,
        12,
    )
    assert probe_in(1, 120, spread=0).total_seconds() == 120
    assert probe_in(1, 10**9, spread=0).total_seconds() == 3600
    assert all(12 <= probe_in(2, None).total_seconds() <= 18 for _ in range(50))


def test_half_of_a_bucket_goes_at_once_and_the_rest_spreads() -> None:
    bucket = Bucket(4, 600)
    assert may_send(bucket, [], NOON)
    assert may_send(bucket, seconds(-1), NOON)
    assert not may_send(bucket, seconds(-1, -2), NOON)
    assert may_send(bucket, seconds(-150, -160), NOON)
    assert not may_send(bucket, seconds(-200, -300, -400, -599), NOON)
    assert may_send(bucket, seconds(-200, -300, -400, -600), NOON)


@pytest.mark.parametrize(("is_urgent", "most"), [(True, 5), (False, 4)])
def test_in_a_flood_there_are_at_most_five_messages_in_any_ten_minutes(is_urgent: bool, most: int) -> None:
    sent: list[datetime] = []
    for second in range(3600):
        now = NOON + timedelta(seconds=second)
        if may_disturb(sent, now, is_urgent=is_urgent):
            sent.append(now)
    for at in sent:
        assert len([each for each in sent if at <= each < at + timedelta(minutes=10)]) <= most
    assert len(sent) >= 5 * most
    assert max(after - before for before, after in itertools.pairwise(sent)) <= timedelta(minutes=6)
