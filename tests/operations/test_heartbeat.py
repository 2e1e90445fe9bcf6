"""The dead man's switch: a ping only while the whole chain works, and the report of the web process."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from monitoring.kernel.lease_names import ALARMS, NOTIFICATIONS, SIMULATOR
from monitoring.models import Lease
from monitoring.operations.chain import chain_problems
from monitoring.operations.emergency import EmergencyWatch, current_emergency
from monitoring.operations.heartbeat import Heartbeat, fail_url, post_text

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Service:
    """A server elsewhere: what was posted, and the status that it answers."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, str]] = []
        self.status = 200
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                service.posted.append((self.path, self.rfile.read(length).decode()))
                self.send_response(service.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/ping/secret?k=1"


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.server.shutdown()
    service.server.server_close()


@pytest.fixture
def at_work() -> Callable[..., None]:
    """The leases of a plant in which all works, but for those that were renewed so many seconds ago."""

    def renew(**ages: float) -> None:
        for name in (SIMULATOR, ALARMS, NOTIFICATIONS):
            at = NOW - timedelta(seconds=ages.get(name, 1))
            row = {"owner": "x", "renewed_at": at, "written_until": at}
            Lease.objects.update_or_create(source=name, defaults=row)

    return renew


def test_it_pings_while_all_works_and_says_what_fails(service: Service) -> None:
    problems: list[str] = []
    heartbeat = Heartbeat(service.url, lambda: problems, confirm_s=0)
    heartbeat.beat()
    problems.append("The worker has never run.")
    heartbeat.beat()
    problems.clear()
    heartbeat.beat()
    ok, fail = ("/ping/secret?k=1", ""), ("/ping/secret/fail?k=1", "The worker has never run.")
    assert service.posted == [ok, fail, ok]


def test_a_moment_in_which_the_database_is_locked_is_no_failure(service: Service) -> None:
    found = [["The database takes no writes (database is locked)."], []]
    Heartbeat(service.url, lambda: found.pop(0), confirm_s=0).beat()
    assert [path for path, _ in service.posted] == ["/ping/secret?k=1"]


def test_an_address_that_fails_is_logged_once_and_without_its_secret(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    service.status = 500
    heartbeat = Heartbeat(service.url, list)
    heartbeat.beat()
    heartbeat.beat()
    (record,) = caplog.records
    assert record.__dict__["error"] == "it answered 500"
    assert "secret" not in str(record.__dict__)


def test_an_address_that_nobody_serves_is_an_error_in_words() -> None:
    assert "secret" not in post_text("http://127.0.0.1:9/secret", "")
    assert fail_url("https://hc.example/abc/") == "https://hc.example/abc/fail"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("ages", "words"),
    [
        ({}, []),
        ({SIMULATOR: 20}, ["The worker was last heard of 20 s ago"]),
        ({ALARMS: 20}, ["The evaluation of alarms was last heard of 20 s ago"]),
        ({NOTIFICATIONS: 20}, ["The delivery of notifications was last heard of 20 s ago"]),
    ],
)
def test_each_link_that_is_silent_is_named(
    at_work: Callable[..., None], ages: dict[str, float], words: list[str]
) -> None:
    at_work(**ages)
    assert [found.split(":")[0] for found in chain_problems(NOW)] == words


@pytest.mark.django_db(transaction=True)
def test_evaluation_that_runs_behind_the_readings_is_named(at_work: Callable[..., None]) -> None:
    at_work()
    Lease.objects.filter(source=ALARMS).update(written_until=NOW - timedelta(seconds=30))
    assert chain_problems(NOW) == ["The evaluation of alarms is 30 s behind the readings: see the log."]


def test_a_database_that_is_away_is_named(database_away: None) -> None:
    (found,) = chain_problems(NOW)
    assert found.startswith("The database is away (")


@pytest.mark.django_db(transaction=True)
def test_the_web_process_tells_of_a_silent_worker(at_work: Callable[..., None]) -> None:
    assert current_emergency(NOW) == ""  # a worker that never ran is not missed
    at_work(**{SIMULATOR: 29})
    assert current_emergency(NOW) == ""
    at_work(**{SIMULATOR: 31})
    assert current_emergency(NOW).startswith("The worker was last heard of 31 s ago: no alarm is evaluated")


def test_the_web_process_tells_that_the_database_is_away(database_away: None) -> None:
    assert current_emergency(NOW).startswith("The database is away (")


def test_two_web_processes_tell_of_an_outage_once_and_of_its_end_once(
    service: Service, tmp_path: Path
) -> None:
    trouble = ["The database is away."]
    watches = [
        EmergencyWatch(service.url, tmp_path / "data" / "emergency.txt", lambda _: trouble[0]) for _ in "ab"
    ]

    def look(second: int) -> list[str]:
        service.posted.clear()
        for watch in watches:
            watch.step(NOW + timedelta(seconds=second))
        return [text.partition(": ")[2] for _, text in service.posted]

    assert look(0) == []
    assert look(10) == ["The database is away."]
    assert look(20) == []
    trouble[0] = ""
    assert look(40) == ["over at 12:00 UTC. The worker and the database work."]
    assert look(50) == []


def test_a_report_that_fails_is_sent_again(service: Service, tmp_path: Path) -> None:
    watch = EmergencyWatch(service.url, tmp_path / "emergency.txt", lambda _: "The database is away.")
    watch.step(NOW)
    for second, service.status in ((10, 503), (20, 200), (30, 200)):
        watch.step(NOW + timedelta(seconds=second))
    assert len(service.posted) == 2
