"""POST /ingest: one reading."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from monitoring.models import Measurement, Refusal, Tag
from monitoring.spool import spool_files
from monitoring.spool.replay import replay

pytestmark = pytest.mark.django_db

JsonPost = Callable[..., Any]
Outage = Callable[[], AbstractContextManager[None]]


def test_a_reading_is_stored(post: JsonPost, reading: dict[str, Any]) -> None:
    answer = post("/ingest", reading)
    row = Measurement.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {"status": "success", "id": row.pk, "is_anomaly": False}
    assert (row.tag.name, row.value, row.timestamp.isoformat()) == (
        "fermenter_temp",
        37.0,
        "2024-01-31T12:00:00+00:00",
    )


def test_a_value_outside_the_limits_is_an_anomaly(post: JsonPost, reading: dict[str, Any]) -> None:
    assert post("/ingest", {**reading, "value": 45.1}).json()["is_anomaly"] is True


def test_the_same_again_is_a_duplicate_with_the_same_answer(post: JsonPost, reading: dict[str, Any]) -> None:
    first = post("/ingest", {**reading, "value": 46})
    again = post("/ingest", {**reading, "value": 46.0})
    assert again.status_code == 200
    assert again.json() == {**first.json(), "status": "duplicate"}
    assert Measurement.objects.count() == 1


@pytest.mark.parametrize(
    ("on_conflict", "status", "stays"), [("keep_first", "kept_first", 37.0), ("keep_last", "replaced", 46.0)]
)
def test_a_tag_may_settle_a_conflict_by_itself(
    client: Client, post: JsonPost, reading: dict[str, Any], on_conflict: str, status: str, stays: float
) -> None:
    Tag.objects.filter(name=reading["tag"]).update(on_conflict=on_conflict)
    post("/ingest", reading)
    other = reading | {"value": 46.0}
    answer = post("/ingest", other)
    (item,) = client.get("/data").json()
    assert item["value"] == stays
    assert answer.status_code == 200
    assert answer.json() == {"status": status, "id": item["id"], "is_anomaly": item["is_anomaly"]}
    again = "kept_first" if on_conflict == "keep_first" else "duplicate"
    result = {"tag": reading["tag"], "status": again, "id": item["id"], "is_anomaly": item["is_anomaly"]}
    assert post("/ingest/batch", [other]).json()["results"] == [result]


def test_another_value_at_that_time_is_a_conflict_and_changes_nothing(
    post: JsonPost, reading: dict[str, Any]
) -> None:
    post("/ingest", reading)
    answer = post("/ingest", {**reading, "value": 38.0})
    assert answer.status_code == 409
    assert "is stored as 37" in answer.json()["detail"]
    assert Measurement.objects.get().value == 37.0


@pytest.mark.parametrize(
    "same_moment",
    [
        "2024-01-31T12:00:00",
        "2024-01-31 12:00:00.000000",
        "2024-01-31T12:00",
        "20240131T120000Z",
        "2024-01-31t12:00:00z",
        "2024-01-31T14:00:00+02:00",
        "2024-01-31 14:00:00 +0200",
        "2024-01-31T06:30:00-05:30",
    ],
)
def test_a_naive_timestamp_is_utc_and_an_offset_is_converted(
    post: JsonPost, reading: dict[str, Any], same_moment: str
) -> None:
    post("/ingest", reading)
    assert post("/ingest", {**reading, "timestamp": same_moment}).json()["status"] == "duplicate"


@pytest.mark.parametrize(
    "same_moment", [1706702400, 1706702400.0, 1706702400.0000002, 1706702400000, 1706702400000.0]
)
def test_a_number_is_epoch_seconds_or_milliseconds(
    post: JsonPost, reading: dict[str, Any], same_moment: float
) -> None:
    post("/ingest", reading)
    assert post("/ingest", {**reading, "timestamp": same_moment}).json()["status"] == "duplicate"


def test_microseconds_are_kept(client: Client, post: JsonPost, reading: dict[str, Any]) -> None:
    post("/ingest", {**reading, "timestamp": "2024-01-31T12:00:00.123456"})
    assert client.get("/data").json()[0]["timestamp"] == "2024-01-31T12:00:00.123456Z"


def test_what_else_a_reading_carries_is_let_be(post: JsonPost, reading: dict[str, Any]) -> None:
    assert post("/ingest", {**reading, "unit": "°C", "id": 7}).status_code == 201


@pytest.mark.parametrize(
    ("body", "begin"),
    [
        (b"", "tag: missing"),
        (b"{}", "tag: missing"),
        (b"null", "reading: expected an object"),
        (b"5", "reading: expected an object"),
        (b'"reading"', "reading: expected an object"),
        (b"[]", "reading: expected an object"),
        (b"{", "body: expected JSON"),
        (b"timestamp=now", "body: expected JSON"),
        (b"<reading/>", "body: expected JSON"),
        (b"\x00", "body: expected JSON"),
        (b'{"tag": "\xff"}', "body: expected JSON"),
        (b"[" * 100_000, "body: expected JSON"),
        (b'{"a":' * 100_000, "body: expected JSON"),
        (b"{} {}", "body: expected JSON"),
    ],
)
def test_a_body_that_is_no_reading_is_refused(post: JsonPost, body: bytes, begin: str) -> None:
    answer = post("/ingest", body)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(begin)


def test_a_byte_order_mark_does_no_harm(post: JsonPost, reading: dict[str, Any]) -> None:
    assert post("/ingest", b"\xef\xbb\xbf" + json.dumps(reading).encode()).status_code == 201


@pytest.mark.parametrize("depth", range(900, 1000, 7))
def test_no_depth_of_nesting_is_a_server_error(post: JsonPost, reading: dict[str, Any], depth: int) -> None:
    nested = "[" * depth + "]" * depth
    for body in (nested, json.dumps({**reading, "value": "@"}).replace('"@"', nested)):
        assert post("/ingest", body).status_code == 400


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded", "json", ""]
)
def test_another_content_type_is_refused(client: Client, reading: dict[str, Any], kind: str) -> None:
    answer = client.generic("POST", "/ingest", json.dumps(reading), content_type=kind)
    assert answer.status_code == 415
    assert "detail" in answer.json()


def test_while_the_database_is_away_the_reading_is_kept_on_disk(
    post: JsonPost, reading: dict[str, Any], database_away: None
) -> None:
    answer = post("/ingest", reading)
    assert answer.status_code == 202
    assert answer.json() == {"status": "queued_for_retry"}
    lines = (spool_files.directory() / "pending.jsonl").read_text().splitlines()
    assert [json.loads(line)["reading"] for line in lines] == [reading]


@pytest.mark.parametrize("field", ["value", "note"])
@pytest.mark.parametrize("depth", range(850, 1000, 7))
def test_no_depth_of_nesting_is_a_server_error_while_the_database_is_away(
    post: JsonPost, reading: dict[str, Any], database_away: None, field: str, depth: int
) -> None:
    body = json.dumps({**reading, field: "@"}).replace('"@"', "[" * depth + "]" * depth)
    assert post("/ingest", body).status_code in {202, 400}


def test_a_token_is_not_looked_up_while_anybody_may_write(
    post: JsonPost, reading: dict[str, Any], database_away: None
) -> None:
    assert post("/ingest", reading, headers={"authorization": "Token abc"}).status_code == 202


@pytest.mark.parametrize("bad", [{"value": 99}, {"tag": "nowhere"}, {"timestamp": "soon"}])
def test_bad_input_is_refused_while_the_database_is_away(
    post: JsonPost, reading: dict[str, Any], outage: Outage, bad: dict[str, Any]
) -> None:
    post("/ingest", reading)  # since then this process knows the tags
    with outage():
        assert post("/ingest", {**reading, **bad}).status_code == 400
    assert spool_files.pending_count() == 0


def test_what_was_kept_is_stored_with_its_flag_once_the_database_is_back(
    client: Client, post: JsonPost, reading: dict[str, Any], outage: Outage
) -> None:
    with outage():
        for _ in range(2):
            post("/ingest", {**reading, "value": 46.0})
    assert client.get("/stats").json()["retry_queue_size"] == 2
    assert replay() == 2
    (anomaly,) = client.get("/anomalies").json()
    assert (anomaly["value"], anomaly["reasons"]) == (46.0, ["above_limit"])
    assert client.get("/stats").json()["retry_queue_status"] == "clear"


def test_when_even_the_disk_is_full_the_source_is_told_to_wait(
    post: JsonPost, reading: dict[str, Any], database_away: None, settings: Settings
) -> None:
    settings.FERMON_DEAD_LETTER_BYTES = 10
    answer = post("/ingest", reading)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "send them again" in answer.json()["detail"]


def test_behind_a_proxy_a_refusal_names_who_sent_it(
    post: JsonPost, reading: dict[str, Any], settings: Settings
) -> None:
    settings.FERMON_PROXIES = 1
    post("/ingest", reading | {"value": 1000}, headers={"X-Forwarded-For": "10.0.0.6, 10.0.0.7:4711"})
    assert Refusal.objects.get().source == "10.0.0.7"
