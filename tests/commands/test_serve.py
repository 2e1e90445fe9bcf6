"""``manage.py serve``: the production server."""

import gzip
import json
import re
import signal
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from itertools import pairwise
from typing import Any

import psutil
import pytest
from pytest_django import Settings

from monitoring.operations.serving.command import server_command

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
PRODUCTION = {
    "FERMON_PRODUCTION": "1",
    "SECRET_KEY": "wPq8-_kT3nVx5Zr1Ys7Lm0Bd2Ef4Gh6Jc9Ka-QuRtWvXyZoIpNlMbHgFdSe",
    "ALLOWED_HOSTS": "127.0.0.1",
    "FERMON_PROXIES": "1",
}
BY_A_PROXY = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}


@pytest.fixture
def serve(system: Any, wait_until: Callable[..., Any]) -> Callable[..., Any]:
    """Starts it on a migrated database, once it answers."""
    system.migrate()

    def start(**environment: str) -> Any:
        command = system.run("manage.py", "serve", **environment)
        wait_until(lambda: system.get("/health"))
        return command

    return start


def post(port: int, second: int) -> int:
    """Sends a reading; its id.

    Raises:
        OSError: there is no answer.
    """
    reading = {
        "timestamp": (NOON + timedelta(seconds=second)).isoformat(),
        "tag": "fermenter_temp",
        "value": 37,
    }
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/ingest", json.dumps(reading).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return int(json.load(answer)["id"])


class Source(threading.Thread):
    """Sends a reading after the other; what gets no answer it sends again at once."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port
        self.ids: list[int] = []
        self.unanswered: list[OSError] = []
        self.stop = threading.Event()

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                self.ids.append(post(self.port, len(self.ids)))
            except OSError as error:
                self.unanswered.append(error)


@pytest.fixture
def source(system: Any) -> Iterator[Source]:
    source = Source(system.port)
    yield source
    source.stop.set()


def processes(server: Any) -> set[psutil.Process]:
    """Those that answer."""
    return set(psutil.Process(server.process.pid).children())


def test_replacing_its_processes_loses_no_reading(
    system: Any, serve: Callable[..., Any], source: Source, wait_until: Callable[..., Any]
) -> None:
    server = serve()
    before = processes(server)
    source.start()
    server.send(signal.SIGHUP)
    wait_until(lambda: not before & processes(server))
    sent = len(source.ids)
    wait_until(lambda: len(source.ids) > sent + 20)
    source.stop.set()
    source.join()
    assert not [error for error in source.unanswered if "refused" in str(error)]
    assert system.count() == len(source.ids) == len(set(source.ids))


def test_a_process_that_dies_is_replaced(
    system: Any, serve: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    server = serve()
    before = processes(server)
    next(iter(before)).kill()
    wait_until(lambda: processes(server) - before)
    wait_until(lambda: system.get("/health"))


def test_when_the_main_process_is_killed_nothing_stays(serve: Callable[..., Any]) -> None:
    server = serve()
    server.send(signal.SIGKILL)
    assert server.end() == -signal.SIGKILL


def test_nor_does_a_process_that_was_just_starting(
    serve: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    server = serve()
    before = set(server.find("granian").children())
    next(iter(before)).kill()
    wait_until(lambda: set(server.find("granian").children()) - before)
    server.send(signal.SIGKILL)
    server.end(within_s=30)


@pytest.mark.once
def test_it_says_nothing_of_requests_that_succeed(system: Any, serve: Callable[..., Any]) -> None:
    server = serve()
    before = server.text
    for number in range(5):
        post(system.port, number)
        assert system.get("/data")
    assert server.text == before
    assert not [log for log in (system.data / "logs").glob("*.jsonl") if "/data" in log.read_text()]


@pytest.mark.once
@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all", "postgres://127.0.0.1:1/fermon"])
def test_it_serves_while_the_database_is_away(system: Any, wait_until: Callable[..., Any], url: str) -> None:
    server = system.run("manage.py", "serve", DATABASE_URL=url)
    wait_until(lambda: status_of(system.port, "/health") == 503)
    assert "The database is away" in server.text


def status_of(port: int, path: str) -> int | None:
    """The status that is answered; None if there is no answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    with suppress(OSError), closing(connection):
        connection.request("GET", path)
        return connection.getresponse().status
    return None


def test_a_database_of_another_version_is_refused(system: Any) -> None:
    system.make_empty()
    server = system.run("manage.py", "serve")
    assert server.end(within_s=30) == 1
    assert "run 'manage.py migrate' first" in server.text


@pytest.mark.once
@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_it_does_not_start_insecure(system: Any, missing: str) -> None:
    server = system.run("manage.py", "serve", **{**PRODUCTION, missing: ""})
    assert server.end(within_s=30) == 1
    assert missing in server.text


@pytest.mark.once
def test_in_production_files_are_hashed_compressed_and_kept(system: Any, serve: Callable[..., Any]) -> None:
    serve(**PRODUCTION)
    page = fetch(system.port, "/login")[1].decode()
    found = re.search(r'href="(/static/monitoring/base\.[0-9a-f]{12}\.css)"', page)
    assert found
    headers, content = fetch(system.port, found[1], **{"Accept-Encoding": "gzip"})
    assert "immutable" in headers["Cache-Control"]
    assert b"{" in gzip.decompress(content)


def test_in_production_start_sh_runs_it_with_the_worker(system: Any, wait_until: Callable[..., Any]) -> None:
    launched = system.run("-m", "fermon_site.start", **PRODUCTION)
    wait_until(lambda: "The dashboard is at" in launched.text, 180)
    assert launched.find("granian")
    assert launched.find("qcluster")
    launched.send(signal.SIGTERM)
    assert launched.end() == 0
    assert "Traceback" not in launched.text


def fetch(port: int, path: str, **headers: str) -> tuple[Any, bytes]:
    """Headers and content of the answer, asked for as a proxy with TLS does."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=BY_A_PROXY | headers)
    with closing(urllib.request.urlopen(request, timeout=30)) as answer:  # noqa: S310
        return answer.headers, answer.read()


def test_streams_leave_connections_for_the_other_requests(settings: Settings) -> None:
    settings.FERMON_STREAM_CLIENTS, settings.FERMON_WEB_WORKERS = 2000, 3
    command = server_command()
    options = dict(pairwise(command))
    assert int(options["--backpressure"]) > 2000
    assert options["--workers"] == "3"
    assert command[-1] == "fermon_site.asgi:application"


def test_the_servers_own_metrics_are_for_this_machine_and_off_by_default() -> None:
    assert "--metrics" not in server_command()
    command = server_command(has_metrics=True)
    assert "--metrics" in command
    options = dict(pairwise(command))
    assert (options["--metrics-address"], options["--metrics-port"]) == ("127.0.0.1", "9464")


@pytest.mark.parametrize(("host", "code"), [("127.0.0.1", 0), ("elsewhere.example.org", 1)])
def test_whether_it_is_well_can_be_asked_by_a_command(
    system: Any, serve: Callable[..., Any], host: str, code: int
) -> None:
    serve()
    command = system.run("-m", "fermon_site.healthy", ALLOWED_HOSTS=host)
    assert command.end(within_s=30) == code
    assert command.text.startswith("200" if code == 0 else "400")
