"""GET, POST and PATCH /recipes."""

from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db
JSON = "application/json"
PHASES = [{"name": "growth", "typical_duration_s": 28800}, {"name": "feed"}]


@pytest.fixture(autouse=True)
def recipe(client: Client) -> None:
    answer = client.post("/recipes", {"name": "fed-batch", "phases": PHASES}, content_type=JSON)
    assert answer.status_code == 201


def change(client: Client, **fields: Any) -> Any:
    """Send a change of the recipe."""
    return client.patch("/recipes/fed-batch", fields, content_type=JSON)


def test_versions_are_listed_and_shown(client: Client) -> None:
    client.post("/vessels", {"name": "v1"}, content_type=JSON)
    client.post("/batches", {"vessel": "v1", "recipe": "fed-batch"}, content_type=JSON)
    assert change(client, phases=[*PHASES, {"name": "harvest"}]).json()["version"] == 2
    assert [(each["name"], each["version"]) for each in client.get("/recipes").json()] == [
        ("fed-batch", 2),
        ("fed-batch", 1),
    ]
    names = {
        version: [
            phase["name"] for phase in client.get(f"/recipes/fed-batch?version={version}").json()["phases"]
        ]
        for version in (1, 2)
    }
    assert names == {1: ["growth", "feed"], 2: ["growth", "feed", "harvest"]}
    assert client.get("/recipes/fed-batch").json()["version"] == 2


def test_a_version_is_retired_and_offered_again(client: Client) -> None:
    assert change(client, retired=True, version=1).json()["retired"] is True
    assert client.get("/recipes").json() == []
    assert client.get("/recipes/fed-batch").status_code == 404
    assert len(client.get("/recipes?retired=true").json()) == 1
    change(client, retired=False, version=1)
    assert client.get("/recipes/fed-batch").status_code == 200


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        (400, {"retired": True}),
        (400, {"retired": True, "version": 1, "description": "x"}),
        (400, {"phases": []}),
        (400, {"phases": [{"name": "a", "coordinate": "total"}]}),
        (404, {"retired": True, "version": 9}),
    ],
)
def test_a_wrong_change_is_refused(client: Client, code: int, fields: dict[str, Any]) -> None:
    assert change(client, **fields).status_code == code


def test_a_name_is_used_once(client: Client) -> None:
    answer = client.post("/recipes", {"name": "fed-batch", "phases": PHASES}, content_type=JSON)
    assert (answer.status_code, "fed-batch" in answer.json()["detail"]) == (409, True)
    assert client.patch("/recipes/batch", {"description": "x"}, content_type=JSON).status_code == 404
