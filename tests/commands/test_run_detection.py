"""``manage.py run_detection``: detection as a process of its own."""

import json
import os
import signal
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import Any

import psutil
import pytest

from tests.commands.conftest import wait_until

CAUGHT_UP = "SELECT written_until FROM leases WHERE source = 'judge'"
OWNER = "SELECT owner FROM leases WHERE source = 'judge'"
EVENTS = "SELECT count(*) FROM events WHERE detector = 'stuck'"
SILENCES = "SELECT count(*) FROM events WHERE detector = 'missing'"
IS_SHARD = "(source = 'judge' OR source LIKE 'judge.%')"
STORE = """
import json, sys
from datetime import UTC, datetime, timedelta
from monitoring.ingest.pipeline import ingest_readings
noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
values = [400.0 + place * 37 % 11 for place in range(300)] + [444.0] * 60 + [400.0, 410.0, 403.0]
values = (values * {repeats})[{first}:{last}]
items = [
    {{"timestamp": (noon + timedelta(seconds={first} + i)).isoformat(), "tag": "agitator_rpm", "value": v}}
    for i, v in enumerate(values)
]
ingest_readings(items)
"""


def store(system, *, first: int = 0, last: int = 360, repeats: int = 1) -> None:
    """Stores a signal whose sensor is stuck after five minutes, or a part of it."""
    script = STORE.format(first=first, last=last, repeats=repeats)
    assert system.run("manage.py", "shell", "-v", "0", "-c", script).end(60) == 0


def has_caught_up(system, since: datetime) -> bool:
    """Whether all measurements that were stored before this moment are judged."""
    (until,) = system.select(CAUGHT_UP) or (None,)
    if isinstance(until, str):  # SQLite's text, in UTC
        until = datetime.fromisoformat(until).replace(tzinfo=UTC)
    return until is not None and until > since


def catch_up(system) -> None:
    """Returns once all that is stored now is judged."""
    now = datetime.now(UTC)
    wait_until(lambda: has_caught_up(system, now), within_s=120)


def run(system, **environment: str) -> Any:
    return system.run("manage.py", "run_detection", **environment)


@pytest.fixture
def migrated_system(system):
    system.migrate()
    return system


def test_it_judges_what_is_stored_and_what_comes(migrated_system) -> None:
    system = migrated_system
    store(system)
    command = run(system)
    catch_up(system)
    assert system.select(EVENTS) == (1,)
    store(system, first=363, last=363 + 360, repeats=2)
    catch_up(system)
    assert system.select(EVENTS) == (2,)
    assert len(command.family()) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(migrated_system, number: int) -> None:
    system = migrated_system
    store(system)
    command = run(system)
    wait_until(lambda: system.select(EVENTS) == (1,))
    command.send(number)
    assert command.end(within_s=10) == 0
    assert system.select(OWNER) == ("",)
    assert system.select("SELECT position FROM leases WHERE source = 'judge'") == (360,)
    told = [line.split(": ")[-1] for line in command.text.splitlines()]
    assert told == ["detection started", "detection stopped"]


def test_a_second_one_stands_by_and_goes_on_when_the_first_is_killed(migrated_system) -> None:
    system = migrated_system
    store(system)
    first = run(system)
    wait_until(lambda: system.select(EVENTS) == (1,))
    second = run(system)
    wait_until(lambda: "detection started" in second.text)
    time.sleep(1.5)  # it has asked for the lease at least once
    assert system.lease_holder("judge").pid == first.process.pid
    first.send(signal.SIGKILL)
    first.end()
    store(system, first=363, last=363 + 360, repeats=2)
    catch_up(system)
    assert system.lease_holder("judge").pid == second.process.pid
    assert system.select(EVENTS) == (2,)
    assert "Traceback" not in second.text


def all_events(system) -> tuple[Any, ...]:
    """The events as one text, but for silences, whose score depends on when they were looked at."""
    fields = "concat_ws(' ', detector, kind, start, \"end\", explanation), ','"
    joined = f"string_agg({fields} ORDER BY start, detector)"
    if not system.database_url:
        joined = "group_concat(detector || kind || start || coalesce(\"end\", '') || explanation)"
    ordered = "SELECT * FROM events WHERE detector <> 'missing' ORDER BY start, detector"
    return system.select(f"SELECT {joined} FROM ({ordered}) AS found")  # noqa: S608


def has_started(command: Any) -> bool:
    return "detection started" in command.text


def has_ended_silences(system: Any) -> bool:
    return bool(system.select(SILENCES) == (1,))


def test_killed_again_and_again_it_finds_the_same_events(migrated_system, new_system) -> None:
    undisturbed, disturbed = migrated_system, new_system
    for system in (undisturbed, disturbed):
        store(system, last=363 * 20, repeats=20)
    run(undisturbed)
    for _ in range(4):
        command = run(disturbed)
        wait_until(partial(has_started, command))
        time.sleep(0.4)
        command.send(signal.SIGKILL)
        command.end()
    run(disturbed)
    for system in (undisturbed, disturbed):
        catch_up(system)
        # By then the clock has ended the events that lasted.
        wait_until(partial(has_ended_silences, system), within_s=120)
    assert undisturbed.select(EVENTS)[0] >= 15
    assert all_events(disturbed) == all_events(undisturbed)


def shards_of(system, command: Any) -> int:
    """How many shards the process holds."""
    holds = f"SELECT count(*) FROM leases WHERE {IS_SHARD} AND owner LIKE '%:{command.process.pid}:%'"  # noqa: S608
    return int(system.select(holds)[0])


def test_two_share_the_shards_and_one_goes_on_alone_when_the_other_is_killed(migrated_system) -> None:
    system = migrated_system
    store(system)
    one, other = (run(system, FERMON_DETECTION_SHARDS="4") for _ in range(2))
    wait_until(lambda: (shards_of(system, one), shards_of(system, other)) == (2, 2))
    wait_until(lambda: system.select(EVENTS) == (1,))
    one.send(signal.SIGKILL)
    one.end()
    store(system, first=363, last=363 + 360, repeats=2)
    wait_until(lambda: shards_of(system, other) == 4)
    wait_until(lambda: system.select(EVENTS) == (2,))
    other.send(signal.SIGTERM)
    assert other.end(within_s=10) == 0
    # The request for a shard of the killed one may be left: it has expired.
    assert system.select(f"SELECT count(*) FROM leases WHERE {IS_SHARD} AND owner <> ''") == (0,)  # noqa: S608
    assert "Traceback" not in other.text


def test_it_ends_with_the_process_that_launched_it(migrated_system) -> None:
    system = migrated_system
    launcher = system.run("-c", "import time; time.sleep(600)")
    command = run(system, FERMON_LAUNCHER_PID=str(launcher.process.pid))
    wait_until(lambda: system.lease_holder("judge"))
    launcher.send(signal.SIGKILL)
    launcher.end()
    assert command.end(within_s=10) == 0
    assert system.select(OWNER) == ("",)


@pytest.mark.sqlite
def test_it_ends_in_time_although_the_database_takes_no_writes(migrated_system) -> None:
    system = migrated_system
    store(system)
    command = run(system, FERMON_DATABASE_TIMEOUT="60")
    wait_until(lambda: system.select(EVENTS) == (1,))
    with closing(sqlite3.connect(system.data / "fermon.sqlite3", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        time.sleep(1.5)  # it waits for the lock by now
        command.send(signal.SIGTERM)
        assert command.end(within_s=10) == 0
        database.execute("ROLLBACK")
    assert "Traceback" not in command.text


@pytest.mark.sqlite
def test_a_database_that_is_away_is_survived_with_one_line_of_log(migrated_system) -> None:
    system = migrated_system
    store(system)
    aside = system.data.with_name("aside")
    (system.data / "fermon.sqlite3").rename(aside)
    command = run(system)
    wait_until(lambda: "can't be judged" in command.text)
    time.sleep(3)
    for left in system.data.glob("fermon.sqlite3*"):
        left.unlink()
    os.rename(aside, system.data / "fermon.sqlite3")
    wait_until(lambda: "are judged again" in command.text)
    wait_until(lambda: system.select(EVENTS) == (1,))
    assert command.text.count("can't be judged") == 1
    assert "Traceback" not in command.text
    logged = (system.data / "logs/fermon.jsonl").read_text().splitlines()
    messages = [json.loads(line)["message"] for line in logged]
    assert messages == ["detection started", "measurements can't be judged", "measurements are judged again"]


def test_beside_a_worker_both_run_and_one_detects(migrated_system) -> None:
    system = migrated_system
    apart = run(system)
    holder = system.lease_holder("judge")
    assert holder.pid == apart.process.pid
    worker = system.run("manage.py", "qcluster")
    system.wait_for_more()
    wait_until(lambda: [p for p in worker.family() if "run_detection" in p.cmdline()])
    assert system.lease_holder("judge") == holder
    assert psutil.pid_exists(holder.pid)
