"""``manage.py run_notifications``: notifying people as a process of its own."""

import signal
from functools import partial
from typing import Any

import pytest

from tests.commands.conftest import wait_until

OWNER = "SELECT owner FROM leases WHERE source = 'notifications'"
BEGIN = """
from datetime import UTC, datetime
from monitoring.models import Channel
from monitoring.notifications.testing import request_test
request_test(Channel.objects.create(name="office", kind="email"), by="a test", now=datetime.now(UTC))
"""
BEGUN = "SELECT count(*) FROM notification_attempts WHERE outcome = ''"
REPEATED = "SELECT count(*) FROM notification_deliveries WHERE may_repeat AND state = 'waiting'"
AGE = "UPDATE notification_attempts SET began_at = began_at - 31000000"


def run(system: Any, **environment: str) -> Any:
    return system.run("manage.py", "run_notifications", **environment)


def holds(system: Any, command: Any) -> bool:
    found = system.select(OWNER)
    return found is not None and f":{command.process.pid}:" in found[0]


@pytest.fixture
def migrated_system(system: Any) -> Any:
    system.migrate()
    return system


def test_killed_while_it_sends_another_takes_over_and_knows_that_the_message_may_have_arrived(
    migrated_system: Any,
) -> None:
    system = migrated_system
    assert system.run("manage.py", "shell", "-v", "0", "-c", BEGIN).end(60) == 0
    first = run(system, FERMON_CRASH_AT="notifications.begun")
    assert first.end(60) == -signal.SIGKILL
    assert system.select(BEGUN) == (1,)
    assert (
        system.run(
            "manage.py",
            "shell",
            "-v",
            "0",
            "-c",
            f"from django.db import connection\nconnection.cursor().execute({AGE!r})",
        ).end(60)
        == 0
    )
    second = run(system)
    wait_until(partial(holds, system, second))
    wait_until(lambda: "notifications taken up again" in second.text)
    second.send(signal.SIGTERM)
    assert second.end(within_s=10) == 0
    assert system.select(OWNER) == ("",)
    assert "Traceback" not in second.text
