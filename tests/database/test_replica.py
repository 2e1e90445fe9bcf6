"""Reads from a real streaming replica, which is paused, frozen, killed and promoted; and its lag."""

import logging
import math
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, ProgrammingError, connection, connections
from django.db.models import IntegerField, Model
from psycopg_pool import PoolTimeout
from pytest_django import DjangoDbBlocker, Settings

from fermon_site.databases import use_postgresql
from fermon_site.environment import parsed_database
from fermon_site.replica_router import ReplicaRouter
from monitoring.database import replica, replica_monitor
from monitoring.database.replica import is_away, read, read_pieces, usable_lag_s
from monitoring.database.replica_monitor import (
    Found,
    Position,
    Probe,
    ReplicaMonitor,
    ReplicaState,
    lag_of,
    wrong_server,
)
from monitoring.kernel.runtime import Runtime, part
from monitoring.operations import health
from tests.commands.conftest import wait_until
from tests.own_postgresql import Postgresql, primary_and_standby
from tests.patience import stretched

PRIMARY = Position("one", "monday", standby=False, bytes=1000, committed=None, now=50.0)
REPLICA = Position("one", "sunday", standby=True, bytes=1000, committed=40.0, now=70.0)


class TestLag:
    """By how much a replica is behind, from what both servers say about themselves."""

    def test_a_replica_that_has_replayed_all_has_no_lag_however_long_nothing_was_written(self) -> None:
        assert lag_of(REPLICA, PRIMARY) == 0.0

    def test_a_replica_behind_lacks_what_came_after_its_last_transaction_by_the_primarys_clock(self) -> None:
        assert lag_of(replace(REPLICA, bytes=999), PRIMARY) == 10.0

    def test_while_the_primary_is_away_the_replicas_clock_counts(self) -> None:
        assert lag_of(REPLICA, None) == 30.0

    def test_a_replica_behind_without_a_transaction_is_behind_by_an_unknown_time(self) -> None:
        assert math.isinf(lag_of(replace(REPLICA, bytes=999, committed=None), PRIMARY))

    def test_only_a_standby_or_the_primary_itself_is_read_from(self) -> None:
        assert wrong_server(REPLICA, PRIMARY) == wrong_server(PRIMARY, PRIMARY) == ""
        assert "another database" in wrong_server(replace(REPLICA, system="two"), PRIMARY)
        assert "promoted" in wrong_server(replace(REPLICA, standby=False), PRIMARY)
        assert "promoted" in wrong_server(replace(REPLICA, standby=False), None)

    def test_a_stale_replica_comes_back_well_within_the_limit(self, settings: Settings) -> None:
        settings.FERMON_REPLICA_MAX_LAG = 10
        monitor = ReplicaMonitor()
        monitor.found = Found(ReplicaState.CURRENT, 0.0)
        at_lag = [replace(REPLICA, bytes=999, committed=PRIMARY.now - lag) for lag in (9.0, 11.0, 4.0)]
        assert [monitor.judged(each, PRIMARY).state for each in at_lag] == ["current", "stale", "current"]
        monitor.found = Found(ReplicaState.STALE, 11.0)
        assert [monitor.judged(each, PRIMARY).state for each in at_lag] == ["stale", "stale", "current"]


class Answers(Probe):
    """A probe that gets these answers, in turn."""

    def __init__(self, *answers: Position | str) -> None:
        super().__init__()
        self.answers = iter(answers)

    def ask(self, alias: str) -> Position | str:
        return next(self.answers)


class TestMeasuring:
    """What a measurement makes of the answers of both servers."""

    @pytest.fixture
    def monitor(self, monkeypatch: pytest.MonkeyPatch) -> ReplicaMonitor:
        monkeypatch.setattr(replica_monitor, "discard_idle_connections", lambda: None)
        return ReplicaMonitor()

    @pytest.mark.parametrize(("bytes_after", "state"), [(1001, "current"), (1000, "stale")])
    def test_a_replica_beyond_the_primary_has_diverged(
        self, monitor: ReplicaMonitor, bytes_after: int, state: str
    ) -> None:
        after = replace(PRIMARY, bytes=bytes_after)
        monitor.measure(Answers(PRIMARY, replace(REPLICA, bytes=1001), after))
        assert monitor.found.state == state
        assert monitor.found.lag_s == (0.0 if state == "current" else math.inf)

    def test_a_promoted_server_is_told_as_such_also_beyond_the_primary(self, monitor: ReplicaMonitor) -> None:
        monitor.measure(Answers(PRIMARY, replace(REPLICA, bytes=1001, standby=False), PRIMARY))
        assert monitor.found.state == "no replica"

    @pytest.mark.parametrize(
        ("answers", "cuts"),
        [
            (["it did not answer within 2 s"], 1),
            (["too many connections"], 0),
            (["too many connections", "too many connections"], 1),
            (["too many connections", REPLICA, "too many connections"], 0),
        ],
    )
    def test_reads_under_way_are_cut_once_the_replica_hangs_or_fails_again(
        self,
        monitor: ReplicaMonitor,
        monkeypatch: pytest.MonkeyPatch,
        answers: list[Position | str],
        cuts: int,
    ) -> None:
        were_cut: list[Any] = []
        monkeypatch.setattr(replica_monitor, "cut", were_cut.append)
        with monitor.in_use(connection):
            for answer in answers:
                monitor.measure(Answers(PRIMARY, answer))
        assert len(were_cut) == cuts

    def test_a_thread_that_failed_is_started_again(
        self, monitor: ReplicaMonitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise ValueError

        monkeypatch.setattr(replica_monitor, "PROBE_EVERY_S", 0)
        monkeypatch.setattr(monitor, "measure", fail)
        monitor._thread = threading.Thread()
        with pytest.raises(ValueError):  # noqa: PT011 - any
            monitor._run()
        assert monitor._thread is None


def test_a_pool_without_a_free_connection_is_no_replica_that_is_away() -> None:
    for cause, expected in ((PoolTimeout(), False), (psycopg.OperationalError(), True)):
        error = OperationalError()
        error.__cause__ = cause
        assert is_away(error) is expected


def test_a_piece_that_fails_on_the_replica_is_noted_and_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[Exception] = []
    monkeypatch.setattr(replica, "usable_lag_s", lambda: 1.0)
    monkeypatch.setattr(replica, "replica_as_default", nullcontext)
    monkeypatch.setattr(replica, "note_failure", noted.append)

    def pieces() -> Iterator[int]:
        yield 1
        raise OperationalError

    found = read_pieces(pieces())
    assert next(found) == 1
    with pytest.raises(OperationalError):
        next(found)
    assert [type(error) for error in noted] == [OperationalError]


def test_without_a_replica_the_primary_is_asked_and_no_thread_started(runtime: Runtime) -> None:
    assert read(lambda: 7) == (7, None)
    assert ReplicaMonitor not in runtime.parts


def test_the_replica_is_not_migrated() -> None:
    assert ReplicaRouter().allow_migrate("replica", "monitoring") is False
    assert ReplicaRouter().allow_migrate("default", "monitoring") is None


class Number(Model):
    """A table of a test."""

    number = IntegerField(primary_key=True)

    class Meta:
        app_label, db_table, managed = "replica_test", "numbers", False

    def __str__(self) -> str:
        return str(self.number)


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Postgresql, Postgresql]]:
    with primary_and_standby() as (primary, standby):
        primary.execute("CREATE TABLE numbers (number int PRIMARY KEY)")
        yield primary, standby


@pytest.fixture
def servers(
    pair: tuple[Postgresql, Postgresql],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[tuple[Postgresql, Postgresql]]:
    """Primary and standby as the databases of this process, and a replica that is in use."""
    primary, standby = pair
    primary.execute("TRUNCATE numbers")
    standby.catch_up_with(primary)  # one that counts as current may lag
    monkeypatch.setattr(replica_monitor, "PROBE_EVERY_S", 0.05)
    monkeypatch.setattr(replica_monitor, "ANSWER_S", stretched(10))
    settings.FERMON_REPLICA_MAX_LAG = 10
    for alias, server in (("default", primary), ("replica", standby)):
        given = connections.settings["default"] | {"OPTIONS": {}} | parsed_database(server.url())
        use_postgresql(given, {"connect_timeout": 2}, pool=4 if alias == "replica" else 0, wait_s=1)
        monkeypatch.setitem(connections.settings, alias, given)
    before = connections["default"]
    del connections["default"]
    with django_db_blocker.unblock():
        try:
            wait_until(lambda: usable_lag_s() is not None, 20)
            yield primary, standby
        finally:
            part(ReplicaMonitor).stop()
            connections["replica"].close()
            connections["replica"].close_pool()  # type: ignore[attr-defined]
            connections["default"].close()
            del connections["replica"]
            connections["default"] = before


def serving() -> list[Any]:
    """Whether the server of a cursor is a standby; and the numbers that a model reads."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_is_in_recovery()")
        (is_standby,) = cursor.fetchone()
    return [is_standby, list(Number._default_manager.values_list("number", flat=True))]


def insert() -> int:
    return Number._default_manager.create(number=7).pk


@pytest.mark.once
def test_cursors_and_models_read_from_the_replica_and_the_lag_is_told(servers: Any) -> None:
    primary, standby = servers
    primary.execute("INSERT INTO numbers VALUES (1)")
    wait_until(lambda: standby.execute("SELECT * FROM numbers"))
    found, lag_s = read(serving)
    assert found == [True, [1]]
    assert lag_s is not None
    assert 0 <= lag_s < 10
    assert serving() == [False, [1]]


@pytest.mark.once
def test_what_the_replica_refuses_or_lacks_is_done_on_the_primary(servers: Any) -> None:
    assert read(insert) == (7, None)
    assert serving() == [False, [7]]

    def in_vain() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM nothing")

    with pytest.raises(ProgrammingError, match="nothing"):
        read(in_vain)
    assert usable_lag_s() is not None  # such errors are no fault of the replica


@pytest.mark.once
def test_a_caller_that_accepts_less_than_the_lag_gets_the_primary(servers: Any) -> None:
    assert read(serving, max_lag_s=-1) == ([False, []], None)
    assert read(serving, max_lag_s=60)[0] == [True, []]


@pytest.mark.once
def test_pieces_of_a_long_answer_come_from_the_replica(servers: Any) -> None:
    assert list(read_pieces(serving() for _ in range(2))) == [[True, []]] * 2
    part(ReplicaMonitor).stop()
    part(ReplicaMonitor).found = Found()
    assert list(read_pieces(serving() for _ in range(2))) == [[False, []]] * 2


@pytest.mark.once
def test_a_replica_that_replays_nothing_is_stale_until_it_goes_on(
    servers: Any, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    primary, standby = servers
    caplog.set_level(logging.INFO, "monitoring.kernel.outages")
    standby.execute("SELECT pg_wal_replay_pause()")
    primary.execute("INSERT INTO numbers VALUES (2)")
    settings.FERMON_REPLICA_MAX_LAG = 0.2
    wait_until(lambda: part(ReplicaMonitor).health().state == "stale")
    assert read(serving) == ([False, [2]], None)
    assert "behind the primary" in part(ReplicaMonitor).health().error
    settings.FERMON_REPLICA_MAX_LAG = 10
    standby.execute("SELECT pg_wal_replay_resume()")
    wait_until(lambda: read(serving)[0] == [True, [2]])
    wait_until(lambda: part(ReplicaMonitor).health().state == "current")
    assert [record.message for record in caplog.records] == [
        "the replica can't be read: reads go to the primary",
        "the replica is read again",
    ]


@pytest.mark.once
def test_a_read_that_waits_for_a_replica_that_hangs_is_answered_by_the_primary(
    servers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, answers = threading.Event(), []

    def slow() -> list[Any]:
        began.set()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(CASE WHEN pg_is_in_recovery() THEN 600 ELSE 0 END)")
        return serving()

    def ask() -> None:
        answers.append(read(slow))
        connections.close_all()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    began.wait()
    wait_until(
        lambda: servers[1].execute(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%sleep(C%' AND pid <> pg_backend_pid()"
        )
    )
    monkeypatch.setattr(replica_monitor, "ANSWER_S", 0.2)
    patient_until = time.monotonic()
    wait_until(lambda: part(ReplicaMonitor).found.at > patient_until)
    with servers[1].frozen():
        thread.join(stretched(60))
    assert answers == [([False, []], None)]


@pytest.mark.once
def test_when_the_replica_is_killed_the_primary_answers_until_it_is_back(servers: Any) -> None:
    _, standby = servers
    standby.kill()
    assert read(serving) == ([False, []], None)
    wait_until(lambda: part(ReplicaMonitor).health().state == "away")
    standby.start()
    wait_until(lambda: read(serving)[0] == [True, []])


@pytest.mark.once
def test_commits_that_wait_for_a_synchronous_standby_are_told(
    servers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    primary, _ = servers
    monkeypatch.setattr(health, "UNCONFIRMED_S", 0.0)
    assert health.unconfirmed() == ""
    insert_in_vain = threading.Thread(target=primary.execute, args=["INSERT INTO numbers VALUES (3)"])
    try:
        primary.confirm_with("one_that_is_away")
        insert_in_vain.start()
        wait_until(lambda: health.unconfirmed().endswith(health.STANDBY_AWAY))
    finally:
        primary.confirm_with("")
        insert_in_vain.join(60)
    wait_until(lambda: health.unconfirmed() == "")


def test_readings_are_not_said_to_be_safe_while_no_commit_is_confirmed() -> None:
    seen = health.Seen("locked", f"no commit has been confirmed for 7 s: {health.STANDBY_AWAY}")
    (problem,) = health.database_problems(seen)
    assert problem.endswith("Readings that come in are not acknowledged until it is back.")
    (problem,) = health.database_problems(health.Seen("locked", "it is read-only"))
    assert problem.endswith("Readings that come in are kept safe on disk.")
