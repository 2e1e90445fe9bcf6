"""/batches/<id>/samples: added, corrected and withdrawn; each value that was entered stays readable."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from time_machine import TimeMachineFixture

from monitoring.batches.lifecycle import NewBatch, inoculate, plan_batch, start_batch
from monitoring.kernel.actor import Actor
from monitoring.models import Batch, Sample, Vessel

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN = Actor("ann", "login")
OD, GLUCOSE = {"analyte": "od600", "value": 12.5}, {"analyte": "glucose", "value": 4, "method": "HPLC"}


@pytest.fixture(autouse=True)
def batch(time_machine: TimeMachineFixture) -> Batch:
    """A batch that was started four hours ago, and inoculated an hour later."""
    time_machine.move_to(NOON, tick=False)
    Vessel.objects.create(name="v1", made_at=NOON)
    pk = start_batch(NewBatch("v1", "b1", start=NOON - 4 * HOUR), actor=ANN).pk
    return inoculate(pk, at=NOON - 3 * HOUR, actor=ANN)


def send(client: Client, path: str, **fields: Any) -> Any:
    return client.post(f"/batches/{path}", fields, content_type="application/json")


def add(client: Client, batch: Batch, *results: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = send(client, f"{batch.pk}/samples", results=results, **fields)
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_a_sample_has_number_time_elapsed_time_and_results(client: Client, batch: Batch) -> None:
    sample = add(client, batch, OD, GLUCOSE, comment="foam", name="Anna")
    assert (sample["number"], sample["taken_at"], sample["elapsed_h"], sample["outside"]) == (
        *(1, "2026-03-01T12:00:00Z", 3.0),
        False,
    )
    assert (sample["entered_by"], sample["comment"]) == ("Anna (unverified)", "foam")
    found = [(each["title"], each["value"], each["unit"], each["method"]) for each in sample["results"]]
    assert found == [("OD600", 12.5, "", ""), ("Glucose", 4.0, "g/L", "HPLC")]
    earlier = add(client, batch, taken_at="2026-03-01T08:30:00Z")
    assert (earlier["number"], earlier["elapsed_h"], earlier["results"]) == (2, -0.5, [])
    listed = client.get(f"/batches/{batch.pk}/samples").json()
    assert [each["number"] for each in listed] == [2, 1]
    assert client.get(f"/batches/{batch.pk}/samples/1").json() == listed[1]


def test_results_come_later(client: Client, batch: Batch) -> None:
    add(client, batch, OD)
    answer = send(client, f"{batch.pk}/samples/1/results", results=[GLUCOSE])
    assert (answer.status_code, [each["analyte"] for each in answer.json()["results"]]) == (
        201,
        ["od600", "glucose"],
    )


def test_a_correction_keeps_what_was(client: Client, batch: Batch) -> None:
    result = add(client, batch, OD, GLUCOSE, name="Anna")["results"][0]["id"]
    answer = send(client, f"{batch.pk}/samples/1/results/{result}/correct", value=11, reason="typing error")
    first, second = answer.json()["results"]
    assert (first["analyte"], first["value"], first["reason"]) == ("od600", 11.0, "typing error")
    assert [(old["value"], old["entered_by"]) for old in first["history"]] == [(12.5, "Anna (unverified)")]
    assert second["history"] == []
    again = send(client, f"{batch.pk}/samples/1/results/{result}/correct", value=10)
    assert (again.status_code, "has corrected this result to 11 since" in again.json()["detail"]) == (
        409,
        True,
    )


def test_a_withdrawn_sample_leaves_the_list_and_stays_readable(client: Client, batch: Batch) -> None:
    add(client, batch, OD)
    assert send(client, f"{batch.pk}/samples/1/withdraw", reason="").status_code == 400
    gone = send(client, f"{batch.pk}/samples/1/withdraw", reason="wrong vessel").json()
    assert (gone["withdrawn_at"], gone["reason"]) == ("2026-03-01T12:00:00Z", "wrong vessel")
    assert client.get(f"/batches/{batch.pk}/samples").json() == []
    assert client.get(f"/batches/{batch.pk}/samples?withdrawn=true").json() == [gone]
    assert client.get(f"/batches/{batch.pk}/samples/1").json() == gone
    assert send(client, f"{batch.pk}/samples/1/results", results=[OD]).status_code == 409


def test_a_sample_follows_the_moved_times_of_its_batch(client: Client, batch: Batch) -> None:
    add(client, batch, OD, taken_at="2026-03-01T08:30:00Z")
    Batch.objects.update(start=NOON - 3 * HOUR, inoculated_at=NOON - 2 * HOUR)
    (sample,) = client.get(f"/batches/{batch.pk}/samples").json()
    assert (sample["elapsed_h"], sample["outside"]) == (-1.5, True)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"taken_at": "noon"}, "taken_at: expected ISO 8601"),
        ({"taken_at": "2026-03-01T07:00:00Z"}, "taken_at: expected a time of the batch"),
        ({"taken_at": "2026-03-01T13:00:00Z"}, "taken_at: expected a time that is not in the future"),
        ({"results": {}}, "results: expected a list"),
        ({"results": [OD] * 51}, "results: expected at most 50"),
        ({"results": [{"analyte": "OD 600", "value": 1}]}, "analyte: expected a name as glucose"),
        ({"results": [{"analyte": "od600"}]}, "value: missing; expected a number"),
        ({"results": [{"analyte": "od600", "value": "12,5"}]}, "value: expected a number"),
        ({"results": [{"analyte": "od600", "value": True}]}, "value: expected a number"),
        ({"results": [{"analyte": "od600", "value": 10**400}]}, "value: expected a finite number"),
        ({"results": [{"analyte": "od600", "value": 3000}]}, "value: expected OD600 from 0 to 300, got 3000"),
        ({"results": [{**GLUCOSE, "unit": "mmol/L"}]}, "unit: expected Glucose in g/L, got 'mmol/L'"),
    ],
)
def test_what_is_wrong_with_a_field_is_told(
    client: Client, batch: Batch, fields: dict[str, Any], words: str
) -> None:
    answer = send(client, f"{batch.pk}/samples", **fields)
    assert (answer.status_code, answer.json()["detail"][: len(words)]) == (400, words)
    assert not Sample.objects.exists()


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_a_value_that_is_not_finite_is_refused(client: Client, batch: Batch, text: str) -> None:
    body = f'{{"results": [{{"analyte": "od600", "value": {text}}}]}}'
    answer = client.post(f"/batches/{batch.pk}/samples", body, content_type="application/json")
    assert answer.status_code == 400


def test_what_does_not_exist_is_told(client: Client, batch: Batch) -> None:
    assert "there is no batch 999" in client.get("/batches/999/samples").json()["detail"]
    assert client.get(f"/batches/{batch.pk}/samples/7").status_code == 404
    assert send(client, f"{batch.pk}/samples/7/withdraw", reason="x").status_code == 404
    planned = plan_batch(NewBatch("v1", "b2"), actor=ANN)
    assert "start the batch first" in send(client, f"{planned.pk}/samples").json()["detail"]
