"""Alarms in the admin: definitions are changed with a reason; what happened is shown."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from monitoring.alarms.definitions import create
from monitoring.alarms.state_machine import Act
from monitoring.kernel.actor import Actor
from monitoring.models import AlarmDefinition, AlarmJournalEntry, AlarmState, Tag
from tests.alarms.test_reading import do

LIST = "/admin/monitoring/alarmdefinition/"
FORM = {
    "kind": "H",
    "priority": "high",
    "alarm_class": "process",
    "on_delay_s": "10",
    "off_delay_s": "10",
    "needs_acknowledgement": "on",
    "longest_shelf_min": "720",
    "is_enabled": "on",
    "reason": "the strain suffers",
    **{f"versions-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")},
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def engineer(client: Client, account: Callable[[str], User]) -> Client:
    client.force_login(account("engineer"))
    return client


@pytest.fixture
def high() -> AlarmDefinition:
    definition = AlarmDefinition(tag=Tag.objects.get(name="fermenter_temp"), kind="H", setpoint=44)
    create(definition, reason="first", actor=Actor("anna"))
    return definition


def sent(client: Client, path: str, **fields: Any) -> Any:
    return client.post(path, {**FORM, **fields})


def test_an_alarm_is_defined_with_a_reason(engineer: Client) -> None:
    tag = Tag.objects.get(name="fermenter_temp")
    assert sent(engineer, f"{LIST}add/", tag=tag.pk, setpoint="44").status_code == 302
    definition = AlarmDefinition.objects.get()
    (version,) = definition.versions.all()
    assert (version.by, version.reason, version.fields["setpoint"]) == (
        *("engineer", "the strain suffers"),
        44.0,
    )
    assert "This field" not in engineer.get(f"{LIST}{definition.pk}/change/").content.decode()


def test_a_change_is_a_version_and_a_line_of_the_journal(engineer: Client, high: AlarmDefinition) -> None:
    assert sent(engineer, f"{LIST}{high.pk}/change/", setpoint="43.5").status_code == 302
    high.refresh_from_db()
    assert (high.version, high.setpoint, high.kind) == (2, 43.5, "H")
    line = AlarmJournalEntry.objects.latest("pk")
    assert (line.by, line.via, line.changes) == (
        *("engineer", "admin"),
        {"setpoint": [44.0, 43.5], "priority": ["medium", "high"]},
    )
    page = engineer.get(f"{LIST}{high.pk}/change/").content.decode()
    assert "the strain suffers" in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"setpoint": "51"}, "51 lies outside the valid range"),
        ({"reason": ""}, "This field is required"),
        ({"target": "3"}, "Only a deviation alarm"),
        ({"longest_shelf_min": "0"}, "Expected 1 to 720 minutes"),
    ],
)
def test_what_is_wrong_with_the_form_is_told(
    engineer: Client, high: AlarmDefinition, fields: dict[str, str], words: str
) -> None:
    page = sent(engineer, f"{LIST}{high.pk}/change/", **{"setpoint": "44", **fields})
    assert page.status_code == 200
    assert words in page.content.decode()
    high.refresh_from_db()
    assert high.version == 1


@pytest.mark.parametrize(
    ("table", "shown"),
    [
        ("alarmdefinition/?priority__exact=medium", "fermenter_temp: High"),
        ("alarmstate/?state=UNACK", "active, not acknowledged"),
        ("alarmoccurrence/?q=fermenter&priority=medium", "▲ it lasts"),
        ("alarmjournalentry/?act=active", "normal → active, not acknowledged"),
        ("alarmjournalentry/?q=anna", "fermenter_temp: High"),
    ],
)
def test_the_lists_say_it_in_words(engineer: Client, high: AlarmDefinition, table: str, shown: str) -> None:
    do(high, Act.ACTIVE, value=46.5)
    page = engineer.get(f"/admin/monitoring/{table}").content.decode()
    assert shown in page
    empty = engineer.get("/admin/monitoring/alarmstate/?state=SHLVD").content.decode()
    assert "active, not acknowledged</td>" not in empty


@pytest.mark.parametrize("table", ["alarmstate", "alarmoccurrence", "alarmjournalentry"])
def test_nobody_changes_or_deletes_what_happened(
    admin_client: Client, high: AlarmDefinition, table: str
) -> None:
    do(high, Act.ACTIVE)
    key = {
        "alarmstate": high.pk,
        "alarmoccurrence": AlarmState.objects.get().occurrence_id,
        "alarmjournalentry": AlarmJournalEntry.objects.latest("pk").pk,
    }[table]
    path = f"/admin/monitoring/{table}/"
    assert admin_client.get(f"{path}{key}/change/").status_code == 200
    assert admin_client.post(f"{path}{key}/change/", {"value": 1}).status_code == 403
    assert admin_client.post(f"{path}{key}/delete/", {"post": "yes"}).status_code == 403
    assert admin_client.get(f"{path}add/").status_code == 403
    assert admin_client.post(f"{LIST}{high.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_alarms_of_an_unused_tag_go_with_it_and_the_journal_stays(
    engineer: Client, high: AlarmDefinition
) -> None:
    do(high, Act.ACTIVE)
    tag = Tag.objects.get(name="fermenter_temp")
    answer = engineer.post(f"/admin/monitoring/tag/{tag.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert not AlarmDefinition.objects.exists()
    assert AlarmJournalEntry.objects.filter(tag="fermenter_temp").count() == 2
    assert "fermenter_temp: High" in engineer.get("/admin/monitoring/alarmjournalentry/").content.decode()
