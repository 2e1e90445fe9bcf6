"""/batches/<id>/annotations, and notes on vessels and batches in /notes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from time_machine import TimeMachineFixture

from monitoring.batches.lifecycle import NewBatch, end_batch, start_batch
from monitoring.kernel.actor import Actor
from monitoring.models import Batch, Tag, Vessel

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN = Actor("ann", "login")


@pytest.fixture(autouse=True)
def vessel(time_machine: TimeMachineFixture) -> Vessel:
    time_machine.move_to(NOON, tick=False)
    return Vessel.objects.create(name="v1", made_at=NOON)


@pytest.fixture
def batch(vessel: Vessel) -> Batch:
    """A batch from eight to ten o'clock."""
    pk = start_batch(NewBatch("v1", "b1", start=NOON - 4 * HOUR), actor=ANN).pk
    return end_batch(pk, at=NOON - 2 * HOUR, actor=ANN)


def write(client: Client, text: str, hour: int = 9, **fields: Any) -> dict[str, Any]:
    start = f"2026-03-01T{hour:02}:00:00Z"
    answer = client.post("/notes", {"text": text, "start": start, **fields}, content_type="application/json")
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


def texts(client: Client, path: str) -> list[str]:
    return [note["text"] for note in client.get(path).json()]


def test_an_annotation_is_a_note_on_the_batch_and_its_vessel(client: Client, batch: Batch) -> None:
    body = {"text": "Calibrated the pH probe.", "kind": "calibration", "start": "2026-03-01T09:30:00Z"}
    answer = client.post(f"/batches/{batch.pk}/annotations", body, content_type="application/json")
    note = answer.json()
    assert (answer.status_code, note["kind"], note["elapsed_h"], note["end_elapsed_h"]) == (
        *(201, "calibration", 1.5),
        None,
    )
    assert (note["vessel"], note["batch"], note["batch_name"]) == ("v1", batch.pk, "b1")
    (listed,) = client.get(f"/batches/{batch.pk}/annotations").json()
    assert {**listed, "versions": note["versions"]} == note


def test_versions_keep_vessel_batch_and_kind(client: Client, batch: Batch) -> None:
    pk = write(client, "Fed by hand.", batch=batch.pk)["id"]
    body = {"version": 1, "kind": "intervention"}
    changed = client.patch(f"/notes/{pk}", body, content_type="application/json").json()
    assert (changed["kind"], changed["version"]) == ("intervention", 2)
    Vessel.objects.update(name="renamed")
    found = [
        (each["vessel"], each["batch"], each["kind"])
        for each in client.get(f"/notes/{pk}").json()["versions"]
    ]
    assert found == [("v1", "b1", "intervention"), ("v1", "b1", "note")]


def test_notes_on_the_vessel_in_the_time_of_the_batch_belong_to_the_batch(
    client: Client, batch: Batch
) -> None:
    write(client, "own, before", 7, batch=batch.pk)
    write(client, "before", 7, vessel="v1")
    write(client, "touches", 7, vessel="v1", end="2026-03-01T08:30:00Z")
    write(client, "within", 9, vessel="v1")
    write(client, "after", 10, vessel="v1")
    write(client, "plant", 9)
    other = start_batch(NewBatch("v1", "b2", start=NOON - 2 * HOUR), actor=ANN)
    write(client, "of the other", 9, batch=other.pk)
    path = f"/batches/{batch.pk}/annotations"
    assert texts(client, path) == ["own, before", "touches", "within"]
    assert texts(client, f"/notes?order=asc&batch={batch.pk}") == ["own, before", "touches", "within"]
    assert texts(client, f"/batches/{other.pk}/annotations?order=desc") == ["after", "of the other"]
    first = client.get(f"{path}?limit=2")
    assert texts(client, first["Link"].split(">")[0][1:]) == ["within"]


def test_notes_are_filtered_by_vessel_kind_and_text(client: Client, batch: Batch) -> None:
    write(client, "Foam at 100%", vessel="v1", kind="deviation")
    write(client, "foam knocked down", batch=batch.pk, kind="intervention")
    write(client, "foam elsewhere", tag="fermenter_temp")
    assert texts(client, "/notes?vessel=v1") == ["foam knocked down", "Foam at 100%"]
    assert texts(client, "/notes?kind=deviation") == ["Foam at 100%"]
    assert texts(client, "/notes?search=knocked&vessel=v1") == ["foam knocked down"]
    assert texts(client, "/notes?search=100%25") == ["Foam at 100%"]
    assert texts(client, f"/batches/{batch.pk}/annotations?kind=intervention") == ["foam knocked down"]


def test_a_renamed_vessel_keeps_its_notes_under_both_names(client: Client, vessel: Vessel) -> None:
    write(client, "said", vessel="v1")
    vessel.former_names.create(name="v1")
    Vessel.objects.update(name="v9")
    assert texts(client, "/notes?vessel=v1") == texts(client, "/notes?vessel=v9") == ["said"]
    assert write(client, "again", vessel="v1")["vessel"] == "v9"


def test_a_note_on_a_vessel_stands_at_the_tags_that_were_bound_then(client: Client, vessel: Vessel) -> None:
    temp, ph = (Tag.objects.get(name=name) for name in ("fermenter_temp", "fermenter_ph"))
    vessel.bindings.create(tag=temp, role="temperature", end=NOON - 3 * HOUR)
    vessel.bindings.create(tag=ph, role="ph", begin=NOON - 3 * HOUR)
    assert write(client, "early", 8, vessel="v1")["tags"] == ["fermenter_temp"]
    assert write(client, "late", 9, vessel="v1")["tags"] == ["fermenter_ph"]
    write(client, "plant", 9)
    assert texts(client, "/notes?tag=fermenter_temp") == ["plant", "early"]
    assert texts(client, "/notes?tag=fermenter_ph") == ["plant", "late"]
    assert texts(client, "/notes?tag=agitator_rpm") == ["plant"]
    assert [note["tags"] for note in client.get("/notes?order=asc").json()] == [
        ["fermenter_temp"],
        ["fermenter_ph"],
        [],
    ]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"vessel": "v7"}, "vessel: unknown vessel 'v7'"),
        ({"batch": 999}, "batch: there is no batch 999"),
        ({"batch": "b1"}, "batch: expected the id of a batch"),
        ({"kind": "rumour"}, "kind: expected one of note, intervention, calibration, deviation"),
        ({"vessel": "v1", "group": "Vessel 1"}, "group: expected either a group"),
    ],
)
def test_what_is_wrong_with_a_subject_is_told(client: Client, fields: dict[str, Any], words: str) -> None:
    answer = client.post("/notes", {"text": "x", **fields}, content_type="application/json")
    assert (answer.status_code, answer.json()["detail"][: len(words)]) == (400, words)
    listed = client.get("/notes", {name: value for name, value in fields.items() if name != "group"})
    assert listed.status_code == (200 if "group" in fields else 400)


def test_a_batch_of_another_vessel_contradicts(client: Client, batch: Batch) -> None:
    Vessel.objects.create(name="v2", made_at=NOON)
    answer = client.post(
        "/notes", {"text": "x", "vessel": "v2", "batch": batch.pk}, content_type="application/json"
    )
    assert answer.json()["detail"] == "batch: batch b1 is one of vessel v1"
    assert client.get("/batches/999/annotations").status_code == 404
