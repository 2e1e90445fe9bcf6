"""GET /batches/<id>/trend: a tag over the elapsed time of a batch."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from monitoring.access.token_store import issue_token
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Batch, Tag, Vessel
from monitoring.models.token import Scope

pytestmark = pytest.mark.django_db

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
NOON_MS = 1_706_702_400_000
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def batch() -> Batch:
    """From noon to 14:00, inoculated at 12:30, with a temperature and its setpoint."""
    vessel = Vessel.objects.create(name="v1", made_at=NOON)
    sp = Tag.objects.create(name="sp_temp", valid_min=0, valid_max=99)
    vessel.bindings.create(tag=Tag.objects.get(name="fermenter_temp"), role="temperature")
    vessel.bindings.create(tag=sp, role="temperature", function="setpoint")
    moments = {"start": NOON, "inoculated_at": NOON + HOUR / 2, "end": NOON + 2 * HOUR}
    readings = [("fermenter_temp", 0, 36), ("fermenter_temp", 60, 37), ("sp_temp", 30, 37)]
    ingest_readings(
        [
            {"timestamp": (NOON + minute * MINUTE).isoformat(), "tag": tag, "value": value}
            for tag, minute, value in readings
        ]
    )
    return Batch.objects.create(vessel=vessel, name="b1", state="complete", changed_at=NOON, **moments)


def get(client: Client, batch: Batch, **query: Any) -> Any:
    answer = client.get(f"/batches/{batch.pk}/trend", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_tag_over_elapsed_time(client: Client, batch: Batch) -> None:
    found = get(client, batch, role="temperature")
    assert found["tag"] == "fermenter_temp"
    assert (found["unit"], found["role"]) == ("°C", "temperature")
    assert found["t"] == [NOON_MS, NOON_MS + 3_600_000]
    assert found["eft_h"] == [-0.5, 0.5]
    assert found["min"] == found["max"] == found["mean"] == [36, 37]
    assert found["setpoint"]["tag"] == "sp_temp"
    assert found["setpoint"]["eft_h"] == [0, 1.5]
    assert found["setpoint"]["value"] == [37, 37]


def test_a_part_of_the_batch(client: Client, batch: Batch) -> None:
    found = get(client, batch, tag="fermenter_temp", **{"from": "2024-01-31T12:30", "to": "2024-02-01"})
    assert found["eft_h"] == [0.5]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "tag"),
        ({"tag": "fermenter_temp", "role": "temperature"}, "tag"),
        ({"tag": "nothing"}, "tag"),
        ({"tag": "fermenter_ph"}, "tag"),
        ({"role": "other"}, "role"),
        ({"role": "ph"}, "role"),
    ],
)
def test_a_request_without_one_subject_is_an_error(
    client: Client, batch: Batch, query: dict[str, str], field: str
) -> None:
    answer = client.get(f"/batches/{batch.pk}/trend", query)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_an_unknown_batch(client: Client) -> None:
    assert client.get("/batches/9/trend", {"role": "ph"}).status_code == 404


def test_a_token_with_a_prefix_reads_its_tags_only(client: Client, batch: Batch, settings: Settings) -> None:
    settings.FERMON_OPEN = False
    secret = issue_token(name="client", scope=Scope.READ, prefix="fermenter_")
    headers = {"Authorization": f"Token {secret}"}
    answer = client.get(f"/batches/{batch.pk}/trend", {"tag": "fermenter_temp"}, headers=headers)
    assert answer.json()["setpoint"] is None
    for query in ({"tag": "sp_temp"}, {"role": "temperature"}):
        assert client.get(f"/batches/{batch.pk}/trend", query, headers=headers).status_code == 403
