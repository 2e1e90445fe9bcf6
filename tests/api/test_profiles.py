"""The profiles API: preview, freeze, read; the golden band in the trend of a batch."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from monitoring.access.token_store import issue_token
from monitoring.models import Batch
from monitoring.models.token import Scope
from tests.batches.golden_plant import MINUTE, make_batch, make_recipe, make_vessel, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def batches() -> list[Batch]:
    vessel, recipe = make_vessel(), make_recipe()
    return [make_batch(vessel, number, recipe, offset=20 * (number == 3)) for number in (1, 2, 3)]


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(path, body, content_type="application/json")


def freeze(client: Client, batches: list[Batch], **more: Any) -> Any:
    body = {"name": "standard", "batches": [batch.pk for batch in batches], **more}
    answer = post(client, "/profiles", body)
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_preview_tells_the_odd_batch_and_stores_nothing(client: Client, batches: list[Batch]) -> None:
    found = post(client, "/profiles/preview", {"batches": [batch.pk for batch in batches]}).json()
    assert found["text"].startswith("Batch b3 differs most: Dissolved oxygen")
    assert "above the others in phase 'feed'" in found["text"]
    assert [member["name"] for member in found["members"]] == ["b1", "b2", "b3"]
    assert found["recipe"] == {"name": "fed-batch", "version": 1}
    assert found["phases"][0]["spreads"]
    assert client.get("/profiles").json() == []


def test_a_single_batch_has_nothing_to_be_compared_with(client: Client, batches: list[Batch]) -> None:
    found = post(client, "/profiles/preview", {"batches": [batches[0].pk]}).json()
    assert found["members"][0]["score"] is None
    assert "tolerances alone" in found["text"]


def test_a_profile_is_frozen_and_read(client: Client, batches: list[Batch]) -> None:
    made = freeze(client, batches, note="first campaign")
    assert (made["version"], made["inputs_changed"], made["note"]) == (1, False, "first campaign")
    assert client.get(f"/profiles/{made['id']}").json() == made
    (item,) = client.get("/profiles", {"recipe": "fed-batch", "profile": "standard"}).json()
    assert item["batches"] == ["b1", "b2", "b3"]
    assert client.get("/profiles", {"recipe": "other"}).json() == []
    assert batches[0].start is not None
    store(batches[0].start + MINUTE / 2, {"v_temp": [38.5]})
    assert client.get(f"/profiles/{made['id']}").json()["inputs_changed"]
    assert client.delete(f"/profiles/{made['id']}").status_code == 405


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"batches": [1]}, "name"),
        ({"name": "a b", "batches": [1]}, "name"),
        ({"name": "standard"}, "batches"),
        ({"name": "standard", "batches": []}, "batches"),
        ({"name": "standard", "batches": ["x"]}, "batches"),
        ({"name": "standard", "batches": [999_999]}, "batches"),
    ],
)
def test_impossible_profiles(client: Client, body: dict[str, Any], field: str) -> None:
    answer = post(client, "/profiles", body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_an_unknown_profile(client: Client) -> None:
    assert client.get("/profiles/9").status_code == 404


def test_a_running_batch_changes_its_profile(client: Client, batches: list[Batch]) -> None:
    made = freeze(client, batches)
    answer = post(client, f"/batches/{batches[0].pk}/profile", {"profile": made["id"]})
    assert answer.status_code == 409
    Batch.objects.filter(pk=batches[2].pk).update(state="running", end=None)
    answer = post(client, f"/batches/{batches[2].pk}/profile", {"profile": made["id"]})
    assert answer.json() == {"batch": batches[2].pk, "profile": {"name": "standard", "version": 1}}


def test_the_trend_has_the_golden_band(client: Client, batches: list[Batch]) -> None:
    query = {"tag": "v_do"}
    path = f"/batches/{batches[0].pk}/trend"
    assert client.get(path, query).json()["golden"] is None
    freeze(client, batches)
    batches[0].phases.filter(name="growth").delete()  # the band has a gap there
    answer = client.get(path, query)
    assert b"NaN" not in answer.content
    golden = answer.json()["golden"]
    assert golden["profile"] == {"name": "standard", "version": 1}
    assert golden["median"][0] is None
    assert golden["low"][-1] < golden["median"][-1] < golden["high"][-1]
    assert {len(golden[name]) for name in ("median", "limit_low", "limit_high")} == {len(golden["eft_h"])}


def test_a_token_with_a_prefix_gets_no_band_of_other_batches(
    client: Client, batches: list[Batch], settings: Settings
) -> None:
    freeze(client, batches)
    settings.FERMON_OPEN = False
    secret = issue_token(name="client", scope=Scope.READ, prefix="v_")
    headers = {"Authorization": f"Token {secret}"}
    answer = client.get(f"/batches/{batches[0].pk}/trend", {"tag": "v_do"}, headers=headers)
    assert answer.json()["golden"] is None
    assert client.get("/profiles", headers=headers).status_code == 403
