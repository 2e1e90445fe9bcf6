"""Health as threads find it out: soon, whatever the database does."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from time_machine import TimeMachineFixture

from monitoring.kernel.outages import outages
from monitoring.models import HostClock, Lease, Measurement, Tag
from monitoring.operations import health
from monitoring.operations.health import Health, check_health
from monitoring.storage.host_clock import check_clock
from tests.patience import stretched

NOW = datetime.now(UTC)

pytestmark = [pytest.mark.threads, pytest.mark.django_db(transaction=True)]


def check(**changes) -> Health:
    given: dict[str, Any] = {"simulator_on": True, "dead_letters": 0, "waiting_since": None, "queued": int}
    return check_health(**given | changes)


@pytest.fixture(autouse=True)
def working_worker(time_machine: TimeMachineFixture) -> None:
    """The clock stands still: a worker is silent after five seconds, and a test may take as long."""
    time_machine.move_to(now := datetime.now(UTC), tick=False)
    Lease.objects.create(source="simulator", owner="a", renewed_at=now, written_until=now)
    Lease.objects.create(source="judge", owner="a", renewed_at=now, written_until=now)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database on a busy machine is slow, and not away."""
    monkeypatch.setattr(health, "ANSWER_S", stretched(30))


@pytest.fixture
def locked_database(monkeypatch, write_lock) -> Iterator[None]:
    monkeypatch.setattr(health, "LOCK_MS", 50)
    with write_lock():
        yield


def test_all_is_well() -> None:
    found = check()
    assert (found.status, found.database, found.problems, found.since) == ("healthy", "connected", (), None)


@pytest.mark.usefixtures("locked_database")
def test_a_database_that_takes_no_writes_is_told_from_one_that_is_away() -> None:
    found = check()
    assert (found.status, found.database) == ("degraded", "locked")
    assert "takes no writes now" in found.problems[0]
    assert "kept safe on disk" in found.problems[0]
    assert found.since is not None


@pytest.fixture
def only_reads(monkeypatch) -> Iterator[None]:
    """New connections are to a PostgreSQL that takes no writes."""
    connection.close_pool()  # type: ignore[attr-defined]
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict["OPTIONS"], "options", "-c default_transaction_read_only=on")
        yield
    connection.close_pool()  # type: ignore[attr-defined]


@pytest.mark.postgresql
@pytest.mark.usefixtures("only_reads")
def test_a_server_that_only_reads_is_told() -> None:
    found = check()
    assert (found.status, found.database) == ("degraded", "locked")
    assert "takes no writes now (it is read-only)" in found.problems[0]


def test_a_database_that_hangs_is_not_waited_for(monkeypatch) -> None:
    monkeypatch.setattr(health, "ANSWER_S", 0.05)
    release = threading.Event()

    def hang() -> int:
        release.wait(20)
        return 0

    before = time.monotonic()
    found = check(queued=hang)
    release.set()
    assert time.monotonic() - before < stretched(10)
    assert (found.status, found.database) == ("unhealthy", "away")
    assert "did not answer" in found.problems[0]


def test_an_outage_ends_when_the_database_is_back(caplog) -> None:
    caplog.set_level("INFO")
    outages().database.begin("gone")
    outages().database.begin("gone still")
    assert check().status == "healthy"
    assert (caplog.text.count("database away"), caplog.text.count("database back")) == (1, 1)


@pytest.mark.parametrize(
    ("silent_s", "status"), [(0, "healthy"), (4, "healthy"), (5, "degraded"), (3600, "degraded")]
)
def test_a_worker_that_falls_silent_is_noticed_within_five_seconds(silent_s: int, status: str) -> None:
    heard = datetime.now(UTC) - timedelta(seconds=silent_s)
    Lease.objects.update(renewed_at=heard)
    found = check()
    assert found.status == status
    assert found.since == (heard if status == "degraded" else None)


def test_a_simulator_that_writes_nothing_is_noticed_although_the_worker_lives() -> None:
    simulator = Lease.objects.filter(source="simulator")
    simulator.update(written_until=datetime.now(UTC) - timedelta(seconds=6))
    assert "the simulator writes nothing" in check().problems[0]
    assert check(simulator_on=False).status == "healthy"


@pytest.mark.parametrize(
    ("behind_s", "status"), [(None, "healthy"), (0, "healthy"), (59, "healthy"), (61, "degraded")]
)
def test_detectors_that_lag_behind_are_told_while_a_worker_runs(behind_s: int | None, status: str) -> None:
    until = None if behind_s is None else datetime.now(UTC) - timedelta(seconds=behind_s)
    Lease.objects.filter(source="judge").update(written_until=until)
    found = check()
    assert found.status == status
    assert found.detection_age == behind_s
    Lease.objects.filter(source="simulator").delete()
    assert not any("detectors" in problem for problem in check().problems)


def measured(seconds_ago: float) -> None:
    """Stores a measurement of so long ago."""
    timestamp = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    Measurement.objects.create(tag=Tag.objects.first(), timestamp=timestamp, value=37.0, is_anomaly=False)


@pytest.mark.parametrize(("seconds_ago", "status"), [(None, "healthy"), (5, "healthy"), (61, "degraded")])
def test_that_detection_has_never_run_is_told_once_measurements_wait_for_a_minute(
    seconds_ago: float | None, status: str
) -> None:
    Lease.objects.filter(source="judge").delete()
    if seconds_ago is not None:
        measured(seconds_ago)
    found = check()
    assert (found.status, found.detection_age) == (status, None)
    told = [problem for problem in found.problems if "Detection has never run" in problem]
    assert len(told) == (status == "degraded")
    assert all("manage.py run_detection" in problem for problem in told)


@pytest.mark.parametrize(("seconds_ago", "status"), [(5, "healthy"), (61, "degraded")])
def test_a_shard_that_never_caught_up_is_told_once_measurements_wait_for_a_minute(
    seconds_ago: float, status: str
) -> None:
    Lease.objects.create(source="judge.1", owner="a", renewed_at=datetime.now(UTC), position=0)
    measured(seconds_ago)
    found = check()
    assert found.status == status
    assert found.detection_age is not None
    assert any("have never caught up" in problem for problem in found.problems) == (status == "degraded")


def test_detection_that_has_ended_is_told_since_when() -> None:
    heard = datetime.now(UTC) - timedelta(seconds=90)
    Lease.objects.filter(source="judge").update(renewed_at=heard, written_until=heard)
    found = check()
    (problem,) = found.problems
    assert problem.startswith("Detection was last heard of 90 s ago")
    assert "manage.py run_detection" in problem
    assert (found.status, found.since) == ("degraded", heard)


def test_asking_stores_nothing(monkeypatch) -> None:
    measured(61)
    statements: list[str] = []

    def note(execute, sql, params, many, context):
        statements.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        seen = health.read_state(datetime.now(UTC), int)
        assert health.write_error() == ""
    assert seen.database == "connected"
    assert len(statements) > 5
    assert {sql.split()[0] for sql in statements} <= {"SELECT", "PRAGMA", "BEGIN", "SET", "LOCK", "SHOW"}


def test_readings_that_wait_are_told_with_since_when() -> None:
    found = check(dead_letters=3, waiting_since=NOW)
    assert found.problems == ("3 readings wait on disk, where they are safe, to be stored.",)
    assert found.since == NOW


def test_a_disk_that_is_full_is_told(settings, data_dir) -> None:
    data_dir.mkdir()
    settings.FERMON_DISK_RESERVE_BYTES = 2**60
    assert "The disk is full" in check().problems[0]


def test_readings_that_are_turned_away_are_told_until_they_are_taken_again() -> None:
    outages().keeping.begin("the disk of /data is full")
    assert check().problems == (
        "Readings are turned away, for their sources to send again: the disk of /data is full.",
    )
    outages().keeping.end()
    assert check().status == "healthy"


def test_a_database_that_answers_but_stores_nothing_is_told() -> None:
    outages().storing.begin("database or disk is full")
    found = check()
    assert "Readings can't be stored (database or disk is full)" in found.problems[0]
    assert found.since == outages().storing.since


def test_that_redis_is_away_is_told_and_no_more(settings, redis_server) -> None:
    settings.REDIS_URL = redis_server.url
    assert check().status == "healthy"
    redis_server.kill()
    found = check()
    assert (found.status, found.database) == ("degraded", "connected")
    (problem,) = found.problems
    assert problem.startswith("Redis is away (")
    assert problem.endswith("nothing is lost.")
    assert found.since is not None


def test_a_postgresql_that_only_stands_by_takes_no_writes(monkeypatch) -> None:
    monkeypatch.setattr(health, "is_read_only", lambda: True)
    found = check()
    assert (found.status, found.database) == ("degraded", "locked")
    assert "it is read-only" in found.problems[0]


def test_a_clock_that_jumped_is_told_since_it_was_last_good(time_machine) -> None:
    good = check_clock().reading.now
    time_machine.move_to(good + timedelta(days=400))
    now = datetime.now(UTC)
    Lease.objects.update(renewed_at=now, written_until=now)
    found = check()
    assert (found.status, found.since) == ("degraded", good)
    (problem,) = found.problems
    assert "400 days ahead" in problem
    assert "manage.py confirm_clock" in problem
    time_machine.move_to(good + timedelta(minutes=1))
    now = datetime.now(UTC)
    Lease.objects.update(renewed_at=now, written_until=now)
    assert check().status == "healthy"


def test_another_host_s_jump_is_told_as_the_worker_there_has_noted_it() -> None:
    check_clock()
    HostClock.objects.create(
        boot="other", host="b", anchored_at=NOW, anchored_uptime_s=0, uptime_s=0, good_until=NOW, jump_s=-2e6
    )
    (problem,) = check().problems
    assert problem.startswith("The clock of b jumped: it is 23.1 days behind the expected time.")


def test_a_worker_that_fell_silent_while_the_clock_was_ahead_is_noticed() -> None:
    ahead = datetime.now(UTC) + timedelta(days=400)
    Lease.objects.update(renewed_at=ahead, written_until=ahead)
    assert "The worker was last heard of" in check().problems[0]
