"""``manage.py load``"""

import json
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.core.management import CommandError, call_command
from pytest_django import Settings

from monitoring.lab.load.generator import Run, drive
from monitoring.lab.load.http import Target
from monitoring.lab.load.plan import LoadPlan
from monitoring.lab.load.tag_store import LoadTagError, make_load_tags, retire_load_tags
from monitoring.management.commands import load
from monitoring.models import Tag
from tests.ports import listens

PRODUCTION = {
    "FERMON_PRODUCTION": "1",
    "SECRET_KEY": "wPq8-_kT3nVx5Zr1Ys7Lm0Bd2Ef4Gh6Jc9Ka-QuRtWvXyZoIpNlMbHgFdSe",
    "ALLOWED_HOSTS": "fermon.example",
    "FERMON_PROXIES": "1",
}
WHOLE = ("load", "--tags", "20", "--batch", "6", "--connections", "3")


@pytest.fixture
def served(system: Any, wait_until: Callable[..., Any]) -> Any:
    """A running server."""
    system.migrate()
    system.run("manage.py", "serve")
    wait_until(lambda: system.get("/health"))
    return system


def test_all_that_it_sends_is_accepted_and_stored(served: Any) -> None:
    run = served.run("manage.py", *WHOLE, "--seconds", "3")
    assert run.end(60) == 0, run.text
    assert served.select("SELECT count(*) FROM measurements") == (61,)  # and the one that it tries first
    # Of a busy server the last answers come later.
    found = re.search(r"accepted  60 readings, (\d+)/s over ([\d.]+) s", run.text)
    assert found
    assert float(found[2]) >= 3
    assert int(found[1]) == pytest.approx(60 / float(found[2]), abs=1)
    assert "stored    60: all that were accepted" in run.text
    assert run.text.splitlines()[0].split() == [
        *("s", "sent", "accepted", "duplicate", "refused"),
        *("errors", "p50", "p95", "p99", "lag", "s"),
    ]


def test_its_tags_leave_the_dashboard_unless_they_are_to_stay(served: Any) -> None:
    assert served.run("manage.py", *WHOLE, "--hz", "5", "--seconds", "1").end(60) == 0
    assert len(served.get("/tags")["tags"]) == 3
    assert served.run("manage.py", *WHOLE, "--single", "--seconds", "1", "--keep").end(60) == 0
    assert len(served.get("/tags")["tags"]) == 23


def test_a_burst_is_stored_whole(served: Any) -> None:
    run = served.run("manage.py", *WHOLE, "--burst", "--seconds", "1")
    assert run.end(60) == 0, run.text
    assert "all that were accepted; compared tag by tag" in run.text


def test_in_production_it_sends_as_the_proxy_does(system: Any, wait_until: Callable[..., Any]) -> None:
    system.environment |= PRODUCTION
    system.migrate()
    system.run("manage.py", "serve")
    token = system.run("manage.py", "make_token", "load", "--prefix", "load.")
    assert token.end(60) == 0
    wait_until(lambda: listens(system.port))
    run = system.run("manage.py", *WHOLE, "--seconds", "1", "--token", token.text.strip())
    assert run.end(60) == 0, run.text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_early_it_sums_up(served: Any, wait_until: Callable[..., Any], number: int) -> None:
    run = served.run("manage.py", *WHOLE, "--minutes", "5")
    wait_until(lambda: len(run.text.splitlines()) > 2)
    run.send(number)
    assert run.end(60) == 130, run.text
    assert "Stopped before its end." in run.text
    assert "nothing is lost" in run.text
    assert len(served.get("/tags")["tags"]) == 3


def test_where_ctrl_c_is_ignored_sigterm_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "getsignal", lambda number: signal.SIG_IGN)
    with pytest.raises(KeyboardInterrupt):
        load.interrupt(signal.SIGTERM, None)


@pytest.mark.postgresql
def test_a_database_that_ends_its_connection_is_asked_again(
    served: Any, wait_until: Callable[..., Any]
) -> None:
    named = {"DATABASE_URL": f"{served.database_url}&application_name=load"}
    run = served.run("manage.py", *WHOLE, "--seconds", "3", **named)
    wait_until(lambda: len(run.text.splitlines()) > 1)
    (is_ended,) = served.select(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'load'"
    )
    assert is_ended
    assert run.end(60) == 0, run.text
    assert "stored    60: all that were accepted" in run.text
    assert len(served.get("/tags")["tags"]) == 3


def test_the_server_of_another_database_is_left_alone(served: Any) -> None:
    other = f"sqlite:///{served.directory / 'other.sqlite3'}"
    assert served.run("manage.py", "migrate", "-v", "0", DATABASE_URL=other).end(60) == 0
    run = served.run("manage.py", *WHOLE, DATABASE_URL=other)
    assert run.end(60) == 1
    assert "has another database: it does not know load.00001" in run.text


class Answers(BaseHTTPRequestHandler):
    """Says of each reading that it is stored, and stores none; the first is told after half a second."""

    protocol_version = "HTTP/1.1"
    slow_s = [0.5]

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.slow_s:
            time.sleep(self.slow_s.pop())
        body = json.dumps({"results": [{"status": "success"} for _ in sent]}).encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def liar(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of such a server."""
    monkeypatch.setattr(Answers, "slow_s", [0.5])
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.django_db
def test_what_was_accepted_and_is_not_stored_is_told_and_fails(
    liar: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(load, "refuse_other_system", lambda target: None)
    with pytest.raises(CommandError, match="Not all was sent in time, accepted and stored") as failed:
        call_command(*WHOLE, "--seconds", "1", "--url", f"http://127.0.0.1:{liar}")
    assert failed.value.returncode == 1
    assert "stored    0: 20 LOST" in capsys.readouterr().out


def driven(run: Run, plan: LoadPlan) -> bool:
    """What ``drive`` tells; in a thread, as browser tests leave an event loop to this one."""
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(drive, run, plan, is_burst=False, report=lambda run, lanes: None).result()


def test_an_answers_time_counts_from_when_its_reading_was_due(liar: int) -> None:
    run = Run(Target("127.0.0.1", liar), tags=1, start_us=int(time.time() * 1e6))
    assert driven(run, LoadPlan(1, 10, 0.5, 1, lanes=1))
    assert len(run.tally.latencies) == 5
    for place, took in enumerate(run.tally.latencies):
        assert took > 0.49 - place / 10  # the first answer holds all that are due meanwhile


def test_where_nobody_answers_that_is_said_of_each_reading(port: int) -> None:
    run = Run(Target("127.0.0.1", port), tags=4, start_us=int(time.time() * 1e6))
    driven(run, LoadPlan(4, 1, 1, 2, lanes=2))
    assert (run.tally.failed, run.tally.sent, run.tally.doubtful.sum()) == (4, 0, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["--url", "http://192.0.2.7:8000"], "192.0.2.7 is not this machine: .* add --not-loopback"),
        (["--url", "127.0.0.1"], "--url 127.0.0.1: expected a server, as in http://127.0.0.1:8000"),
        (["--hz", "10001"], "200,020 readings/s: take at most 200,000, or --burst"),
        (["--minutes", "1441"], "at most a day"),
        (["--batch", "10001"], "--batch: expected a whole number from 1 to 10000, got '10001'"),
        (["--hz", "0"], "--hz: expected a number above 0, got '0'"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: list[str], match: str) -> None:
    with pytest.raises(CommandError, match=match):
        call_command("load", "--tags", "20", *arguments)
    assert not Tag.objects.filter(group="load").exists()


@pytest.mark.django_db
def test_where_nobody_listens_that_is_said(port: int) -> None:
    with pytest.raises(CommandError, match=f"Nobody answers at 127.0.0.1:{port}: .*Start Fermon first"):
        call_command(*WHOLE, "--url", f"http://127.0.0.1:{port}")
    assert not Tag.objects.filter(group="load", active=True).exists()


@pytest.mark.django_db
def test_where_a_login_is_needed_it_asks_for_a_token(settings: Settings) -> None:
    settings.FERMON_OPEN = False
    with pytest.raises(CommandError, match="Writing needs a token here: make one"):
        call_command(*WHOLE)


@pytest.mark.django_db
def test_its_tags_are_made_once_and_those_of_others_are_not_touched() -> None:
    make_load_tags(5)
    made = list(Tag.objects.filter(group="load").values_list("pk", "name"))
    retire_load_tags()
    make_load_tags(3)
    assert list(Tag.objects.filter(group="load").values_list("pk", "name")) == made
    assert list(Tag.objects.filter(group="load", active=True).values_list("pk", "name")) == made[:3]
    Tag.objects.create(name="load.cell", valid_min=0, valid_max=1)
    with pytest.raises(LoadTagError, match=r"load\.cell is not of the group load"):
        make_load_tags(5)
    assert Tag.objects.filter(group="load", active=True).count() == 3


@pytest.mark.django_db
def test_its_tags_are_told_in_the_audit_trail_all_in_one_entry() -> None:
    for act in (partial(make_load_tags, 1000), retire_load_tags, retire_load_tags):
        act()
    told = [entry.additional_data["what"] for entry in LogEntry.objects.order_by("pk")]
    assert told == ["1000 tags of a load test are active", "1000 tags of a load test are inactive"]
