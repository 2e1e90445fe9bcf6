"""GET /alarms/kpis: the figures of what is stored, with what does not count left out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from time_machine import TimeMachineFixture

from monitoring.alarms.state_machine import Act
from monitoring.kernel.tag_definition import LOAD_GROUP
from monitoring.models import AlarmDefinition, AlarmOccurrence, Tag
from tests.alarms.test_reading import define, do

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def high(time_machine: TimeMachineFixture) -> AlarmDefinition:
    """A definition of ten days ago."""
    time_machine.move_to(NOON, tick=False)
    definition = define("fermenter_temp", "H", setpoint=45)
    definition.versions.create(
        version=1, from_id=0, at=NOON - 10 * DAY, by="", reason="", fields={"kind": "H"}
    )
    return definition


def occur(definition: AlarmDefinition, ago: timedelta, **fields: Any) -> AlarmOccurrence:
    at = NOON - ago
    values = {"noticed_at": at, "cleared_at": at + timedelta(minutes=1), "priority": "medium", **fields}
    return AlarmOccurrence.objects.create(definition=definition, active_at=at, **values)


def test_the_figures_of_ten_days(client: Client, high: AlarmDefinition) -> None:
    for minute in range(12):
        occur(high, DAY - timedelta(minutes=minute, seconds=30))
    occur(high, 2 * DAY, acknowledged_at=NOON - 2 * DAY + timedelta(seconds=30), priority="high")
    occur(high, 11 * DAY)  # before the first definition in force
    occur(high, 3 * DAY, is_annunciated=False)
    occur(high, 4 * DAY, is_late=True)
    found = client.get("/alarms/kpis").json()
    assert (found["from"], found["to"]) == ("2026-02-19T12:00:00Z", "2026-03-01T12:00:00Z")
    assert (found["coverage"], found["annunciations"]) == ("10 of 30 days", 13)
    assert found["average_per_10_min"] == pytest.approx(13 / 1440)
    assert (found["top_10_share"], found["top_10"][0]["annunciations"]) == (1.0, 13)
    assert found["top_10"][0]["tag"] == "fermenter_temp"
    assert found["priority_shares"] == {"medium": 12 / 13, "high": 1 / 13}
    assert found["response"] == {"median_s": 30.0, "p95_s": 30.0, "unacknowledged": 12, "within_2_s": 0}
    assert [sum(day["hours"]) for day in found["by_hour"]] == [1, 12]
    assert found["targets"]["average_per_10_min"] == 1.0


def test_a_flood_that_reaches_into_the_period_counts_from_its_beginning(
    client: Client, high: AlarmDefinition
) -> None:
    for second in range(0, 300, 25):
        occur(high, 2 * DAY + timedelta(seconds=300 - second))
    query = {"from": "2026-02-27T12:00:00Z", "to": "2026-02-28T12:00:00Z"}
    found = client.get("/alarms/kpis", query).json()
    assert found["annunciations"] == 0
    (flood,) = found["floods"]
    assert (flood["from"], flood["to"]) == ("2026-02-27T11:59:10Z", "2026-02-27T12:07:55Z")
    assert found["flood_share"] == pytest.approx(475 / 86_400)


def test_groups_are_an_operators_position_and_load_tests_do_not_count(
    client: Client, high: AlarmDefinition
) -> None:
    Tag.objects.filter(name="fermenter_ph").update(group="R-1")
    Tag.objects.filter(name="agitator_rpm").update(group=LOAD_GROUP)
    for definition in (high, define("fermenter_ph", "L"), define("agitator_rpm", "L")):
        occur(definition, DAY)
    assert client.get("/alarms/kpis").json()["annunciations"] == 2
    assert client.get("/alarms/kpis?group=R-1&group=R-2").json()["annunciations"] == 1


def test_what_is_suppressed_and_what_is_overdue(
    client: Client, high: AlarmDefinition, time_machine: TimeMachineFixture
) -> None:
    do(high, Act.SHELVE, at=NOON - DAY)
    do(high, Act.RELEASE, at=NOON - DAY + timedelta(hours=2))
    other = define("fermenter_ph", "L")
    time_machine.move_to(NOON - timedelta(hours=5))
    body = {"minutes": 60, "reason": "x"}
    client.post(f"/alarms/{other.pk}/shelve", body, content_type="application/json")
    time_machine.move_to(NOON, tick=False)
    found = client.get("/alarms/kpis").json()
    assert found["suppression"]["shelved"]["number"] == 2
    assert found["suppression"]["shelved"]["hours"] == pytest.approx(2 + 5, abs=0.01)
    assert found["overdue"] == 1
    later = client.get("/alarms/kpis?from=2026-03-01T11:00:00Z").json()
    assert later["suppression"]["shelved"] == {"number": 1, "hours": 1.0}


def test_before_the_first_definition_there_is_nothing(client: Client) -> None:
    AlarmDefinition.objects.all().delete()
    found = client.get("/alarms/kpis").json()
    assert (found["annunciations"], found["coverage"], found["flood_share"]) == (0, "0 of 30 days", 0.0)


@pytest.mark.parametrize(
    "query",
    ["to=9999-12-31", "to=0001-01-01", "from=0001-01-01&to=0001-01-02", "from=2030-01-01&to=2030-02-01"],
)
def test_any_period_has_figures(client: Client, query: str) -> None:
    found = client.get(f"/alarms/kpis?{query}").json()
    assert found["annunciations"] == 0
    assert found["from"] < found["to"] <= "2026-03-01T12:00:00Z"


@pytest.mark.parametrize("query", ["from=2020-01-01", "from=soon", "from=2026-02-02&to=2026-02-01"])
def test_a_period_that_cannot_be_is_told(client: Client, query: str) -> None:
    answer = client.get(f"/alarms/kpis?{query}")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("from: expected")


def test_settings_define_when_an_alarm_chatters(
    client: Client, high: AlarmDefinition, settings: Settings
) -> None:
    for second in (0, 50, 100):
        occur(high, DAY - timedelta(seconds=second))
    assert client.get("/alarms/kpis").json()["chattering"] == 0
    settings.FERMON_CHATTERING_COUNT, settings.FERMON_CHATTERING_SECONDS = 2, 50
    found = client.get("/alarms/kpis").json()
    assert (found["chattering"], found["chattering_definition"]) == (1, {"count": 2, "within_s": 50})
    assert found["chattering_alarms"][0]["most"] == 2
    html = client.get("/alarms/kpis", headers={"accept": "text/html"}).content.decode()
    assert "Alarms that came 2 times or more within 50 s." in html
