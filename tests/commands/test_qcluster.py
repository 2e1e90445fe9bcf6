"""``manage.py qcluster``: goes on whatever is killed, and stops at once."""

import signal
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError

from monitoring.operations import cluster


@pytest.fixture
def worker(system) -> Any:
    system.migrate()
    command = system.run("manage.py", "qcluster")
    system.wait_for_more()
    return command


def sentinel_of(worker):
    (sentinel,) = (p for p in worker.family() if p.ppid() == worker.process.pid)
    return sentinel


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("to_group", [False, True])
def test_a_signal_stops_it_in_order(system, worker, number, to_group) -> None:
    worker.send(number, to_group=to_group)
    assert worker.end(within_s=10) == 0
    assert system.select("SELECT count(*) FROM leases WHERE owner != ''") == (0,)
    assert [line.split(": ")[-1] for line in worker.text.splitlines()] == ["worker started", "worker stopped"]


def test_it_stops_in_time_although_its_workers_hang(worker) -> None:
    for process in sentinel_of(worker).children():
        process.suspend()
    worker.send(signal.SIGTERM)
    assert worker.end(within_s=10) == 0
    assert "did not stop within" in worker.text


def test_it_stops_in_time_although_its_workers_die_with_it(worker) -> None:
    sentinel = sentinel_of(worker)
    for process in [*sentinel.children(), sentinel]:
        process.kill()
    worker.send(signal.SIGTERM)
    assert worker.end(within_s=10) == 0


def test_when_it_is_killed_its_workers_end(worker) -> None:
    assert len(worker.send(signal.SIGKILL)) > 6
    assert worker.end() == -signal.SIGKILL


def test_it_goes_on_when_the_writing_worker_is_killed(system, worker) -> None:
    system.lease_holder().kill()
    system.wait_for_more()
    assert worker.process.poll() is None


def test_another_goes_on_to_judge_when_the_judging_worker_is_killed(system, worker, wait_until) -> None:
    seen = "SELECT owner, written_until FROM leases WHERE source = 'judge'"
    system.lease_holder("judge").kill()
    before = system.select(seen)
    wait_until(lambda: all(now != then for now, then in zip(system.select(seen), before, strict=True)))


def test_it_goes_on_when_the_sentinel_is_killed(system, worker, wait_until) -> None:
    sentinel = sentinel_of(worker)
    orphans = sentinel.children()
    sentinel.kill()
    system.wait_for_more()
    assert "workers replaced: their sentinel is dead" in worker.text
    wait_until(lambda: not any(orphan.is_running() for orphan in orphans))
    worker.send(signal.SIGTERM)
    assert worker.end() == 0


def test_it_goes_on_when_all_workers_are_killed_and_the_queue_stays_locked(system, worker) -> None:
    for process in sentinel_of(worker).children():
        process.kill()
    system.wait_for_more(within_s=90)
    worker.send(signal.SIGTERM)
    assert worker.end() == 0


def test_run_once_works_off_the_queue_and_ends(system) -> None:
    system.migrate()
    queue = "from django_q.tasks import async_task; async_task('monitoring.tasks.prune_tasks')"
    assert system.run("manage.py", "shell", "-v", "0", "-c", queue).end(60) == 0
    assert system.run("manage.py", "qcluster", "--run-once").end(60) == 0
    assert system.select("SELECT func, success FROM django_q_task") == ("monitoring.tasks.prune_tasks", 1)
    assert system.select("SELECT count(*) FROM django_q_ormq") == (0,)


def test_run_once_can_be_stopped(system, wait_until) -> None:
    system.migrate()
    queue = "from django_q.tasks import async_task; async_task('time.sleep', 60)"
    assert system.run("manage.py", "shell", "-v", "0", "-c", queue).end(60) == 0
    command = system.run("manage.py", "qcluster", "--run-once")
    wait_until(lambda: len(command.family()) > 6)
    command.send(signal.SIGTERM)
    assert command.end(within_s=10) == 0


def test_without_tables_it_says_what_to_do(system) -> None:
    command = system.run("manage.py", "qcluster")
    assert command.end() == 1
    assert "manage.py migrate" in command.text
    assert "Traceback" not in command.text


def test_its_processes_have_connections_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []
    pooled = SimpleNamespace(
        vendor="postgresql",
        settings_dict={"OPTIONS": {"pool": {"max_size": 20}, "sslmode": "require"}, "CONN_MAX_AGE": 0},
        close=lambda: closed.append("connection"),
        close_pool=lambda: closed.append("pool"),
    )
    monkeypatch.setattr(cluster, "connections", SimpleNamespace(all=lambda: [pooled]))
    cluster.leave_pool()
    assert closed == ["connection", "pool"]
    assert pooled.settings_dict == {"OPTIONS": {"sslmode": "require"}, "CONN_MAX_AGE": None}


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[cluster.WatchedCluster]:
    """A cluster that has run for an hour, without processes; its heartbeat is ``watched.beats``."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    watched = cluster.WatchedCluster()
    watched.sentinel = SimpleNamespace(is_alive=lambda: True, pid=2**22 + 1)
    watched.began -= 3600
    watched.simulator.heard -= 3600
    watched.beats = [None]
    monkeypatch.setattr(cluster, "heartbeat", lambda source: watched.beats[0])
    watched.calls = []
    watched.simulator.queue = lambda: watched.calls.append("called")
    watched.judge.queue = lambda: watched.calls.append("judge")
    yield watched
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_a_heartbeat_that_never_moved_is_a_problem(watched) -> None:
    assert watched.problem() == "no heartbeat for 3600 s"


def test_a_heartbeat_that_moves_is_none_whatever_the_clock_says(watched) -> None:
    watched.beats[0] = "any other moment"
    assert watched.problem() is None
    watched.simulator.heard -= 16
    assert watched.problem() == "no heartbeat for 16 s"


def test_a_cluster_that_just_began_is_given_time(watched) -> None:
    watched.began = time.monotonic()
    assert watched.problem() is None


@pytest.mark.parametrize(
    ("step_s", "is_problem"), [(-400 * 86_400, True), (-6, True), (-1, False), (86_400, False)]
)
def test_a_clock_that_was_set_back_stops_the_sentinel_s_waits(
    watched, monkeypatch: pytest.MonkeyPatch, step_s: float, is_problem: bool
) -> None:
    watched.beats[0] = "a beat"
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + step_s)
    assert (watched.problem() is not None) is is_problem
    watched.beats[0] = "another beat"
    assert watched.problem() is None


def test_a_dead_sentinel_is_a_problem(watched) -> None:
    watched.sentinel.is_alive = lambda: False
    assert watched.problem() == "their sentinel is dead"


def test_a_database_that_is_away_is_not_the_workers_fault(watched, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(source: str) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr(cluster, "heartbeat", away)
    assert watched.problem() is None


def test_after_a_short_silence_another_run_is_queued_once(watched) -> None:
    watched.simulator.heard = time.monotonic() - 6
    assert [watched.problem(), watched.problem()] == [None, None]
    assert watched.calls == ["called"]
    watched.beats[0] = "a beat"
    watched.problem()
    watched.simulator.heard -= 6
    watched.problem()
    assert watched.calls == ["called", "called"]


def test_after_a_short_silence_of_the_judge_one_is_queued(watched) -> None:
    watched.simulator.hear()
    watched.judge.heard -= 6
    assert [watched.problem(), watched.problem()] == [None, None]
    assert watched.calls == ["judge"]


def test_a_database_that_takes_no_writes_is_not_the_workers_fault(watched, monkeypatch) -> None:
    def locked() -> None:
        raise DatabaseError("database is locked")

    watched.simulator.queue = locked
    assert watched.problem() is None
    assert time.monotonic() - watched.simulator.heard < 3600
