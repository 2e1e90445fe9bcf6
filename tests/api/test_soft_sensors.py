"""/batches/<id>/soft-sensors and /vessels/<name>/computed-tags."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from monitoring.batches.computed_tags import MOST
from monitoring.batches.lifecycle import NewBatch, start_batch
from monitoring.kernel.actor import Actor
from monitoring.models import ComputedTag, Vessel, VesselName

pytestmark = pytest.mark.django_db
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
TAGS = "/vessels/v1/computed-tags"


@pytest.fixture(autouse=True)
def vessel() -> Vessel:
    return Vessel.objects.create(name="v1", made_at=NOON)


def add(client: Client, **fields: Any) -> Any:
    body = {"name": "kelvin", "expression": "fermenter_temp + 273.15", "unit": "K", **fields}
    return client.post(TAGS, body, content_type="application/json")


def test_a_computed_tag_is_added_listed_changed_and_deleted(client: Client, vessel: Vessel) -> None:
    answer = add(client, title="Absolute temperature")
    assert answer.status_code == 201
    assert answer.json() == {
        "name": "kelvin",
        "title": "Absolute temperature",
        "expression": "fermenter_temp + 273.15",
        "unit": "K",
        "tags": ["fermenter_temp"],
    }
    VesselName.objects.create(vessel=vessel, name="old")
    assert client.get("/vessels/old/computed-tags").json() == [answer.json()]
    changed = client.patch(f"{TAGS}/kelvin", {"name": "t_abs", "title": ""}, content_type="application/json")
    assert (changed.json()["name"], changed.json()["unit"]) == ("t_abs", "K")
    assert client.get(f"{TAGS}/t_abs").json() == changed.json()
    assert client.delete(f"{TAGS}/t_abs").status_code == 204
    assert client.get(TAGS).json() == []


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        (
            {"expression": "fermenter_temp +"},
            "expression",
            "Character 16: a number or a tag is missing after '+'",
        ),
        ({"expression": "no_such * 2"}, "expression", "unknown tag 'no_such'; GET /tags"),
        ({"expression": "1 + 1"}, "expression", "at least one tag"),
        ({"expression": ""}, "expression", "blank"),
        ({"name": "our"}, "name", "is a soft sensor"),
        ({"name": "a b"}, "name", "Start with a letter"),
        ({"unit": "x" * 21}, "unit", "20 characters"),
    ],
)
def test_an_invalid_field_is_named(client: Client, fields: dict[str, str], field: str, words: str) -> None:
    answer = add(client, **fields)
    assert answer.status_code == 400
    assert answer.json()["field"] == field
    assert words in answer.json()["detail"]


def test_a_name_is_used_once_on_a_vessel_and_their_number_is_bounded(client: Client, vessel: Vessel) -> None:
    assert add(client).status_code == 201
    assert add(client).status_code == 409
    add(client, name="other")
    taken = client.patch(f"{TAGS}/other", {"name": "kelvin"}, content_type="application/json")
    assert taken.status_code == 409
    for number in range(MOST - 2):
        ComputedTag.objects.create(vessel=vessel, name=f"t{number}", expression="fermenter_temp")
    assert "delete one first" in add(client, name="more").json()["detail"]


def test_an_expression_that_cannot_be_read_any_more_is_listed(client: Client, vessel: Vessel) -> None:
    vessel.computed_tags.create(name="odd", expression="2 *")
    assert client.get(TAGS).json()[0]["tags"] == []


@pytest.mark.parametrize(("method", "path"), [("get", ""), ("get", "/x"), ("patch", "/x"), ("delete", "/x")])
def test_what_does_not_exist_is_404(client: Client, method: str, path: str) -> None:
    vessel = "v1" if path else "nowhere"
    answer = getattr(client, method)(
        f"/vessels/{vessel}/computed-tags{path}", {}, content_type="application/json"
    )
    assert answer.status_code == 404
    assert "GET /vessels" in answer.json()["detail"]


@pytest.mark.once
def test_engineers_change_computed_tags_and_the_trail_has_it(
    client: Client, settings: Settings, account: Callable[[str], User]
) -> None:
    settings.FERMON_OPEN = False
    client.force_login(account("operator"))
    assert add(client).status_code == 403
    assert client.get(TAGS).status_code == 200
    client.force_login(account("engineer"))
    assert add(client).status_code == 201
    entry = LogEntry.objects.get_for_model(ComputedTag).get()
    assert entry.changes_dict["expression"] == ["None", "fermenter_temp + 273.15"]


def test_soft_sensors_of_a_batch(client: Client) -> None:
    add(client)
    batch = start_batch(NewBatch("v1", "b1", start=NOON), actor=Actor("somebody"))
    answer = client.get(f"/batches/{batch.pk}/soft-sensors?sensor=rq&sensor=kelvin&points=10").json()
    assert answer["batch"] == batch.pk
    quotient, kelvin = answer["sensors"]
    assert quotient["unit"] == ""
    assert "role air_flow" in quotient["missing"][0]
    assert (kelvin["computed"], kelvin["missing"]) == (True, ["No values of fermenter_temp in this batch."])


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("sensor=no", 400, "unknown soft sensor 'no'"),
        ("points=0", 400, "whole number"),
        ("", 404, "no batch 99"),
    ],
)
def test_wrong_requests_are_told(client: Client, query: str, status: int, words: str) -> None:
    batch = start_batch(NewBatch("v1", "b1", start=NOON), actor=Actor("somebody"))
    answer = client.get(f"/batches/{batch.pk if query else 99}/soft-sensors?{query}")
    assert answer.status_code == status
    assert words in answer.json()["detail"]
