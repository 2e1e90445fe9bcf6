"""The alarm of a vessel's batches in messages, routes and maintenance windows: its group is the vessel."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from monitoring.alarms.state_machine import Act
from monitoring.models import AlarmDefinition, AlarmState, MaintenanceWindow, Route, RouteStep, Vessel
from tests.alarming import act, define_of_vessel
from tests.notifications.desk import NOON, Desk, channel

pytestmark = pytest.mark.django_db
DETAILS = {"batch": 12, "batch_name": "B-12", "sentence": "pH is lower than usual.", "deviation": 7}


@pytest.fixture(params=["Fermenter 3", ""])
def alarm(request: pytest.FixtureRequest) -> AlarmDefinition:
    """The alarm of a vessel with a title, and of one without."""
    name = "f3" if request.param else "Fermenter 3"
    return define_of_vessel(Vessel.objects.create(name=name, title=request.param, made_at=NOON))


def test_the_message_names_the_vessel_and_leads_to_the_batch(
    desk: Desk, alarm: AlarmDefinition, settings: Settings
) -> None:
    settings.FERMON_PUBLIC_URL = "https://plant.example"
    channel("office")
    act(alarm, Act.ACTIVE, at=desk.now, value=1.84, details=DETAILS)
    desk.pass_time(5)
    ((_, message),) = desk.take()
    assert message.subject == "[medium] Fermenter 3: Batch deviates, B-12: pH is lower than usual"
    assert "pH is lower than usual, 1.84 × limit, since" in message.text
    assert "  Batch: https://plant.example/batches/12\n" in message.text
    (line,) = message.lines
    assert (line.tag, line.group, line.condition) == ("", "Fermenter 3", "BATCH")


def test_a_route_of_the_group_takes_it(desk: Desk, alarm: AlarmDefinition) -> None:
    channel("office")
    route = Route.objects.create(name="fermenters", group="Fermenter 3")
    RouteStep.objects.create(route=route, after_min=0, channel=channel("hall"))
    act(alarm, Act.ACTIVE, at=desk.now, details=DETAILS)
    desk.pass_time(5)
    assert [name for name, _ in desk.take()] == ["hall"]


def test_a_window_of_the_group_suppresses_it(desk: Desk, alarm: AlarmDefinition) -> None:
    channel("office")
    end = NOON + timedelta(hours=1)
    MaintenanceWindow.objects.create(group="Fermenter 3", start=NOON, end=end, reason="cleaning")
    act(alarm, Act.ACTIVE, at=desk.now, details=DETAILS)
    desk.pass_time(5)
    assert AlarmState.objects.get(pk=alarm.pk).suppression == "suppressed"
    assert desk.take() == []
