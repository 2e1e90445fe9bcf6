"""``manage.py collect`` as real processes: killed, stopped, shared, with a database that is locked."""

import json
import signal
import sqlite3
import time
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest

from tests.commands.conftest import Command, System, wait_until
from tests.patience import stretched

SCRIPT = "tests/sources/collect_with_fakes.py"
COUNT = "SELECT count(*) FROM measurements"
DOUBLE = "SELECT count(*) - count(DISTINCT timestamp) FROM measurements"
OWNER = "SELECT owner FROM leases WHERE source = 'source:1' AND owner != ''"
# The longest time without a reading, in seconds.
LONGEST_PAUSE = """
    SELECT max(pause) / 1e6 FROM (
        SELECT timestamp - lag(timestamp) OVER (ORDER BY timestamp) AS pause FROM measurements
    ) AS pauses
"""
INSERT = """
    INSERT INTO sources (name, protocol, settings, secrets, is_enabled, uses_receive_time, "group",
        trusted_certificate, revision, changed_at)
    VALUES ('s', 'fake', '{}', '{{}}', true, false, '', '', 1, 0)
"""


@pytest.fixture
def plant(system: System) -> System:
    """A database with one source, whose driver counts on a grid of 20 ms."""
    system.migrate()
    execute(system, INSERT.format(json.dumps({"does": "count"})))
    return system


def execute(system: System, sql: str) -> None:
    if system.database_url:
        with psycopg.connect(system.database_url) as server:
            server.execute(sql.encode())
    else:
        with closing(sqlite3.connect(system.data / "fermon.sqlite3", timeout=30)) as database, database:
            database.execute(sql)


def collect(system: System) -> Command:
    return system.run(SCRIPT, FERMON_SOURCE_LOOPBACK="1")


def wait_for_more(system: System, more: int = 20) -> None:
    before = system.select(COUNT)[0]
    wait_until(lambda: system.select(COUNT)[0] >= before + more)


def pid_of_owner(system: System) -> int:
    return int(wait_until(lambda: system.select(OWNER))[0].split(":")[1])


def longest_pause_s(system: System) -> float:
    return float(system.select(LONGEST_PAUSE)[0])


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.once)])
def test_a_signal_ends_it_in_order(plant: System, number: int) -> None:
    command = collect(plant)
    wait_for_more(plant)
    command.send(number)
    began = time.monotonic()
    assert command.end(within_s=10) == 0
    assert time.monotonic() - began < stretched(6)
    assert plant.select(OWNER) == ()
    assert plant.select("SELECT state FROM source_status") == ("standby",)
    told = [line.split(": ")[-1] for line in command.text.splitlines()]
    assert told == ["collector started", "source s started", "collector stopped"]


@pytest.mark.no_cover
@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGSTOP])
def test_another_collector_takes_over_within_ten_seconds_and_nothing_is_double(
    plant: System, stop: int
) -> None:
    first = collect(plant)
    wait_for_more(plant)
    second = collect(plant)
    wait_until(lambda: "collector started" in second.text)
    stop_outside_of_transactions(plant, first, stop)
    wait_until(lambda: pid_of_owner(plant) == second.process.pid)
    wait_for_more(plant)
    pause_s = longest_pause_s(plant)
    if stop == signal.SIGSTOP:
        first.process.send_signal(signal.SIGCONT)
        wait_until(lambda: "lost" in first.text)
    wait_for_more(plant)
    assert pause_s <= stretched(10)
    assert pid_of_owner(plant) == second.process.pid
    assert plant.select(DOUBLE) == (0,)
    assert plant.select("SELECT count(*) FROM refusals") == (0,)
    assert "Traceback" not in first.text + second.text


def stop_outside_of_transactions(system: System, command: Command, number: int) -> None:
    """A stopped process that has the database's lock stops all others, whatever they do."""
    while True:
        command.process.send_signal(number)
        if number == signal.SIGKILL:
            command.end()
            return
        if is_free(system):
            return
        command.process.send_signal(signal.SIGCONT)
        time.sleep(0.05)


def is_free(system: System) -> bool:
    if system.database_url:
        return True
    with closing(sqlite3.connect(system.data / "fermon.sqlite3", timeout=0.3)) as database:
        try:
            database.execute("BEGIN IMMEDIATE")
            database.rollback()
        except sqlite3.OperationalError:
            return False
        return True


@contextmanager
def locked(system: System) -> Any:
    """Within it no one else can write measurements."""
    if system.database_url:
        with psycopg.connect(system.database_url) as server:
            server.execute("LOCK TABLE measurements IN ACCESS EXCLUSIVE MODE")
            yield
    else:
        with closing(sqlite3.connect(system.data / "fermon.sqlite3", timeout=30)) as database:
            database.execute("BEGIN IMMEDIATE")
            yield


@pytest.mark.no_cover
@pytest.mark.sqlite
def test_while_the_database_is_locked_nothing_is_lost(plant: System) -> None:
    command = collect(plant)
    wait_for_more(plant)
    with locked(plant):
        time.sleep(14)
    wait_for_more(plant)
    spool = plant.data / "dead_letters"
    wait_until(lambda: not any(spool.glob("*.jsonl")))
    command.send(signal.SIGTERM)
    assert command.end(within_s=10) == 0
    assert longest_pause_s(plant) < stretched(3)
    assert plant.select(DOUBLE) == (0,)
    assert plant.select("SELECT count(*) FROM refusals") == (0,)


def test_without_sources_it_stands_by(system: System) -> None:
    system.migrate()
    command = system.run("manage.py", "collect")
    wait_until(lambda: "collector started" in command.text)
    command.send(signal.SIGTERM)
    assert command.end(within_s=10) == 0
    assert "Traceback" not in command.text
