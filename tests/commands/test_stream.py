"""``GET /stream`` over real sockets from real server processes."""

import json
import signal
import threading
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPResponse
from itertools import islice
from typing import Any

import pytest

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
SERVERS = {
    "runserver": ("manage.py", "runserver", "--noreload"),
    "serve": ("manage.py", "serve"),
}


class Follower:
    """A client that follows the stream until it is cut off."""

    def __init__(self, port: int, last: int | None = None) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {} if last is None else {"Last-Event-ID": str(last)}
        self.connection.request("GET", "/stream", headers={"Accept": "text/event-stream", **headers})
        self.answer: HTTPResponse = self.connection.getresponse()

    def ids(self) -> Iterator[int]:
        """The measurements that come, by their ids."""
        for line in self.answer:
            if line.startswith(b"data: "):
                yield int(json.loads(line.removeprefix(b"data: "))["id"])

    def cut(self) -> None:
        self.answer.close()
        self.connection.close()


def post(port: int, second: int) -> int:
    """Sends a reading; its id."""
    timestamp = (NOON + timedelta(seconds=second)).isoformat()
    body = json.dumps({"timestamp": timestamp, "tag": "fermenter_temp", "value": 37.0}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/ingest", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return int(json.load(answer)["id"])


@pytest.fixture
def serve(system: Any, wait_until: Callable[..., Any]) -> Callable[..., Any]:
    """Starts a server of that kind, once it listens."""
    system.migrate()

    def start(kind: str = "runserver", **environment: str) -> Any:
        command = system.run(*SERVERS[kind], **environment)
        wait_until(lambda: system.get("/health"))
        return command

    return start


def test_a_cut_connection_loses_and_doubles_nothing(system: Any, serve: Callable[..., Any]) -> None:
    serve()
    follower = Follower(system.port)
    sent: list[int] = []
    source = threading.Thread(target=lambda: sent.extend(post(system.port, number) for number in range(200)))
    source.start()
    found: list[int] = []
    for pieces in range(1, 1000):
        found += islice(follower.ids(), min(pieces % 7 + 1, 200 - len(found)))
        follower.cut()
        if len(found) >= 200:
            break
        follower = Follower(system.port, last=found[-1])
    source.join()
    assert found == sent


def test_what_one_process_stores_those_who_follow_another_get(
    system: Any, serve: Callable[..., Any], tmp_path: Any, wait_until: Callable[..., Any]
) -> None:
    serve()
    follower = Follower(system.port)
    other = system.run(
        "manage.py", "shell", "-v0", "-c",
        "from monitoring.ingest.pipeline import ingest_readings;"
        "ingest_readings([{'timestamp': '2024-01-31T12:00:00Z', 'tag': 'fermenter_temp', 'value': 37.0}])",
    )  # fmt: skip
    assert other.end(within_s=60) == 0
    assert next(follower.ids()) == system.select("SELECT max(id) FROM measurements")[0]
    follower.cut()


def test_the_place_of_a_client_that_is_gone_is_free_again(
    system: Any, serve: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    serve(FERMON_STREAM_CLIENTS="1")
    follower = Follower(system.port)
    refused = Follower(system.port)
    assert refused.answer.status == 503
    refused.cut()
    follower.cut()
    seconds = iter(range(10_000))

    def comes_in() -> bool:
        post(system.port, next(seconds))  # the server notices when it writes
        again = Follower(system.port)
        again.cut()
        return again.answer.status == 200

    wait_until(comes_in)


@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.once)])
def test_open_streams_hold_nobody_up(
    system: Any, serve: Callable[..., Any], kind: str, number: signal.Signals
) -> None:
    server = serve(kind)
    followers = [Follower(system.port) for _ in range(3)]
    number_of_first = post(system.port, 0)
    assert [next(follower.ids()) for follower in followers] == [number_of_first] * 3
    server.send(number)
    server.end(within_s=10)
    assert "Traceback" not in server.text
    for follower in followers:
        follower.cut()
