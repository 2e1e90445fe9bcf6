"""``python -m fermon_site.start``, which start.sh and start.bat end in."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fermon_site import start
from tests.patience import stretched

ROOT = Path(__file__).resolve().parents[2]
FIRST = "SELECT id, timestamp, value FROM measurements ORDER BY id LIMIT 1"
SIGNALS = [signal.SIGINT, signal.SIGTERM]


def launch(system, **environment):
    return system.run("-m", "fermon_site.start", **environment)


@pytest.fixture
def launched(system, wait_until):
    system.migrate()
    command = launch(system)
    wait_until(lambda: "The dashboard is at" in command.text)
    system.wait_for_more()
    return command


def test_it_serves_the_dashboard_where_it_says(system, launched, wait_until) -> None:
    assert f"The dashboard is at http://127.0.0.1:{system.port}/dashboard" in launched.text
    wait_until(lambda: (system.get("/health") or {}).get("status") == "healthy")
    assert system.get("/tags")["tags"]


def test_it_detects_in_a_process_of_its_own(system, launched) -> None:
    assert system.lease_holder("judge") == launched.find("run_detection")


@pytest.mark.once
def test_its_output_is_prefixed_and_calm(launched) -> None:
    first, *lines = launched.text.splitlines()
    assert first.startswith("Preparing the database")
    assert all(" | " in line for line in lines)
    assert "warning" not in launched.text.lower()
    assert "development server" not in launched.text


@pytest.mark.once
@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("to_group", [False, True])
def test_a_signal_stops_everything(launched, number, to_group) -> None:
    assert len(launched.send(number, to_group=to_group)) > 8
    assert launched.end(within_s=10) == 0
    assert launched.text.endswith("Fermon has stopped.\n")
    assert "Traceback" not in launched.text


@pytest.mark.once
@pytest.mark.parametrize(("victim", "name"), [("runserver", "the web server"), ("qcluster", "the worker")])
def test_when_one_crashes_nothing_stays(launched, victim, name) -> None:
    launched.find(victim).kill()
    assert launched.end() == 1
    assert f"{name} ended by itself" in launched.text


@pytest.mark.once
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_when_the_launcher_is_killed_nothing_stays(launched, number) -> None:
    launched.send(number)
    assert launched.end() == -number


@pytest.mark.once
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_it_starts_stops_it_too(system, wait_until, number) -> None:
    system.migrate()
    command = launch(system)
    wait_until(lambda: "started" in command.text)
    command.send(number, to_group=True)
    assert command.end() == 0
    assert "Traceback" not in command.text


@pytest.mark.once
def test_a_second_start_is_refused(system, launched) -> None:
    second = launch(system)
    assert second.end() == 1
    assert f"already runs on {system.data} (process {launched.process.pid}, http://127.0.0.1:" in second.text
    assert launched.process.poll() is None


def test_starting_again_keeps_all_data(system, launched, wait_until) -> None:
    oldest = system.select(FIRST)
    launched.send(signal.SIGTERM)
    launched.end()
    stored = system.count()
    again = launch(system)
    wait_until(lambda: system.count() > stored)
    again.send(signal.SIGTERM)
    assert again.end() == 0
    assert system.select(FIRST) == oldest


@pytest.mark.once
def test_it_starts_again_right_after_it_was_killed(system, launched, wait_until) -> None:
    launched.send(signal.SIGKILL)
    launched.process.wait()
    again = launch(system)
    wait_until(lambda: "The dashboard is at" in again.text)
    again.send(signal.SIGTERM)
    assert again.end() == 0


@pytest.fixture
def taken(port: int) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", port)):
        yield


@pytest.mark.once
def test_a_taken_port_is_said_plainly_before_anything_is_made(system, taken) -> None:
    command = launch(system)
    assert command.end() == 1
    assert f"port {system.port} of 127.0.0.1 is taken" in command.text
    assert f"FERMON_PORT={system.port + 1}" in command.text
    assert not system.has_tables()


@pytest.mark.once
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("FERMON_HOST", "192.0.2.1", "192.0.2.1 (FERMON_HOST) would let other machines in"),
        ("FERMON_PORT", "many", "FERMON_PORT='many' is not understood"),
        ("FERMON_PRODUCTION", "1", "FERMON_PRODUCTION=1 needs SECRET_KEY"),
        ("DATABASE_URL", "sqlite:////nowhere/at/all", "the database could not be prepared"),
        ("DATABASE_URL", "postgres://127.0.0.1:1/fermon", "the database could not be prepared"),
    ],
)
def test_what_can_not_work_is_refused_in_words(system, name, value, message) -> None:
    command = launch(system, **{name: value})
    assert command.end(within_s=60) == 1
    assert message in command.text


@pytest.mark.once
def test_an_address_of_no_machine_is_refused_in_words(system) -> None:
    command = launch(system, FERMON_HOST="192.0.2.1", FERMON_OPEN="1")
    assert command.end() == 1
    assert "192.0.2.1 can't be listened on" in command.text


@pytest.mark.once
def test_a_data_directory_that_is_a_file_is_refused_in_words(system) -> None:
    system.data.touch()
    command = launch(system)
    assert command.end() == 1
    assert f"the data directory can't be written ([Errno 17] File exists: '{system.data}')" in command.text
    assert "FERMON_DATA_DIR" in command.text
    assert "Traceback" not in command.text


def test_a_lock_that_can_not_be_made_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "start.lock").mkdir()
    with pytest.raises(start.StartError, match="can't be written"), start.only_one(tmp_path, "here"):
        pass


@pytest.mark.parametrize("text", ["", "[]", "{}", "no JSON"])
def test_a_broken_note_of_who_runs_says_nothing(tmp_path: Path, text: str) -> None:
    note = tmp_path / "running.json"
    note.write_text(text)
    assert start.holder(note) == ""


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("fermon.local", "fermon.local")],  # noqa: S104
)
def test_the_dashboard_is_told_at_an_address_that_a_browser_can_open(host: str, address: str) -> None:
    assert start.page(host, 8000) == f"http://{address}:8000/dashboard"


def test_a_directory_with_a_space_will_do(system, wait_until, tmp_path) -> None:
    system.data = tmp_path / "my data"
    system.migrate()
    command = launch(system, FERMON_DATA_DIR=str(system.data))
    wait_until(lambda: "The dashboard is at" in command.text)
    command.send(signal.SIGTERM)
    assert command.end() == 0


@pytest.mark.once
def test_a_closed_output_does_not_leave_it_running(system, wait_until) -> None:
    reading, writing = os.pipe()
    launcher = subprocess.Popen(
        [sys.executable, "-m", "fermon_site.start"],
        cwd=ROOT,
        env=system.environment,
        stdout=writing,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    os.close(reading)
    try:
        assert launcher.wait(stretched(30)) != 0
    finally:
        launcher.kill()
    wait_until(lambda: system.get("/health") is None)
