"""``manage.py run_alarms``: the evaluation of alarms as a process of its own."""

import signal
import time
from functools import partial
from typing import Any

import pytest

from tests.commands.conftest import wait_until

OWNER = "SELECT owner FROM leases WHERE source = 'alarms'"
ACTIVE = """
    SELECT count(*) FROM alarm_occurrences JOIN alarm_definitions ON alarm_definitions.id = definition_id
    WHERE kind = 'H'
"""
DEFINITIONS = "SELECT count(*) FROM alarm_definitions WHERE tag IS NOT NULL"
STORE = """
import time
from datetime import UTC, datetime, timedelta
from monitoring.ingest.pipeline import ingest_readings
begin = datetime.now(UTC) - timedelta(seconds=15)
for tag, value in (("fermenter_temp", 47.0), ("fermenter_ph", 7.0), ("agitator_rpm", 400.0)):
    ingest_readings(
        [
            {"timestamp": (begin + timedelta(seconds=i)).isoformat(), "tag": tag, "value": value + i / 100}
            for i in range(15)
        ]
    )
"""


def run(system: Any) -> Any:
    return system.run("manage.py", "run_alarms")


def store(system: Any) -> None:
    """Stores fifteen seconds of a temperature outside its limit."""
    assert system.run("manage.py", "shell", "-v", "0", "-c", STORE).end(60) == 0


def is_defined(system: Any) -> bool:
    return bool(system.select(DEFINITIONS) == (15,))


@pytest.fixture
def migrated_system(system: Any) -> Any:
    system.migrate()
    return system


def test_it_evaluates_what_comes_and_a_signal_ends_it_in_order(migrated_system: Any) -> None:
    system = migrated_system
    command = run(system)
    wait_until(partial(is_defined, system))
    store(system)
    wait_until(lambda: system.select(ACTIVE) == (1,))
    command.send(signal.SIGTERM)
    assert command.end(within_s=10) == 0
    assert system.select(OWNER) == ("",)
    assert "Traceback" not in command.text
    assert [line.split(": ")[-1] for line in command.text.splitlines()] == [
        "alarms started",
        "alarms stopped",
    ]


def test_one_that_stands_by_takes_over_within_five_seconds_of_a_kill(migrated_system: Any) -> None:
    system = migrated_system
    first = run(system)
    wait_until(partial(is_defined, system))
    second = run(system)
    wait_until(lambda: "alarms started" in second.text)
    time.sleep(1.5)  # it has asked for the lease at least once
    assert system.lease_holder("alarms").pid == first.process.pid
    store(system)
    first.send(signal.SIGKILL)
    first.end()
    wait_until(lambda: f":{second.process.pid}:" in system.select(OWNER)[0], within_s=5)
    wait_until(lambda: system.select(ACTIVE) == (1,))
    assert "Traceback" not in second.text
