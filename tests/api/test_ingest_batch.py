"""POST /ingest/batch: many readings, each with a result of its own."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from monitoring.models import Measurement
from monitoring.spool import spool_files
from tests.patience import stretched

pytestmark = pytest.mark.django_db

JsonPost = Callable[..., Any]
MEBIBYTE = 1024 * 1024


def seconds(count: int, **fields: Any) -> list[dict[str, Any]]:
    """Readings of consecutive seconds."""
    start = datetime(2024, 1, 31, tzinfo=UTC)
    plain = {"tag": "fermenter_temp", "value": 37.0, **fields}
    return [{"timestamp": (start + timedelta(seconds=n)).isoformat(), **plain} for n in range(count)]


def test_results_come_in_the_order_of_the_items(post: JsonPost, reading: dict[str, Any]) -> None:
    acid = {**reading, "tag": "fermenter_ph", "value": 5.5}
    earlier = {**reading, "timestamp": "2024-01-30T12:00:00Z"}
    answer = post("/ingest/batch", [reading, acid, earlier])
    ids = {(row.tag.name, row.timestamp.day): row.pk for row in Measurement.objects.all()}
    assert answer.status_code == 201
    assert answer.json() == {
        "status": "success",
        "processed": 3,
        "results": [
            {
                "tag": "fermenter_temp",
                "status": "success",
                "id": ids["fermenter_temp", 31],
                "is_anomaly": False,
            },
            {"tag": "fermenter_ph", "status": "success", "id": ids["fermenter_ph", 31], "is_anomaly": True},
            {
                "tag": "fermenter_temp",
                "status": "success",
                "id": ids["fermenter_temp", 30],
                "is_anomaly": False,
            },
        ],
    }


def test_of_one_time_in_a_batch_the_first_wins(post: JsonPost, reading: dict[str, Any]) -> None:
    batch = [reading, {**reading, "value": 38.0}, reading]
    first, other, again = post("/ingest/batch", batch).json()["results"]
    assert other["status"] == "error"
    assert other["error"].startswith("value: ")
    assert again == {**first, "status": "duplicate"}
    assert Measurement.objects.get().value == 37.0


def test_a_batch_sent_again_is_all_duplicates_with_the_same_answers(post: JsonPost) -> None:
    batch = [*seconds(30), *seconds(30, tag="fermenter_ph", value=5.2)]
    first = post("/ingest/batch", batch).json()["results"]
    again = post("/ingest/batch", batch)
    assert again.status_code == 201
    assert again.json()["results"] == [{**result, "status": "duplicate"} for result in first]


def test_a_value_stored_before_stays(post: JsonPost, reading: dict[str, Any]) -> None:
    post("/ingest", reading)
    (result,) = post("/ingest/batch", [{**reading, "value": 40}]).json()["results"]
    assert result["status"] == "error"
    assert Measurement.objects.get().value == 37.0


def test_flags_are_those_of_the_readings_one_by_one(post: JsonPost) -> None:
    values = [37.0, 37.1] * 10 + [39.0] + [37.0, 37.1] * 5
    batch = [{**item, "value": value} for item, value in zip(seconds(31), values, strict=True)]
    together = [item["is_anomaly"] for item in post("/ingest/batch", batch[::-1]).json()["results"]][::-1]
    Measurement.objects.all().delete()
    one_by_one = [post("/ingest", item).json()["is_anomaly"] for item in batch]
    assert together == one_by_one
    assert one_by_one.index(True) == 20


def test_the_client_of_the_old_system_works_unchanged(client: Client, post: JsonPost) -> None:
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    values = {"fermenter_temp": 37.5, "fermenter_ph": 7.0, "agitator_rpm": 660.0}
    answer = post("/ingest/batch", [{"timestamp": now, "tag": tag, "value": values[tag]} for tag in values])
    assert answer.status_code == 201
    assert answer.json()["processed"] == 3
    assert [result["is_anomaly"] for result in answer.json()["results"]] == [False, False, True]
    assert set(client.get("/tags").json()["tags"]) == set(values)
    assert client.get("/data", {"tag": "fermenter_temp"}).json()[0]["timestamp"] == f"{now}Z"
    assert len(client.get("/anomalies", {"tag": "agitator_rpm"}).json()) == 1
    assert client.get("/stats").json()["total_measurements"] == 3


def test_an_empty_list_is_a_batch_of_none(post: JsonPost) -> None:
    answer = post("/ingest/batch", [])
    assert answer.status_code == 201
    assert answer.json() == {"status": "success", "processed": 0, "results": []}


@pytest.mark.parametrize("body", ["", "null", "5", '"[]"', "{}", '{"readings": []}', "true"])
def test_a_body_that_is_no_list_is_refused(post: JsonPost, body: str) -> None:
    answer = post("/ingest/batch", body)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("body: expected a list of readings")


@pytest.mark.parametrize("body", ["[", "[{]", "[1,]", "[" * 100_000, b"\xff\xfe[", b"\x80"])
def test_a_body_that_is_no_json_is_refused(post: JsonPost, body: str | bytes) -> None:
    answer = post("/ingest/batch", body)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("body: expected JSON")


def test_ten_thousand_items_are_taken(post: JsonPost) -> None:
    started = time.monotonic()
    answer = post("/ingest/batch", seconds(10_000))
    assert answer.status_code == 201
    assert answer.json()["processed"] == Measurement.objects.count() == 10_000
    assert time.monotonic() - started < stretched(20)


def test_more_than_ten_thousand_items_are_too_many(post: JsonPost) -> None:
    answer = post("/ingest/batch", "[" + ",".join(["{}"] * 10_001) + "]")
    assert answer.status_code == 413
    assert "at most 10000" in answer.json()["detail"]


def test_eight_mebibytes_are_taken_and_not_a_byte_more(post: JsonPost, reading: dict[str, Any]) -> None:
    body = json.dumps([reading]).ljust(8 * MEBIBYTE)
    assert post("/ingest/batch", body).status_code == 201
    answer = post("/ingest/batch", body + " ")
    assert answer.status_code == 413
    assert "8388608 bytes" in answer.json()["detail"]


def test_a_size_that_is_only_claimed_is_too_large(client: Client) -> None:
    answer = client.generic(
        "POST", "/ingest/batch", "[]", content_type="application/json", CONTENT_LENGTH="99999999999"
    )
    assert answer.status_code == 413


@pytest.mark.parametrize("length", ["", "many", "-5", "0"])
def test_a_length_that_is_no_length_is_bad_input(client: Client, length: str) -> None:
    answer = client.generic("POST", "/ingest", "{}", content_type="application/json", CONTENT_LENGTH=length)
    assert answer.status_code == 400
    assert "detail" in answer.json()


@pytest.mark.parametrize("path", ["/ingest", "/ingest/batch"])
def test_a_body_in_chunks_is_told_what_it_lacks(client: Client, path: str) -> None:
    answer = client.post(
        path, "[]", content_type="application/json", CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked"
    )
    assert answer.status_code == 411
    assert "Content-Length" in answer.json()["detail"]


def test_while_the_database_is_away_what_may_be_valid_is_kept(
    post: JsonPost, reading: dict[str, Any], database_away: None
) -> None:
    answer = post("/ingest/batch", [reading, 5, {**reading, "value": 46.0, "tag": "fermenter_ph"}])
    assert answer.status_code == 202
    assert answer.json()["status"] == "queued_for_retry"
    assert answer.json()["processed"] == 3
    statuses = [result["status"] for result in answer.json()["results"]]
    assert statuses == ["queued_for_retry", "error", "queued_for_retry"]
    assert spool_files.pending_count() == 2


def test_a_full_disk_takes_nothing_of_the_batch(
    post: JsonPost, reading: dict[str, Any], database_away: None, settings: Settings
) -> None:
    settings.FERMON_DEAD_LETTER_BYTES = 100
    answer = post("/ingest/batch", [reading] * 3)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert spool_files.pending_count() == 0
