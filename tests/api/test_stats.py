"""GET /stats: totals."""

from typing import Any

import pytest
from django.test import Client
from django_q.tasks import async_task

from monitoring.ingest.pipeline import ingest_readings
from monitoring.spool.replay import replay
from monitoring.tasks import queue_retry

pytestmark = pytest.mark.django_db


def test_before_the_first_reading(client: Client) -> None:
    assert client.get("/stats").json() == {
        "total_tags": 3,
        "total_measurements": 0,
        "total_anomalies": 0,
        "anomaly_rate": 0.0,
        "retry_queue_size": 0,
        "retry_queue_status": "clear",
    }


def test_the_rate_is_in_percent(client: Client, reading: dict[str, Any]) -> None:
    ingest_readings(
        [{**reading, "timestamp": f"2024-01-0{day}T00:00:00Z", "value": 44 + day} for day in range(1, 4)]
    )
    stats = client.get("/stats").json()
    assert (stats["total_measurements"], stats["total_anomalies"]) == (3, 2)
    assert stats["anomaly_rate"] == pytest.approx(66.67)


def test_the_newest_measurement_that_is_counted_is_named(client: Client, reading: dict[str, Any]) -> None:
    assert client.get("/stats").headers["Last-Event-ID"] == "0"
    ingest_readings([reading, {**reading, "tag": "fermenter_ph", "value": 7.0}])
    stats = client.get("/stats")
    assert stats.json()["total_measurements"] == 2
    newest = client.get("/data", {"tag": "fermenter_ph"}).json()[0]
    assert stats.headers["Last-Event-ID"] == str(newest["id"])


def test_readings_that_wait_on_disk_are_pending(client: Client, keep: Any, reading: dict[str, Any]) -> None:
    keep(reading, reading)
    stats = client.get("/stats").json()
    assert (stats["retry_queue_size"], stats["retry_queue_status"]) == (2, "pending")
    replay()
    assert client.get("/stats").json()["retry_queue_status"] == "clear"


def test_readings_handed_over_to_a_task_wait_too(client: Client, reading: dict[str, Any]) -> None:
    queue_retry([reading, reading])
    async_task("monitoring.tasks.replay_dead_letters")
    assert client.get("/stats").json()["retry_queue_size"] == 2
    assert client.get("/health").json()["retry_queue_size"] == 2
