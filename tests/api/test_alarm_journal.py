"""The journal of alarms over HTTP: chosen, in pages, and as a file."""

import csv
import json
from datetime import timedelta

import pytest
from django.test import Client

from monitoring.alarms import journal_export
from monitoring.alarms.state_machine import Act
from monitoring.models import AlarmDefinition
from tests.alarms.test_reading import NOW, define, do
from tests.api.test_data import pages
from tests.api.test_export import file_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def high() -> AlarmDefinition:
    """Four lines about the temperature, a minute each, and one about the pH."""
    definition = define("fermenter_temp", "H", setpoint=45)
    for minute, act in enumerate([Act.ACTIVE, Act.ACKNOWLEDGE, Act.RETURN, Act.ACTIVE]):
        do(definition, act, at=NOW + timedelta(minutes=minute), value=46.5)
    do(define("fermenter_ph", "L"), Act.ACTIVE, at=NOW + timedelta(minutes=9))
    return definition


def acts(client: Client, query: str) -> list[str]:
    return [line["act"] for page in pages(client, f"/alarms/journal?{query}") for line in page]


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_all_lines_come_page_by_page(client: Client, order: str) -> None:
    found = ["active", "acknowledge", "return", "active", "active"]
    assert acts(client, f"limit=2&order={order}") == (found if order == "asc" else found[::-1])


def test_lines_are_chosen_by_alarm_tag_act_and_time(client: Client, high: AlarmDefinition) -> None:
    assert acts(client, f"alarm={high.pk}&act=active&act=return") == ["active", "return", "active"]
    assert acts(client, "tag=fermenter_ph") == ["active"]
    assert acts(client, "priority=medium&limit=1") == ["active", "active", "return", "acknowledge", "active"]
    assert acts(client, "priority=critical") == []
    assert acts(client, "from=2026-01-31T12:01:00Z&to=2026-01-31T12:02:00Z") == ["return", "acknowledge"]


def test_a_file_has_all_lines_oldest_first(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_export, "LINES", 2)
    answer = client.get("/alarms/journal?format=csv&tag=fermenter_temp&limit=1")
    assert 'filename="fermon-alarm-journal.csv"' in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(file_of(answer).decode().splitlines()))
    assert [(row["act"], row["from"], row["to"], row["value"]) for row in rows] == [
        ("active", "NORM", "UNACK", "46.5"),
        ("acknowledge", "UNACK", "ACKED", "46.5"),
        ("return", "ACKED", "NORM", "46.5"),
        ("active", "NORM", "UNACK", "46.5"),
    ]
    lines = file_of(client.get("/alarms/journal?format=jsonl&order=asc")).splitlines()
    assert [json.loads(line) for line in lines] == client.get("/alarms/journal?order=asc").json()


def test_a_formula_in_a_comment_is_a_text_in_the_file(client: Client, high: AlarmDefinition) -> None:
    body = {"comment": "=1+1"}
    client.post(f"/alarms/{high.pk}/comment", body, content_type="application/json")
    (row,) = csv.DictReader(
        file_of(client.get("/alarms/journal?format=csv&act=comment")).decode().splitlines()
    )
    assert row["comment"] == "'=1+1"


@pytest.mark.parametrize("query", ["format=xml", "alarm=x", "priority=none", "tag=no_such", "from=soon"])
def test_what_is_wrong_with_a_parameter_is_told(client: Client, query: str) -> None:
    answer = client.get(f"/alarms/journal?{query}")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(f"{query.split('=')[0]}: ")
