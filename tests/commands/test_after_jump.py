"""The plant works again within a minute after a clock that was ahead has been set right."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from axes.models import AccessAttempt
from django.test import Client
from django_q.models import OrmQ, Schedule

from monitoring.detection.backtest import requests
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Backtest, Lease, Token
from monitoring.operations.after_jump import look_after_clock
from monitoring.operations.schedules import keep_schedules, queue_simulator
from monitoring.sources.simulator import source

AHEAD = timedelta(days=400)
LOGIN = {"username": "somebody", "password": "wrong"}
GOOD_LOGIN = {"username": "somebody", "password": "right horse battery"}

pytestmark = pytest.mark.django_db

# What a run with a clock that was 400 days ahead leaves in the database.
LEFT_BEHIND = (
    "UPDATE leases SET owner = 'a', expires_at = datetime('now', '+400 days'),"
    " renewed_at = datetime('now', '+400 days'), written_until = datetime('now', '+400 days')",
    "UPDATE django_q_schedule SET next_run = datetime('now', '+400 days')",
    "INSERT INTO series (tag, measurements, anomalies, clock_error, raw_from)"
    " SELECT id, 0, 0, 0, (strftime('%s', 'now') + 398 * 86400) * 1000000 FROM tags",
)


@pytest.mark.sqlite
def test_the_real_program_works_at_once_on_what_a_clock_ahead_left(system, wait_until) -> None:
    system.migrate()
    first = system.run("manage.py", "qcluster", FERMON_SIMULATOR="off")
    wait_until(lambda: system.select("SELECT count(*) FROM leases WHERE owner != ''") == (4,))
    first.process.terminate()
    assert first.end() == 0
    with closing(sqlite3.connect(system.data / "fermon.sqlite3")) as database, database:
        for statement in LEFT_BEHIND:
            database.execute(statement)
    system.run("manage.py", "qcluster")
    system.wait_for_more()
    present = "SELECT max(timestamp) / 1000000 - strftime('%s', 'now') FROM measurements"
    assert abs(system.select(present)[0]) < 60
    overdue = "SELECT count(*) FROM django_q_schedule WHERE next_run > datetime('now', '+3 days')"
    assert system.select(overdue) == (0,)


@pytest.fixture
def ahead(time_machine) -> datetime:
    """A clock that is 400 days ahead; ``right`` sets it right."""
    now = datetime.now(UTC)
    time_machine.move_to(now + AHEAD)
    return now


@pytest.fixture
def right(time_machine, ahead: datetime):
    return lambda: time_machine.move_to(ahead + timedelta(minutes=1))


def test_schedules_run_and_queued_tasks_are_taken(ahead, right) -> None:
    keep_schedules()
    queue_simulator()
    OrmQ.objects.update(lock=datetime.now(UTC) + timedelta(seconds=120))  # as while a worker has them
    right()
    look_after_clock()
    now = datetime.now(UTC)
    assert all(row.next_run <= now for row in Schedule.objects.all())
    assert all(row.lock <= now for row in OrmQ.objects.all())


def test_what_is_planned_and_delivered_in_time_stays_as_it_is() -> None:
    keep_schedules()
    queue_simulator()
    soon = datetime.now(UTC) + timedelta(seconds=30)
    Schedule.objects.update(next_run=soon)
    OrmQ.objects.update(lock=soon)
    look_after_clock()
    assert set(Schedule.objects.values_list("next_run", flat=True)) == {soon}
    assert set(OrmQ.objects.values_list("lock", flat=True)) == {soon}


def test_the_simulator_writes_present_seconds(ahead, right) -> None:
    source.tick("a", now=datetime.now(UTC), write=ingest_readings)
    right()
    now = datetime.now(UTC)
    assert source.tick("b", now=now, write=ingest_readings)
    held = Lease.objects.get()
    assert (held.owner, held.written_until) == ("b", now.replace(microsecond=0))


def test_who_was_locked_out_may_try_again_after_a_quarter_of_an_hour(
    ahead, right, client: Client, django_user_model, time_machine
) -> None:
    django_user_model.objects.create_user(**GOOD_LOGIN)
    for _ in range(6):
        client.post("/login", LOGIN)
    right()
    look_after_clock()
    assert client.post("/login", GOOD_LOGIN).status_code != 302
    assert AccessAttempt.objects.exists()
    time_machine.shift(timedelta(minutes=16))
    assert client.post("/login", GOOD_LOGIN).status_code == 302


def test_backtests_are_taken_on(ahead, right) -> None:
    now = datetime.now(UTC)
    question = {"tag": "fermenter_temp", "off": [], "sensitivity": 1.0, "parameters": {}}
    Backtest.objects.create(asker="a", question=question, start=now, end=now, asked_at=now, renewed_at=now)
    right()
    assert requests.take_next(now=datetime.now(UTC)) is not None


def test_the_use_of_a_token_is_noted_again(ahead, right, client: Client) -> None:
    from monitoring.access.token_store import issue_token
    from monitoring.models.token import Scope

    secret = issue_token(name="gateway", scope=Scope.READ)
    headers = {"Authorization": f"Token {secret}"}
    client.get("/tags", headers=headers)
    assert Token.objects.get().used_at >= ahead + AHEAD
    right()
    client.get("/tags", headers=headers)
    assert Token.objects.get().used_at < ahead + timedelta(minutes=2)
