"""Reasons why people may not be notified, and the log of deliveries."""

from datetime import timedelta

import pytest

from monitoring.alarms.state_machine import Act
from monitoring.models import Delivery, Lease, Route, RouteStep, Schedule
from monitoring.notifications.delivery_log import DeliverySelection, deliveries
from monitoring.notifications.outbox import is_due, waiting
from monitoring.notifications.problems import delivery_problems
from monitoring.notifications.testing import request_test
from tests.alarming import act, define
from tests.notifications.desk import AWAY, NOON, REFUSED, Desk, channel, person

pytestmark = pytest.mark.django_db


@pytest.mark.sqlite
def test_a_long_log_slows_down_no_look_at_what_waits() -> None:
    rows = waiting().filter(is_due(NOON)).order_by()
    assert "USING INDEX notification_delivery_waiting" in rows.explain()


def test_without_anything_set_up_nothing_is_wrong() -> None:
    assert delivery_problems(NOON) == []


def test_while_all_is_well_there_are_none(desk: Desk) -> None:
    person("anna")
    desk.pass_time(1)
    assert delivery_problems(desk.now) == []


def test_a_failing_channel_an_overdue_alarm_and_a_silent_process_are_named(desk: Desk) -> None:
    person("anna", "mail")
    chat = channel("chat")
    desk.answers |= {"chat": REFUSED, "mail": AWAY}
    act(define(priority="critical"), Act.ACTIVE, at=desk.now)
    request_test(chat, by="eve", now=desk.now)
    desk.pass_time(12 * 60, every=60)
    failing, away, overdue = delivery_problems(desk.now)
    assert failing.startswith("The channel chat has failed since 2026-01-31T12:00:57Z: 550 no such user.")
    assert "mail has been away" in away
    assert overdue.startswith("2 messages about critical alarms")
    Lease.objects.filter(source="notifications").update(renewed_at=NOON - timedelta(minutes=1))
    assert "No process sends notifications" in delivery_problems(desk.now)[-1]


def test_nobody_on_duty_and_nobody_at_all(desk: Desk) -> None:
    anna = person("anna")
    schedule = Schedule.objects.create(name="week", starts_on=NOON.date(), time_zone="UTC")
    route = Route.objects.create(name="all")
    RouteStep.objects.create(route=route, schedule=schedule)
    desk.pass_time(1)
    (nobody,) = delivery_problems(desk.now)
    assert "schedule week" in nobody
    anna.is_enabled = False
    anna.save()
    assert "Alarms reach nobody" in delivery_problems(desk.now)[-1]


def test_the_log_is_read_page_by_page_newest_first(desk: Desk) -> None:
    office = channel("office")
    for kind in ("H", "L", "HH"):
        act(define(kind=kind), Act.ACTIVE, at=desk.now)
        desk.pass_time(5)
    request_test(office, by="eve", now=desk.now)
    desk.pass_time(5)
    page = deliveries(DeliverySelection(channel=office.pk), limit=3)
    items = page.as_json()
    assert [item["text"] for item in items] == ["", "fermenter_temp: High high", "fermenter_temp: Low"]
    assert (items[1]["state"], items[1]["channel_name"], items[1]["attempts"]) == ("sent", "office", 1)
    assert items[1]["sent_at"] == "2026-01-31T12:00:13Z"
    rest = deliveries(DeliverySelection(channel=office.pk), limit=3, after=page.next)
    assert ([item["text"] for item in rest.as_json()], rest.next) == (["fermenter_temp: High"], None)
    assert len(deliveries(DeliverySelection(kinds=["test"], states=["sent"]), limit=9).deliveries) == 1
    assert Delivery.objects.count() == 4
