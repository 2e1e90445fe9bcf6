"""Alarm definitions over HTTP: each change is a version with author, reason and beginning."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from monitoring.alarms.definition import InForce
from monitoring.alarms.state_machine import Act
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import AlarmDefinition, AlarmJournalEntry, AlarmState, Tag
from tests.alarms.test_reading import do
from tests.api.test_data import pages

HIGH = {"tag": "fermenter_temp", "kind": "H", "reason": "first definition"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def patch(client: Client) -> Callable[..., Any]:
    """Changes a definition."""

    def send(pk: int, **body: Any) -> Any:
        return client.patch(f"/alarm-definitions/{pk}", body, content_type="application/json")

    return send


@pytest.fixture
def high(post: Callable[..., Any]) -> dict[str, Any]:
    """A high alarm of the temperature that follows the tag's limit."""
    answer = post("/alarm-definitions", HIGH)
    assert answer.status_code == 201
    found: dict[str, Any] = answer.json()
    return found


def in_force(pk: int) -> InForce:
    """The newest version of a definition, as the evaluator reads it."""
    return InForce.from_json(AlarmDefinition.objects.get(pk=pk).versions.latest("version").fields)


def test_a_definition_follows_the_tags_limit_in_numbers(high: dict[str, Any]) -> None:
    assert (high["setpoint"], high["deadband"], high["version"]) == (None, None, 1)
    assert high["in_force"] == {"setpoint": 45.0, "deadband": pytest.approx(0.2)}
    assert (high["priority"], high["class"], high["on_delay_s"], high["enabled"]) == (
        *("medium", "process"),
        *(10.0, True),
    )
    assert in_force(high["id"]) == InForce("H", setpoint=45.0, deadband=high["in_force"]["deadband"])


def test_a_change_is_a_version_that_begins_behind_the_stored_measurements(
    high: dict[str, Any], patch: Callable[..., Any], client: Client
) -> None:
    readings = [{"timestamp": "2024-01-31T12:00:00Z", "tag": "fermenter_temp", "value": 37.0}]
    (stored,) = ingest_readings(readings)
    answer = patch(high["id"], setpoint=44, priority="high", reason="the strain suffers", name="Eva")
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    newest, first = answer.json()["versions"]
    assert (newest["from_id"], newest["by"], newest["reason"]) == (
        *(stored.id, "Eva (unverified)"),
        "the strain suffers",
    )
    assert (first["version"], first["values"]["setpoint"]) == (1, 45.0)
    assert in_force(high["id"]).setpoint == 44
    line = AlarmJournalEntry.objects.latest("pk")
    assert (line.act, line.by, line.reason) == ("redefine", "Eva (unverified)", "the strain suffers")
    assert line.changes == {"setpoint": [None, 44.0], "priority": ["medium", "high"]}
    assert client.get(f"/alarm-definitions/{high['id']}").json() == answer.json()


def test_what_stays_equal_makes_no_version(high: dict[str, Any], patch: Callable[..., Any]) -> None:
    assert patch(high["id"], on_delay_s=10, reason="x").json()["version"] == 1
    assert AlarmJournalEntry.objects.count() == 1


def test_disabling_ends_the_alarm(high: dict[str, Any], patch: Callable[..., Any], client: Client) -> None:
    do(AlarmDefinition.objects.get(), Act.ACTIVE)
    assert patch(high["id"], enabled=False, reason="no probe").json()["enabled"] is False
    assert client.get("/alarms").json() == []
    assert client.get(f"/alarms/{high['id']}").json()["occurrences"][0]["cleared_at"] is not None
    assert AlarmJournalEntry.objects.latest("pk").reason == "no probe"
    assert patch(high["id"], enabled=True, reason="new probe").json()["version"] == 3


def test_a_higher_priority_asks_anew_and_a_lower_one_does_not(
    high: dict[str, Any], patch: Callable[..., Any]
) -> None:
    do(AlarmDefinition.objects.get(), Act.ACTIVE, Act.ACKNOWLEDGE)
    patch(high["id"], priority="low", reason="x")
    assert AlarmState.objects.get().is_acknowledged
    patch(high["id"], priority="critical", reason="x")
    assert not AlarmState.objects.get().is_acknowledged


def test_all_kinds_are_defined_with_what_they_need(post: Callable[..., Any]) -> None:
    ramp = post("/alarm-definitions", {**HIGH, "kind": "ROC+", "setpoint": 0.1, "window_s": 60})
    assert (ramp.status_code, ramp.json()["window_s"]) == (201, 60.0)
    body = {**HIGH, "kind": "DEV", "setpoint": 2, "target_tag": "fermenter_ph", "class": "quality"} | {
        "settle_s": 90
    }
    deviation = post("/alarm-definitions", body).json()
    assert (deviation["target_tag"], deviation["class"]) == ("fermenter_ph", "quality")
    assert (deviation["settle_s"], in_force(deviation["id"]).settle_s) == (90, 90)
    assert in_force(deviation["id"]).target_tag == Tag.objects.get(name="fermenter_ph").pk
    stuck = {**HIGH, "kind": "EVENT:stuck", "priority": "low", "latching": True, "action": "tap the probe"}
    assert post("/alarm-definitions", stuck).json()["latching"] is True


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"kind": "HH", "setpoint": 47}, ("critical", 2)),
        ({"kind": "LL", "setpoint": 33}, ("critical", 2)),
        ({"kind": "HH", "setpoint": 47, "priority": "high", "on_delay_s": 5}, ("high", 5)),
        ({"kind": "DISCRETE", "setpoint": 40}, ("medium", 10)),
    ],
)
def test_second_limits_are_critical_unless_said_otherwise(
    post: Callable[..., Any], given: dict[str, Any], expected: tuple[str, float]
) -> None:
    made = post("/alarm-definitions", {**HIGH, **given}).json()
    assert (made["priority"], made["on_delay_s"]) == expected
    newest = in_force(made["id"])
    assert (newest.priority, newest.on_delay_s) == expected


def test_a_tag_has_one_alarm_of_a_kind(high: dict[str, Any], post: Callable[..., Any]) -> None:
    answer = post("/alarm-definitions", HIGH)
    assert answer.status_code == 409
    assert f"PATCH /alarm-definitions/{high['id']}" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"reason": " "}, "reason: missing"),
        ({"tag": "no_such"}, "tag: unknown tag 'no_such'"),
        ({"tag": None}, "tag: missing"),
        ({"kind": "HHH"}, "kind: expected one of"),
        ({"kind": "HH"}, "setpoint: missing; HH needs a number"),
        ({"setpoint": 51}, "setpoint: 51 lies outside the valid range 30 to 50"),
        ({"setpoint": "hot"}, "setpoint: expected a number"),
        ({"setpoint": 34}, "setpoint: expected more than 35, the setpoint of L"),
        ({"on_delay_s": None}, "on_delay_s: expected a number"),
        ({"on_delay_s": -1}, "on_delay_s: expected 0 to 86400 seconds"),
        ({"class": "none"}, "class: expected one of process"),
        ({"priority": "urgent"}, "priority: expected one of critical"),
        ({"longest_shelf_min": 721}, "longest_shelf_min: expected a whole number from 1 to 720"),
        ({"respond_within_s": 0}, "respond_within_s: expected whole seconds"),
        ({"kind": "DEV", "setpoint": 1, "target_tag": "x"}, "target_tag: unknown tag"),
        ({"kind": "DEV", "setpoint": 1, "target_tag": "fermenter_temp"}, "target_tag: expected another tag"),
    ],
)
def test_bad_input_is_told_and_defines_nothing(
    post: Callable[..., Any], body: dict[str, Any], words: str
) -> None:
    post("/alarm-definitions", {**HIGH, "kind": "L"})
    answer = post("/alarm-definitions", {**HIGH, **body})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(words)
    assert AlarmDefinition.objects.count() == 1


def test_not_a_number_is_no_setpoint(client: Client, high: dict[str, Any]) -> None:
    path = f"/alarm-definitions/{high['id']}"
    answer = client.patch(path, '{"setpoint": NaN, "reason": "x"}', content_type="application/json")
    assert (answer.status_code, answer.json()["field"]) == (400, "setpoint")


def test_an_unknown_definition_is_told(client: Client, patch: Callable[..., Any]) -> None:
    assert client.get("/alarm-definitions/4711").status_code == 404
    assert patch(4711, setpoint=1, reason="x").status_code == 404


def test_definitions_are_listed_by_tag_and_kind_and_in_pages(
    client: Client, post: Callable[..., Any]
) -> None:
    for tag in ("fermenter_temp", "fermenter_ph", "agitator_rpm"):
        for kind in ("H", "L"):
            post("/alarm-definitions", {**HIGH, "tag": tag, "kind": kind})
    assert [len(page) for page in pages(client, "/alarm-definitions?limit=4")] == [4, 2]
    assert len(client.get("/alarm-definitions?kind=H&tag=fermenter_ph&tag=agitator_rpm").json()) == 2


@pytest.mark.parametrize(("role", "status"), [("operator", 403), ("engineer", 201)])
def test_closed_engineers_define(
    client: Client, settings: Settings, account: Callable[[str], User], role: str, status: int
) -> None:
    settings.FERMON_OPEN = False
    client.force_login(account(role))
    answer = client.post("/alarm-definitions", HIGH, content_type="application/json")
    assert answer.status_code == status
    if status == 201:
        assert answer.json()["versions"][0]["by"] == role
