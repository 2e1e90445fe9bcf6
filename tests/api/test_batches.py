"""GET and POST /batches, GET and PATCH /batches/<id>, and the acts on a batch."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from monitoring.access.token_store import issue_token
from monitoring.kernel.clock import iso_utc
from monitoring.models import Batch
from monitoring.models.token import Scope

pytestmark = pytest.mark.django_db
JSON = "application/json"
NOON = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def vessel(client: Client) -> None:
    client.post("/vessels", {"name": "v1", "title": "North"}, content_type=JSON)
    phases = [{"name": "growth", "typical_duration_s": 28800}, {"name": "feed"}]
    client.post("/recipes", {"name": "fed-batch", "phases": phases}, content_type=JSON)


def at(hours: float) -> str:
    """Return the time so many hours after noon."""
    return iso_utc(NOON + hours * HOUR)


def start(client: Client, batch: str, hours: float = 0, /, **fields: Any) -> Any:
    """Send a batch to start."""
    body = {"vessel": "v1", "name": batch, "start": at(hours), **fields}
    return client.post("/batches", {key: value for key, value in body.items() if value}, content_type=JSON)


def act(client: Client, pk: int, name: str, /, **fields: Any) -> Any:
    """Send an act on a batch."""
    return client.post(f"/batches/{pk}/{name}", fields, content_type=JSON)


def test_a_batch_is_conducted_from_start_to_end(client: Client) -> None:
    started = start(client, "b1", recipe="fed-batch", product="GFP", header={"medium": "M9"})
    assert started.status_code == 201
    pk = started.json()["id"]
    act(client, pk, "inoculate", at=at(1))
    act(client, pk, "phases", at=at(9))
    act(client, pk, "end", at=at(21))
    shown = act(client, pk, "golden", golden=True).json()
    changed_at = shown.pop("changed_at")
    assert changed_at.endswith("Z")
    by = started.json()["started_by"]
    phase = {"source": "api", "by": by}
    assert shown == {
        "id": pk,
        "name": "b1",
        "vessel": "v1",
        "vessel_title": "North",
        "recipe": {"name": "fed-batch", "version": 1},
        "product": "GFP",
        "strain": "",
        "header": {"medium": "M9"},
        "state": "complete",
        "start": at(0),
        "inoculated_at": at(1),
        "end": at(21),
        "start_source": "api",
        "inoculation_source": "api",
        "end_source": "api",
        "started_by": by,
        "ended_by": by,
        "end_reason": "",
        "golden": True,
        "excluded_reason": "",
        "profile": None,
        "elapsed_h": 20,
        "phase": None,
        "phases": [
            {
                "position": 1,
                "name": "growth",
                "start": at(1),
                "end": at(9),
                **phase,
                "typical_duration_s": 28800,
            },
            {
                "position": 2,
                "name": "feed",
                "start": at(9),
                "end": at(21),
                **phase,
                "typical_duration_s": None,
            },
        ],
        "revision": 5,
    }
    assert client.get(f"/batches/{pk}").json() == {**shown, "changed_at": changed_at}


def test_a_running_batch_is_shown_with_the_vessel(client: Client) -> None:
    pk = start(client, "", recipe="fed-batch", inoculated_at=at(1)).json()["id"]
    shown = client.get("/vessels/v1").json()["batch"]
    assert (shown["id"], shown["phase"], shown["state"]) == (pk, "growth", "running")
    since_inoculation = datetime.now(UTC) - NOON - HOUR
    assert shown["elapsed_h"] == pytest.approx(since_inoculation / HOUR, abs=0.1)
    assert re.fullmatch(r"v1-\d{8}-\d{6}", shown["name"])


def test_a_second_batch_is_answered_with_the_name_of_the_first(client: Client) -> None:
    start(client, "b1")
    refused = start(client, "b2", 1)
    assert (refused.status_code, "b1" in refused.json()["detail"]) == (409, True)
    assert start(client, "b2", 1, end_previous=True).status_code == 201
    assert Batch.objects.get(name="b1").end == NOON + HOUR


def test_a_planned_batch_starts_later(client: Client) -> None:
    planned = client.post("/batches", {"vessel": "v1", "name": "b1", "planned": True}, content_type=JSON)
    assert (planned.status_code, planned.json()["state"], planned.json()["start"]) == (201, "planned", None)
    started = act(client, planned.json()["id"], "start", at=at(0), name="Ann").json()
    assert (started["state"], started["started_by"]) == ("running", "Ann (unverified)")


def test_a_past_batch_is_recorded_before_others(client: Client) -> None:
    start(client, "b2", 10)
    past = start(client, "b1", 0, end=at(9), recipe="fed-batch", inoculated_at=at(1)).json()
    assert (past["state"], past["elapsed_h"], past["phases"][0]["end"]) == ("complete", 8, at(9))
    assert start(client, "b0", 8, end=at(9.5)).status_code == 409


def test_moments_are_corrected_and_confirmed(client: Client) -> None:
    pk = start(client, "b1", recipe="fed-batch", inoculated_at=at(1)).json()["id"]
    act(client, pk, "phases", at=at(9))
    moved = act(client, pk, "moments", moment="phase", position=2, at=at(8)).json()
    assert [phase["start"] for phase in moved["phases"]] == [at(1), at(8)]
    assert len(act(client, pk, "moments", moment="phase", position=2, at=None).json()["phases"]) == 1
    assert act(client, pk, "moments", moment="start", at=at(-1)).json()["start"] == at(-1)
    Batch.objects.update(start_source="rule")
    assert act(client, pk, "confirm", moment="start").json()["start_source"] == "person"


def test_an_act_on_an_older_revision_is_refused(client: Client) -> None:
    pk = start(client, "b1").json()["id"]
    act(client, pk, "inoculate", at=at(1), revision=1)
    refused = act(client, pk, "abort", reason="foam", revision=1)
    assert (refused.status_code, "revision 2" in refused.json()["detail"]) == (409, True)
    assert act(client, pk, "abort", reason="foam", revision=2).json()["state"] == "aborted"


def test_the_header_is_edited(client: Client) -> None:
    pk = start(client, "b1").json()["id"]
    asked = {"name": "run-7", "recipe": "fed-batch", "header": {"ph": 7}, "by": "Ann"}
    edited = client.patch(f"/batches/{pk}", asked, content_type=JSON).json()
    assert (edited["name"], edited["recipe"], edited["header"]) == (
        "run-7",
        {"name": "fed-batch", "version": 1},
        {"ph": 7},
    )


def test_the_origin_of_a_button_on_a_page_is_a_person(client: Client) -> None:
    answer = client.post("/batches", {"vessel": "v1"}, content_type=JSON, headers={"X-CSRFToken": "anything"})
    assert answer.json()["start_source"] == "person"


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("vessel", {"vessel": "v9"}),
        ("vessel", {"vessel": ""}),
        ("recipe", {"recipe": "none"}),
        ("recipe_version", {"recipe_version": 1}),
        ("name", {"name": "7"}),
        ("start", {"start": "soon"}),
        ("start", {"start": "2001-01-31T12:00:00Z"}),
        ("start", {"planned": True}),
        ("end", {"end": at(-1)}),
        ("inoculated_at", {"inoculated_at": at(-1)}),
        ("header", {"header": {"a": []}}),
        ("header", {"header": "medium"}),
    ],
)
def test_wrong_fields_of_a_new_batch_are_named(client: Client, field: str, fields: dict[str, Any]) -> None:
    answer = start(client, "b1", **fields)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("field", "name", "fields"),
    [
        ("at", "inoculate", {"at": at(-1)}),
        ("reason", "abort", {}),
        ("moment", "moments", {"at": None}),
        ("at", "moments", {"moment": "end"}),
        ("at", "moments", {"moment": "start", "at": None}),
        ("position", "moments", {"moment": "phase", "at": None}),
        ("golden", "golden", {}),
        ("phase", "phases", {}),
    ],
)
def test_wrong_fields_of_an_act_are_named(
    client: Client, field: str, name: str, fields: dict[str, Any]
) -> None:
    pk = start(client, "b1").json()["id"]
    answer = act(client, pk, name, **fields)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_unknown_batches_and_other_types_are_refused(client: Client) -> None:
    assert client.get("/batches/9").status_code == 404
    assert act(client, 9, "end").status_code == 404
    assert client.post("/batches", "vessel=v1", content_type="text/plain").status_code == 415
    assert client.post("/batches", [], content_type=JSON).status_code == 400


def names(client: Client, query: str) -> list[str]:
    """Return the names of the listed batches."""
    return [batch["name"] for batch in client.get(f"/batches?{query}").json()]


def test_the_list_is_filtered(client: Client) -> None:
    client.post("/vessels", {"name": "v2"}, content_type=JSON)
    for hours, name in ((0, "alpha"), (10, "beta")):
        start(client, name, hours, end=at(hours + 9), recipe="fed-batch")
    start(client, "gamma", 20, vessel="v2")
    client.post("/batches", {"vessel": "v2", "name": "delta", "planned": True}, content_type=JSON)
    Batch.objects.filter(name="beta").update(is_golden=True)
    client.patch("/vessels/v2", {"name": "south"}, content_type=JSON)
    assert names(client, "") == ["delta", "gamma", "beta", "alpha"]
    assert names(client, "vessel=v2") == ["delta", "gamma"]
    assert names(client, "recipe=fed-batch") == ["beta", "alpha"]
    assert names(client, "state=running&state=planned") == ["delta", "gamma"]
    assert names(client, "golden=true") == ["beta"]
    assert names(client, "name=LPH") == ["alpha"]
    assert names(client, f"from={at(9)}&to={at(10)}") == ["beta", "alpha"]
    assert names(client, f"from={at(21)}") == ["gamma"]
    for wrong in ("vessel=v9", "recipe=none", "state=odd", "golden=2", "limit=0", "cursor=x"):
        assert client.get(f"/batches?{wrong}").status_code == 400


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_pages_together_are_the_list(client: Client, limit: int) -> None:
    for number in range(3):
        start(client, f"b{number}", number, end=at(number + 1))
        planned = {"vessel": "v1", "name": f"p{number}", "planned": True}
        client.post("/batches", planned, content_type=JSON)
    address, found = f"/batches?limit={limit}", list[str]()
    while address:
        answer = client.get(address)
        found += [batch["name"] for batch in answer.json()]
        address = answer.headers.get("Link", "<>")[1:].partition(">")[0]
    assert found == ["p2", "p1", "p0", "b2", "b1", "b0"]


def test_a_page_costs_the_same_with_any_number_of_batches(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(4):
        start(client, f"b{number}", number, end=at(number + 1), recipe="fed-batch", inoculated_at=at(number))
    with django_assert_max_num_queries(5):
        assert len(client.get("/batches").json()) == 4


@pytest.mark.parametrize(
    ("scope", "prefix", "read", "written"),
    [(Scope.READ, "", 200, 403), (Scope.READ, "fermenter_", 403, 403), (Scope.INGEST, "", 403, 403)],
)
def test_tokens_of_sources_conduct_nothing(
    client: Client, settings: Settings, scope: Scope, prefix: str, read: int, written: int
) -> None:
    pk = start(client, "b1").json()["id"]
    settings.FERMON_OPEN = False
    header = {"authorization": f"Token {issue_token(name='s', scope=scope, prefix=prefix)}"}
    reads = ("/vessels", "/vessels/v1", "/vessels/v1/tags", "/recipes", "/batches", f"/batches/{pk}")
    assert {client.get(address, headers=header).status_code for address in reads} == {read}
    for address in ("/vessels", "/vessels/v1/tags", "/recipes", "/batches", f"/batches/{pk}/end"):
        answer = client.post(address, {}, content_type=JSON, headers=header)
        assert answer.status_code == written
