"""From the journal of alarms to messages: who is told of what, when, and how often."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from monitoring.alarms.state_machine import Act
from monitoring.database.leases import LeaseLostError
from monitoring.kernel.actor import Actor
from monitoring.kernel.lease_names import NOTIFICATIONS
from monitoring.models import (
    AlarmDefinition,
    Channel,
    Delivery,
    Escalation,
    Lease,
    Person,
    Route,
    RouteStep,
    Schedule,
    ScheduleMember,
)
from monitoring.notifications.message import Outcome, Result
from monitoring.notifications.notifier import NotificationRunner
from monitoring.notifications.pace import Bucket
from monitoring.notifications.testing import request_test
from tests.alarming import act, define
from tests.alarms.plant import make_tags
from tests.notifications.desk import AWAY, MAYBE, NOON, OK, REFUSED, Desk, channel, person, states

pytestmark = pytest.mark.django_db
BEGIN, END, ACK = Act.ACTIVE, Act.RETURN, Act.ACKNOWLEDGE


def alarm(desk: Desk, priority: str = "critical", tag: str = "fermenter_temp", kind: str = "H") -> Any:
    """An alarm that is active now."""
    found = define(tag, kind, priority=priority)
    act(found, BEGIN, at=desk.now, value=47.2, by=Actor())
    return found


def does(desk: Desk, definition: AlarmDefinition, *acts: Act, **how: Any) -> None:
    act(definition, *acts, at=desk.now, **how)


def test_one_e_mail_address_is_enough_and_the_end_is_told_there(desk: Desk) -> None:
    channel("office")
    definition = alarm(desk, "medium")
    desk.pass_time(3)
    ((name, message),) = desk.take()
    assert (name, message.priority) == ("office", "medium")
    assert message.subject == "[medium] fermenter_temp: High, above 45 °C"
    assert "47.2 °C, since 12:00" in message.text
    desk.pass_time(600)
    does(desk, definition, END)
    desk.pass_time(3)
    ((_, message),) = desk.take()
    assert "12:00-12:10, over" in message.text
    desk.pass_time(1800, every=60)
    assert desk.take() == []
    assert states() == {"sent": 2}


def test_critical_goes_to_everybody_again_and_again_until_somebody_acknowledges(desk: Desk) -> None:
    person("anna")
    person("bob", "bob", "bobs phone")
    channel("chat")
    definition = alarm(desk)
    times = []
    for _ in range(26 * 6):
        desk.pass_time(10, every=10)
        times += [round((desk.now - NOON).total_seconds() / 60) for name, _ in desk.take() if name == "anna"]
    assert times == [0, 5, 15, 20, 25]
    does(desk, definition, ACK)
    desk.pass_time(3600, every=60)
    assert desk.take() == []
    assert Escalation.objects.get().end_reason == "acknowledged"
    does(desk, definition, END)
    desk.pass_time(3)
    assert sorted(desk.told()) == [("anna", ["over"]), ("bob", ["over"]), ("chat", ["over"])]


def test_high_has_two_steps_and_low_waits_for_the_digest_of_its_reader(desk: Desk) -> None:
    person("anna", time_zone="Europe/Berlin")
    alarm(desk, "high")
    low = alarm(desk, "low", kind="L")
    desk.pass_time(40 * 60, every=60)
    assert desk.told() == [("anna", ["active"]), ("anna", ["escalated"])]
    does(desk, low, END)
    desk.pass_time(6 * 3600, every=600)
    ((_, message),) = desk.take()
    assert Delivery.objects.get(kind="active", priority="low").sent_at == NOON.replace(hour=18)
    assert "13:00-13:40, over" in message.text


def test_quiet_hours_hold_back_medium_but_never_critical(desk: Desk) -> None:
    person("anna", quiet_from=time(11), quiet_until=time(20))
    alarm(desk, "medium", kind="L")
    alarm(desk, "critical")
    desk.pass_time(60)
    assert desk.told() == [("anna", ["active"])]
    desk.pass_time(8 * 3600, every=600)
    sent_at = Delivery.objects.get(priority="medium").sent_at
    assert NOON.replace(hour=20) <= sent_at < NOON.replace(hour=20, minute=10)


def test_a_route_names_people_schedules_and_channels(desk: Desk) -> None:
    anna, bob, eve = person("anna"), person("bob"), person("eve")
    chat = channel("chat")
    schedule = Schedule.objects.create(
        name="week", starts_on=date(2026, 1, 26), hands_over_at=time(9), rotation_days=7, time_zone="UTC"
    )
    for position, member in enumerate((bob, eve)):
        ScheduleMember.objects.create(schedule=schedule, person=member, position=position)
    route = Route.objects.create(name="temperatures", alarm_class="process", repeat_after_min=30)
    RouteStep.objects.create(route=route, after_min=0, schedule=schedule)
    RouteStep.objects.create(route=route, after_min=0, channel=chat)
    RouteStep.objects.create(route=route, after_min=10, person=anna)
    alarm(desk, "high")
    desk.pass_time(5)
    assert sorted(name for name, _ in desk.take()) == ["bob", "chat"]
    desk.pass_time(620, every=20)
    assert [name for name, _ in desk.take()] == ["anna"]
    desk.pass_time(1840, every=115)
    assert sorted(name for name, _ in desk.take()) == ["anna", "bob", "chat"]
    bob.is_enabled = False
    bob.save()
    desk.pass_time(1800, every=120)
    assert sorted(name for name, _ in desk.take()) == ["anna", "chat"]  # nobody is on duty
    Person.objects.update(is_enabled=False)
    Channel.objects.filter(name="chat").update(is_enabled=False)
    channel("office")
    desk.pass_time(1800, every=60)
    assert [name for name, _ in desk.take()] == ["office"]


def test_with_nobody_on_duty_at_the_only_step_everybody_is_told(desk: Desk) -> None:
    person("anna")
    person("bob")
    schedule = Schedule.objects.create(name="week", starts_on=date(2027, 1, 1), time_zone="UTC")
    route = Route.objects.create(name="all")
    RouteStep.objects.create(route=route, schedule=schedule)
    alarm(desk, "medium")
    desk.pass_time(5)
    assert sorted(name for name, _ in desk.take()) == ["anna", "bob"]


def test_what_was_acknowledged_shelved_or_ended_before_it_was_sent(desk: Desk) -> None:
    channel("office")
    desk.answers["office"] = AWAY
    acknowledged, shelved, ended, lasting = (
        alarm(desk, "medium", kind=kind) for kind in ("H", "L", "HH", "LL")
    )
    desk.pass_time(10)
    does(desk, acknowledged, ACK)
    does(desk, shelved, Act.SHELVE)
    does(desk, ended, END)
    desk.answers.clear()
    desk.pass_time(30)
    ((_, message),) = desk.take()
    assert sorted(line.condition for line in message.lines) == ["HH", "LL"]
    assert [line.kind for line in message.lines if line.condition == "HH"] == ["over"]
    reasons = set(Delivery.objects.filter(state="cancelled").values_list("reason", flat=True))
    assert reasons == {"acknowledged by anna", "shelved"}
    does(desk, lasting, END)
    desk.pass_time(5)
    assert desk.told() == [("office", ["over"])]


def test_the_end_goes_to_those_who_were_told_also_when_the_alarm_had_asked_again(desk: Desk) -> None:
    anna, bob = person("anna"), person("bob")
    route = Route.objects.create(name="all")
    RouteStep.objects.create(route=route, person=anna)
    RouteStep.objects.create(route=route, person=bob, after_min=5)
    definition = alarm(desk, "high")
    desk.pass_time(400, every=5)
    assert [name for name, _ in desk.take()] == ["anna", "bob"]
    does(desk, definition, ACK)
    desk.pass_time(60)
    does(desk, definition, Act.REALARM)
    desk.pass_time(60)
    assert desk.told() == [("anna", ["again"])]
    does(desk, definition, END)
    desk.pass_time(5)
    assert desk.told() == [("anna", ["over"]), ("bob", ["over"])]
    desk.pass_time(1800, every=60)
    assert desk.take() == []


def test_a_target_that_is_away_for_an_hour_gets_one_message_with_all_sixty(desk: Desk) -> None:
    channel("office")
    desk.answers["office"] = AWAY
    found = []
    for tag in make_tags(60, "north"):
        found.append(alarm(desk, "medium", tag))
        desk.pass_time(60, every=30)
    does(desk, found[0], END)
    desk.pass_time(1)
    assert len(desk.tried) > 60
    desk.answers.clear()
    desk.pass_time(30)
    ((_, message),) = desk.take()
    assert len(message.lines) == 60
    assert "12:00-13:00, over" in message.text
    assert states() == {"sent": 60}


def test_after_a_day_a_delivery_has_failed(desk: Desk) -> None:
    channel("office")
    desk.answers["office"] = AWAY
    alarm(desk, "medium")
    desk.pass_time(26 * 3600, every=3600)
    assert states() == {"failed": 1}
    assert Delivery.objects.get().reason == "not sent within 24 hours"


def test_retry_after_is_heeded(desk: Desk) -> None:
    channel("office")
    desk.answers["office"] = Outcome(Result.TEMPORARY, "429", retry_after_s=300)
    alarm(desk, "medium")
    desk.pass_time(3)
    desk.pass_time(290, every=58)
    assert len(desk.tried) == 1
    desk.pass_time(20)
    assert len(desk.tried) == 2


def test_a_refused_message_goes_to_the_next_channel_at_once_and_the_channel_is_failing(desk: Desk) -> None:
    person("anna", "mail", "phone")
    desk.answers["mail"] = REFUSED
    definition = alarm(desk, "medium")
    desk.pass_time(5)
    assert desk.told() == [("phone", ["active"])]
    failing = Channel.objects.get(name="mail")
    assert (failing.failure, failing.failing_since) == ("550 no such user", NOON + timedelta(seconds=3))
    does(desk, definition, END)
    desk.pass_time(5)
    assert desk.told() == [("phone", ["over"])]
    alarm(desk, "medium", kind="L")
    desk.pass_time(5)
    assert desk.told() == [("phone", ["active"])]
    desk.answers.clear()
    request_test(failing, by="admin", now=desk.now)
    desk.pass_time(1)
    assert desk.told() == [("mail", ["test"])]
    failing.refresh_from_db()
    assert (failing.failure, failing.failing_since) == ("", None)


def test_if_all_channels_of_a_person_fail_the_others_are_told(desk: Desk) -> None:
    anna = person("anna", "mail", "phone")
    person("bob")
    channel("chat")
    route = Route.objects.create(name="all")
    RouteStep.objects.create(route=route, person=anna)
    desk.answers |= {"mail": REFUSED, "phone": REFUSED}
    alarm(desk, "medium")
    desk.pass_time(5)
    assert sorted(desk.told()) == [("bob", ["active"]), ("chat", ["active"])]


def test_urgent_alarms_take_the_next_channel_after_a_minute_without_success(desk: Desk) -> None:
    person("anna", "mail", "phone")
    desk.answers["mail"] = AWAY
    alarm(desk, "high")
    alarm(desk, "medium", kind="L")
    desk.pass_time(55)
    assert desk.take() == []
    desk.pass_time(15)
    assert desk.told() == [("phone", ["active"])]
    desk.pass_time(60)
    assert desk.take() == []
    desk.answers.clear()
    desk.pass_time(30)
    assert desk.told() == [("mail", ["active", "active"])]


def test_what_may_have_arrived_is_repeated_alone_marked_and_with_the_same_id(desk: Desk) -> None:
    channel("office")
    desk.answers["office"] = MAYBE
    alarm(desk, "medium")
    desk.pass_time(3)
    alarm(desk, "medium", kind="L")
    desk.answers.clear()
    desk.pass_time(30)
    first, *later = (message for _, message in desk.tried)
    again, other = sorted(later, key=lambda message: not message.is_repeat)
    assert (again.message_id, again.is_repeat) == (first.message_id, True)
    assert "may be a repeat" in again.text
    assert [line.condition for line in again.lines] == ["H"]
    assert other.message_id != first.message_id
    assert ([line.condition for line in other.lines], other.is_repeat) == (["L"], False)


def test_a_full_bucket_lets_alarms_wait_for_the_next_message(desk: Desk) -> None:
    desk.bucket = Bucket(4, 600)
    channel("sms")
    for kind in ("H", "HH", "L", "LL"):
        for tag in ("fermenter_temp", "fermenter_ph"):
            alarm(desk, "medium", tag, kind)
            desk.pass_time(40)
    sent = desk.take()
    assert [len(message.lines) for _, message in sent] == [1, 1, 3]
    desk.pass_time(600)
    assert sum(len(message.lines) for _, message in desk.take()) == 3


def test_in_a_flood_a_person_gets_five_messages_in_ten_minutes_and_no_alarm_is_in_none(desk: Desk) -> None:
    person("anna", "mail", "phone")
    tags = make_tags(40, "north")
    desk.pass_time(1)
    for number, tag in enumerate(tags):
        alarm(desk, "high" if number % 4 == 0 else "medium", tag)
        if number > 9:
            desk.pass_time(10, every=10)
    desk.pass_time(200)
    sent = desk.take()
    assert 3 <= len(sent) <= 5
    assert "Flood:" in sent[-1][1].text
    desk.pass_time(600)
    sent += desk.take()
    assert len({line.occurrence for _, message in sent for line in message.lines}) == 40


def test_at_the_first_start_only_young_alarms_are_told_and_never_the_past(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel("office")
    Lease.objects.filter(source=NOTIFICATIONS).delete()
    old, ended = alarm(desk, "medium"), alarm(desk, "medium", kind="L")
    desk.now += timedelta(hours=2)
    does(desk, ended, END)
    alarm(desk, "medium", kind="HH")
    desk.now += timedelta(minutes=10)
    desk.runner = desk.begin()
    desk.pass_time(5)
    ((_, message),) = desk.take()
    assert [line.condition for line in message.lines] == ["HH"]
    Lease.objects.filter(source=NOTIFICATIONS).update(position=10**9)  # of another database
    desk.runner = desk.begin()
    does(desk, old, ACK, END)
    alarm(desk, "medium", kind="LL")
    desk.pass_time(5)
    assert [line.condition for _, message in desk.take() for line in message.lines] == ["LL"]


def test_the_first_channel_tells_of_what_is_active_and_not_of_what_is_over(desk: Desk) -> None:
    over = alarm(desk, "medium")
    alarm(desk, "medium", kind="L")
    desk.pass_time(5)
    does(desk, over, END)
    desk.pass_time(5)
    channel("office")
    desk.pass_time(5)
    assert [line.condition for _, message in desk.take() for line in message.lines] == ["L"]


def test_who_lost_the_lease_plans_nothing(desk: Desk) -> None:
    channel("office")
    desk.step()
    desk.now += timedelta(seconds=4)
    other = NotificationRunner.begin("another", desk.dispatcher, desk.now)
    assert other is not None
    alarm(desk, "medium")
    with pytest.raises(LeaseLostError):
        desk.runner.step(desk.now)
    assert NotificationRunner.begin("a test", desk.dispatcher, desk.now) is None
    assert not Delivery.objects.exists()


def test_a_clock_that_was_ahead_holds_nothing_back(desk: Desk) -> None:
    channel("office")
    desk.now = datetime.fromisoformat("2026-02-02T12:00:00Z")
    desk.runner = desk.begin()
    desk.answers["office"] = AWAY
    alarm(desk, "medium")
    desk.pass_time(5)
    desk.answers.clear()
    desk.now = NOON
    desk.runner = desk.begin()
    desk.pass_time(5)
    assert desk.told() == [("office", ["active"])]


def test_late_alarms_come_with_the_digest(desk: Desk) -> None:
    from monitoring.models import AlarmJournalEntry, AlarmOccurrence

    channel("office")
    definition = define()
    late = AlarmOccurrence.objects.create(
        definition=definition,
        active_at=NOON - timedelta(hours=3),
        cleared_at=NOON - timedelta(hours=2),
        noticed_at=NOON,
        priority="high",
        is_annunciated=False,
        is_late=True,
    )
    AlarmJournalEntry.objects.create(
        at=late.active_at, noticed_at=NOON, act="late", definition=definition, occurrence=late.pk, via="test"
    )
    desk.pass_time(60)
    assert desk.take() == []
    desk.pass_time(10 * 3600, every=600)
    assert desk.told() == [("office", ["late"])]


def test_a_disabled_channel_gets_nothing_but_tests(desk: Desk) -> None:
    office = channel("office")
    desk.answers["office"] = AWAY
    alarm(desk, "medium")
    desk.pass_time(5)
    desk.answers["office"] = OK
    Channel.objects.update(is_enabled=False)
    desk.pass_time(30)
    assert states() == {"cancelled": 1}
    request_test(office, by="admin", now=desk.now)
    desk.pass_time(2)
    assert desk.told() == [("office", ["test"])]
