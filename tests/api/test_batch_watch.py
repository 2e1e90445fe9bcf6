"""/batches/<id>/watch, /watch/contributions and /deviations."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client
from rest_framework.serializers import BaseSerializer, Field, ListSerializer

from monitoring.api import batch_watch_fields as fields
from monitoring.batches.watch.extent import NO_PROFILE
from monitoring.batches.watched.background import watch_batches
from monitoring.kernel.clock import iso_utc
from monitoring.models import Batch, Recipe, Vessel
from tests.batches.watch_plant import FAULT, MINUTE, MINUTES, NOON, RUNNING, START, courses, make_plant, store

pytestmark = pytest.mark.django_db
AFTER = START + (MINUTES + 1) * MINUTE


@pytest.fixture
def batch() -> Batch:
    made = make_plant()
    store(RUNNING, courses(RUNNING, fault=-30))
    Batch.objects.filter(pk=made.pk).update(state="complete", end=START + MINUTES * MINUTE)
    watch_batches(now=AFTER)
    return made


def get(client: Client, batch: Batch, path: str, **query: str) -> Any:
    answer = client.get(f"/batches/{batch.pk}/{path}", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def assert_shape(shape: Field[Any, Any, Any, Any], value: Any) -> None:
    """The value has the fields that the schema promises, to any depth."""
    if isinstance(shape, ListSerializer):
        for each in value:
            assert_shape(shape.child, each)
    elif isinstance(value, Mapping):
        promised = {name for name, field in shape.fields.items() if field.required}  # type: ignore[attr-defined]
        assert promised <= set(value) <= set(shape.fields)  # type: ignore[attr-defined]
        for name, field in shape.fields.items():  # type: ignore[attr-defined]
            if isinstance(field, BaseSerializer):
                assert_shape(field, value[name])


def test_score_and_deviations_of_a_batch(client: Client, batch: Batch) -> None:
    found = get(client, batch, "watch")
    assert_shape(fields.WatchSerializer(), found)
    assert (found["resolution_s"], found["limit"], found["profile"]) == (60, 1, {"name": "p", "version": 1})
    columns = [found["t"], found["eft_h"], found["maturity"], found["score"], *found["families"].values()]
    columns += [found["t2"]["value"], found["spe"]["value"]]
    assert {len(column) for column in columns} == {MINUTES}
    assert (found["t"][0], found["eft_h"][30]) == (START.timestamp() * 1_000, 0.5)
    assert found["score"][FAULT + 10] > 1 > found["score"][FAULT - 5]
    known = [percent for percent in found["maturity"] if percent is not None]
    assert known == sorted(known)
    assert (known[0], 90 < known[-1] <= 100) == (pytest.approx(0, abs=1), True)
    (deviation,) = found["deviations"]
    assert deviation["batch_name"] == batch.name
    assert deviation["verdict"]["says"] == "undecided"
    assert found["verdict"] is None, "the deviation has ended with the batch"
    assert get(client, batch, "deviations") == {"results": [deviation]}


def test_the_other_addresses_give_the_same(client: Client, batch: Batch) -> None:
    assert get(client, batch, "monitor", points="10") == get(client, batch, "watch", points="10")
    at = iso_utc(START + FAULT * MINUTE)
    assert get(client, batch, "contributions", at=at) == get(client, batch, "watch/contributions", at=at)


def test_a_part_in_buckets_keeps_the_largest_score(client: Client, batch: Batch) -> None:
    whole = get(client, batch, "watch")
    start, end = (iso_utc(START + minute * MINUTE) for minute in (100, 129))
    part = get(client, batch, "watch", start=start, end=end, points="10")
    assert (part["resolution_s"], part["t"]) == (180, whole["t"][100:130:3])
    assert part["score"][4] == max(whole["score"][112:115])
    beyond = get(client, batch, "watch", start="2030-01-01")
    assert (beyond["t"], beyond["score"]) == ([], [])


def test_contributions_to_a_minute(client: Client, batch: Batch) -> None:
    at = START + (FAULT + 10) * MINUTE
    found = get(client, batch, "watch/contributions", at=iso_utc(at))
    assert_shape(fields.ContributionsSerializer(), found)
    first = found["contributions"][0]
    assert (first["channel"], first["tag"], found["at"]) == ("dissolved_oxygen", "w.do", iso_utc(at))
    assert first["ratio"] == pytest.approx(found["score"], rel=1e-3)
    assert first["usual"] - first["value"] == pytest.approx(30, abs=2)
    assert found["sentence"].startswith("Dissolved oxygen falls against golden batches")
    ratios = [each["ratio"] for each in found["contributions"]]
    assert ratios == sorted(ratios, reverse=True)
    answer = client.get(f"/batches/{batch.pk}/watch/contributions", {"at": "2023-01-01"})
    expected = "at: expected a time from 2024-02-10T12:00:00Z to 2024-02-10T14:30:00Z, within the batch"
    assert (answer.status_code, answer.json()["detail"]) == (400, expected)
    calm = get(client, batch, "watch/contributions", at=iso_utc(at - 60 * MINUTE))
    assert calm["sentence"] == "All channels are within their limits."


def test_without_a_profile_the_message_says_what_to_do(client: Client) -> None:
    recipe = Recipe.objects.create(name="other", made_at=NOON, made_by="ann")
    vessel = Vessel.objects.create(name="x", made_at=NOON)
    planned = Batch.objects.create(vessel=vessel, recipe=recipe, name="x1", state="planned", changed_at=NOON)
    assert get(client, planned, "watch")["message"] == "The batch has not started."
    Batch.objects.update(state="running", start=NOON)
    found = get(client, planned, "watch")
    assert_shape(fields.WatchSerializer(), found)
    assert (found["message"], found["score"], found["t2"]) == (NO_PROFILE, [], None)
    answer = client.get(f"/batches/{planned.pk}/watch/contributions", {"at": iso_utc(NOON)})
    assert (answer.status_code, "no golden profile" in answer.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("path", "query", "error"),
    [
        ("watch", {"start": "2024-02-02", "end": "2024-02-01"}, "start: expected to be no later than 'end'"),
        ("watch", {"points": "0"}, "points: expected a whole number from 1 to 5000"),
        ("watch/contributions", {}, "at: expected a time within the batch"),
    ],
)
def test_bad_input_is_named(client: Client, path: str, query: dict[str, str], error: str) -> None:
    answer = client.get(f"/batches/1/{path}", query)
    assert (answer.status_code, answer.json()["detail"]) == (400, error)
    assert client.get(f"/batches/999/{path}", {"at": "2024-02-10"}).status_code == 404
