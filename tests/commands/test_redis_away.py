"""With ``REDIS_URL`` set everything goes on when Redis is killed, and when it is back."""

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any

import psutil
import pytest

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
QUEUE = "from django_q.tasks import async_task; async_task('monitoring.tasks.prune_tasks')"


@pytest.fixture
def plant(system: Any, redis_server: Any, wait_until: Callable[..., Any]) -> Any:
    """A web server and a worker that know of Redis."""
    system.environment |= {"REDIS_URL": redis_server.url}
    system.migrate()
    system.run("manage.py", "serve")
    system.run("manage.py", "qcluster")
    wait_until(lambda: system.get("/health"))
    system.wait_for_more()
    return system


@pytest.fixture
def streamed(plant: Any) -> Iterator[list[int]]:
    """The ids that a client of the stream is sent, as they come."""
    ids: list[int] = []
    with closing(HTTPConnection("127.0.0.1", plant.port, timeout=60)) as connection:
        connection.request("GET", "/stream", headers={"Accept": "text/event-stream"})
        answer = connection.getresponse()

        def follow() -> None:
            for line in iter(answer.readline, b""):
                if line.startswith(b"id: "):
                    ids.append(int(line.removeprefix(b"id: ")))

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        yield ids
        for command in plant.commands:
            for process in command.family():
                with suppress(psutil.NoSuchProcess):  # it has ended with its parent
                    process.kill()
        thread.join(20)
        answer.close()


def post(plant: Any, minute: int) -> tuple[int, int]:
    """Sends a reading; how it was answered, and its id."""
    timestamp = (NOON + timedelta(minutes=minute)).isoformat()
    body = json.dumps({"timestamp": timestamp, "tag": "fermenter_temp", "value": 37.0}).encode()
    address = f"http://127.0.0.1:{plant.port}/ingest"
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return answer.status, json.load(answer)["id"]


def work_off_a_task(plant: Any, wait_until: Callable[..., Any]) -> None:
    done = "SELECT count(*) FROM django_q_task WHERE success AND func = 'monitoring.tasks.prune_tasks'"
    before = plant.select(done)
    assert plant.run("manage.py", "shell", "-v", "0", "-c", QUEUE).end(60) == 0
    wait_until(lambda: plant.select(done) > before)


def test_nothing_stops_or_is_lost_when_redis_is_killed_and_started_again(
    plant: Any, streamed: list[int], redis_server: Any, wait_until: Callable[..., Any]
) -> None:
    for minute, change in enumerate([lambda: None, redis_server.kill, redis_server.start]):
        change()
        status, number = post(plant, minute)
        assert status == 201
        wait_until(lambda number=number: number in streamed)
        work_off_a_task(plant, wait_until)
        plant.wait_for_more()
    assert sorted(streamed) == streamed


def test_it_starts_without_redis(system: Any, wait_until: Callable[..., Any]) -> None:
    system.environment |= {"REDIS_URL": "redis://127.0.0.1:1/0"}
    system.migrate()
    system.run("manage.py", "serve")
    health = wait_until(lambda: system.get("/health"))
    assert any(problem.startswith("Redis is away") for problem in health["problems"])
    assert post(system, 0)[0] == 201
