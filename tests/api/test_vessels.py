"""GET, POST and PATCH /vessels, /vessels/<vessel>/tags and POST /vessels/of-groups."""

from typing import Any

import pytest
from django.test import Client

from monitoring.models import Tag, Vessel, VesselTag

pytestmark = pytest.mark.django_db
TAGS = "/vessels/v1/tags"
JSON = "application/json"


@pytest.fixture(autouse=True)
def vessel(client: Client) -> None:
    assert make(client, "v1").status_code == 201


def make(client: Client, name: str, **fields: Any) -> Any:
    """Send a vessel to make."""
    return client.post("/vessels", {"name": name, **fields}, content_type=JSON)


def bind(client: Client, tag: str, role: str, **fields: Any) -> Any:
    """Send a tag to bind to v1."""
    return client.post(TAGS, {"tag": tag, "role": role, **fields}, content_type=JSON)


def test_a_vessel_is_shown_as_made(client: Client) -> None:
    rule = {"role": "weight", "falls_percent": 20, "within_s": 600}
    fields = {
        "title": "North",
        "working_volume_l": 7.5,
        "area": "A",
        "constants": {"tare_kg": 12},
        "uses_forest": True,
    }
    made = make(client, "v2", **fields, rules={"end": rule}, active=False).json()
    assert made == {
        "name": "v2",
        **fields,
        "description": "",
        "active": False,
        "rules": {"end": rule},
        "rules_problem": None,
        "former_names": [],
        "tags": [],
        "batch": None,
    }
    assert client.get("/vessels/v2").json() == made
    assert [each["name"] for each in client.get("/vessels").json()] == ["v1", "v2"]
    assert [each["name"] for each in client.get("/vessels?active=true").json()] == ["v1"]


def test_a_former_name_leads_to_the_vessel(client: Client) -> None:
    changed = client.patch("/vessels/v1", {"name": "north", "area": "A"}, content_type=JSON).json()
    assert (changed["name"], changed["area"], changed["former_names"]) == ("north", "A", ["v1"])
    answer = client.get("/vessels/v1?format=json")
    assert (answer.status_code, answer["Location"]) == (301, "/vessels/north?format=json")
    assert answer["Cache-Control"] == "no-store"
    assert client.get(TAGS)["Location"] == "/vessels/north/tags"
    assert client.get(TAGS, follow=True).json() == []
    assert client.patch("/vessels/v1", {"title": "N"}, content_type=JSON).json()["name"] == "north"
    assert bind(client, "fermenter_temp", "temperature").status_code == 201
    refused = make(client, "v1")
    assert (refused.status_code, "north" in refused.json()["detail"]) == (409, True)


def test_a_rename_with_a_wrong_field_changes_nothing(client: Client) -> None:
    answer = client.patch("/vessels/v1", {"name": "north", "rules": {"noon": {}}}, content_type=JSON)
    assert (answer.status_code, answer.json()["field"]) == (400, "rules")
    assert list(Vessel.objects.values_list("name", flat=True)) == ["v1"]


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("name", {"name": "of-groups"}),
        ("name", {"name": "a/b"}),
        ("working_volume_l", {"name": "v2", "working_volume_l": 10**400}),
        ("constants", {"name": "v2", "constants": {"a": "1"}}),
        ("rules.end", {"name": "v2", "rules": {"end": {"role": "weight"}}}),
    ],
)
def test_wrong_fields_are_named(client: Client, field: str, body: dict[str, Any]) -> None:
    answer = client.post("/vessels", body, content_type=JSON)
    assert (answer.status_code, answer.json().get("field")) == (400, field)


def test_tags_are_bound_moved_and_unbound(client: Client) -> None:
    made = bind(client, "fermenter_temp", "temperature", tolerance=0.5).json()
    assert (made["tag"], made["role"], made["function"]) == ("fermenter_temp", "temperature", "measured")
    refused = bind(client, "fermenter_ph", "temperature")
    assert (refused.status_code, "fermenter_temp" in refused.json()["detail"]) == (409, True)
    address = f"{TAGS}/{made['id']}"
    ended = client.patch(address, {"end": "2026-01-31T12:00:00Z"}, content_type=JSON).json()
    assert ended["end"] == "2026-01-31T12:00:00Z"
    assert bind(client, "fermenter_ph", "temperature", begin="2026-01-31T12:00:00Z").status_code == 201
    assert [each["id"] for each in client.get("/vessels/v1").json()["tags"]] == [made["id"], made["id"] + 1]
    assert client.delete(address).status_code == 204
    assert client.delete(address).status_code == 404


def test_a_deleted_tag_leaves_the_vessel_and_no_batch(client: Client) -> None:
    tag = Tag.objects.create(name="lone", valid_min=0, valid_max=1)
    bind(client, "lone", "other")
    client.post("/batches", {"vessel": "v1", "name": "b1"}, content_type=JSON)
    tag.delete()
    assert client.get(TAGS).json() == []
    assert client.get("/batches").json()[0]["name"] == "b1"


def test_vessels_are_made_of_groups(client: Client) -> None:
    Tag.objects.update(group="")
    Tag.objects.filter(name="fermenter_temp").update(group="Reactor 1")
    asked = {"groups": ["Reactor 1"], "dry_run": True}
    expected = {
        "group": "Reactor 1",
        "name": "reactor-1",
        "problem": "",
        "tags": [{"tag": "fermenter_temp", "role": "temperature", "function": "measured"}],
    }
    shown = client.post("/vessels/of-groups", asked, content_type=JSON).json()
    assert shown == {"dry_run": True, "vessels": [expected]}
    assert not VesselTag.objects.exists()
    made = client.post("/vessels/of-groups", {}, content_type=JSON).json()
    assert made == {"dry_run": False, "vessels": [expected]}
    assert client.get("/vessels/reactor-1").json()["tags"][0]["tag"] == "fermenter_temp"


def test_a_list_of_vessels_costs_the_same_with_any_number(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    for name in ("v2", "v3"):
        make(client, name)
        client.post("/batches", {"vessel": name}, content_type=JSON)
    with django_assert_max_num_queries(6):
        assert len(client.get("/vessels").json()) == 3
