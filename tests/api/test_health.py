"""GET /health: whether the system does its work."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from time_machine import TimeMachineFixture

from monitoring.models import Channel, Lease
from monitoring.spool import spool_files

pytestmark = pytest.mark.django_db

FIELDS = {
    "ahead",
    "confirmed",
    "clock_errors_s",
    "status",
    "database",
    "retry_queue_size",
    "dead_letters",
    "set_aside",
    "refused_last_hour",
    "since",
    "notices",
    "definitions",
    "worker",
    "simulator",
    "detection",
    "learning",
    "timestamp",
    "problems",
}


@pytest.fixture(autouse=True)
def clock(time_machine: TimeMachineFixture) -> None:
    """The clock stands still: a worker is silent after five seconds, and a request may take as long."""
    time_machine.move_to(datetime.now(UTC), tick=False)


def heartbeat(*, seconds_ago: float = 1) -> None:
    """A worker that renewed its lease and wrote so long ago."""
    moment = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    Lease.objects.update_or_create(
        source="simulator", defaults={"owner": "w", "renewed_at": moment, "written_until": moment}
    )


def test_all_is_well(client: Client) -> None:
    heartbeat(seconds_ago=2)
    answer = client.get("/health")
    health = answer.json()
    assert answer.status_code == 200
    assert health.keys() == FIELDS
    assert (health["status"], health["database"], health["problems"]) == ("healthy", "connected", [])
    assert (health["worker"], health["simulator"], health["detection"]) == (2, 2, None)
    assert datetime.fromisoformat(health["timestamp"]) == datetime.now(UTC)


def test_without_a_worker_it_is_degraded_and_says_what_to_do(client: Client) -> None:
    answer = client.get("/health")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["worker"]) == ("degraded", None)
    assert "manage.py qcluster" in answer.json()["problems"][0]


def test_a_worker_that_went_silent_degrades_it(client: Client) -> None:
    heartbeat(seconds_ago=60)
    health = client.get("/health").json()
    assert health["status"] == "degraded"
    assert health["worker"] == 60


def test_a_simulator_that_is_off_has_no_age(client: Client, settings: Settings) -> None:
    heartbeat()
    settings.FERMON_SIMULATOR = False
    assert (client.get("/health").json()["status"], client.get("/health").json()["simulator"]) == (
        "healthy",
        None,
    )


def test_readings_that_wait_on_disk_degrade_it(client: Client, keep: Any, reading: dict[str, Any]) -> None:
    heartbeat()
    keep(reading)
    health = client.get("/health").json()
    assert (health["status"], health["retry_queue_size"], health["dead_letters"]) == ("degraded", 1, 1)


def test_while_the_database_is_away_it_is_unhealthy(client: Client, database_away: None) -> None:
    answer = client.get("/health")
    health = answer.json()
    assert answer.status_code == 503
    assert health.keys() == FIELDS
    assert (health["status"], health["database"]) == ("unhealthy", "away")


def test_while_the_database_is_away_it_still_counts_what_is_kept(
    client: Client, post: Any, reading: dict[str, Any], database_away: None
) -> None:
    post("/ingest/batch", [reading, reading])
    assert client.get("/health").json()["retry_queue_size"] == 2


@pytest.mark.parametrize("path", ["/health", "/stats"])
def test_a_broken_data_directory_is_no_server_error(client: Client, data_dir: Path, path: str) -> None:
    data_dir.mkdir()
    spool_files.directory().touch()
    assert client.get(path).status_code == 200


def test_a_channel_that_fails_degrades_it_and_is_named(client: Client) -> None:
    heartbeat()
    Channel.objects.create(
        name="office", kind="webhook", failing_since=datetime.now(UTC), failure="HTTP 410 gone"
    )
    health = client.get("/health").json()
    assert health["status"] == "degraded"
    assert any("office" in problem and "/notifications" in problem for problem in health["problems"])
