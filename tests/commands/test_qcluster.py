"""``manage.py qcluster``: goes on whatever is killed, and stops at once."""

import re
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from django.db import DatabaseError

from monitoring.models import Source
from monitoring.operations import child_process, cluster
from monitoring.operations.child_process import COLLECTOR, DETECTION, ChildOnDemand, ChildProcess
from monitoring.sources import registry
from tests.sources.fake.kind import KIND

BESIDE = ("alarms", "detection", "notifications")


@pytest.fixture
def worker(system, wait_until) -> Any:
    system.migrate()
    command = system.run("manage.py", "qcluster")
    system.wait_for_more()
    wait_until(lambda: all(f"{name} started" in command.text for name in BESIDE))
    return command


def is_detection(process: psutil.Process) -> bool:
    return "run_detection" in process.cmdline()


def evaluates_alarms(process: psutil.Process) -> bool:
    return "run_alarms" in process.cmdline()


def notifies(process: psutil.Process) -> bool:
    return "run_notifications" in process.cmdline()


def sentinel_of(worker):
    children = [p for p in worker.family() if p.ppid() == worker.process.pid]
    beside = (is_detection, evaluates_alarms, notifies)
    (sentinel,) = (p for p in children if not any(each(p) for each in beside))
    return sentinel


def detection_of(worker):
    return next((p for p in worker.family() if is_detection(p)), None)


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.once)])
@pytest.mark.parametrize("to_group", [pytest.param(False, marks=pytest.mark.once), True])
def test_a_signal_stops_it_in_order(system, worker, number, to_group) -> None:
    worker.send(number, to_group=to_group)
    assert worker.end(within_s=10) == 0
    assert system.select("SELECT count(*) FROM leases WHERE owner != ''") == (0,)
    told = [line.split(": ")[-1] for line in worker.text.splitlines()]
    parts = (*BESIDE, "worker")
    assert sorted(told) == [f"{part} {what}" for part in parts for what in ("started", "stopped")]
    assert (told[0], told[-1]) == ("worker started", "worker stopped")


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


def test_detection_is_a_process_of_its_own_and_started_again_when_it_is_killed(
    system, worker, wait_until
) -> None:
    seen = "SELECT owner, written_until FROM leases WHERE source = 'judge'"
    first = system.lease_holder("judge")
    assert first == detection_of(worker)
    first.kill()
    before = system.select(seen)
    wait_until(lambda: all(now != then for now, then in zip(system.select(seen), before, strict=True)))
    assert system.lease_holder("judge") == detection_of(worker)
    assert worker.text.count("detection ended and is started again (code=-9") == 1


def test_the_alarms_are_evaluated_again_after_a_kill(system, worker, wait_until) -> None:
    owner = "SELECT owner FROM leases WHERE source = 'alarms'"
    first = system.lease_holder("alarms")
    assert evaluates_alarms(first)
    before = system.select(owner)
    first.kill()
    wait_until(lambda: system.select(owner) != before)
    assert evaluates_alarms(system.lease_holder("alarms"))
    assert worker.text.count("alarms ended and is started again (code=-9") == 1


def test_without_the_processes_beside_it_it_starts_none(system, wait_until) -> None:
    system.migrate()
    worker = system.run("manage.py", "qcluster", *(f"--no-{name}" for name in BESIDE))
    system.wait_for_more()
    assert detection_of(worker) is None
    assert not any(evaluates_alarms(each) or notifies(each) for each in worker.family())
    assert system.select(
        "SELECT count(*) FROM leases WHERE source IN ('judge', 'alarms', 'notifications')"
    ) == (0,)


def test_what_an_older_version_has_scheduled_and_queued_for_detection_goes_in_silence(
    system, wait_until
) -> None:
    system.migrate()
    old = (
        "from django_q.models import Schedule; from django_q.tasks import async_task;"
        "Schedule.objects.create(name='fermon.judge', func='monitoring.tasks.run_judge', minutes=1,"
        " schedule_type='I', repeats=-1, intended_date_kwarg='due');"
        "async_task('monitoring.tasks.run_judge', due='2026-01-31T12:00:00+00:00')"
    )
    assert system.run("manage.py", "shell", "-v", "0", "-c", old).end(60) == 0
    worker = system.run("manage.py", "qcluster")
    system.wait_for_more()
    wait_until(lambda: system.select("SELECT count(*) FROM django_q_task WHERE func LIKE '%judge'") == (1,))
    assert system.select("SELECT success FROM django_q_task WHERE func LIKE '%judge'")[0]
    assert system.select("SELECT count(*) FROM django_q_schedule WHERE name = 'fermon.judge'") == (0,)
    assert system.lease_holder("judge") == detection_of(worker)
    assert not {"ERROR", "CRITICAL", "Traceback"} & set(worker.text.split())


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
    yield watched
    for number, handler in handlers.items():
        signal.signal(number, handler)


def silent_s(watched: cluster.WatchedCluster) -> int:
    """For how long there was no heartbeat, as the problem says; a second or more passes on a busy machine."""
    found = re.fullmatch(r"no heartbeat for (\d+) s", watched.problem() or "")
    assert found
    return int(found[1])


def test_a_heartbeat_that_never_moved_is_a_problem(watched) -> None:
    assert 3600 <= silent_s(watched) < 3700


def test_a_heartbeat_that_moves_is_none_whatever_the_clock_says(watched) -> None:
    watched.beats[0] = "any other moment"
    assert watched.problem() is None
    watched.simulator.heard -= 16
    assert 16 <= silent_s(watched) < 116


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


def test_a_database_that_takes_no_writes_is_not_the_workers_fault(watched, monkeypatch) -> None:
    def locked() -> None:
        raise DatabaseError("database is locked")

    watched.simulator.queue = locked
    assert watched.problem() is None
    assert time.monotonic() - watched.simulator.heard < 3600


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[SimpleNamespace]:
    """The processes that detection would have; each runs until its ``returncode`` is set."""
    started: list[SimpleNamespace] = []

    def start(command: str) -> SimpleNamespace:
        process = SimpleNamespace(returncode=None)
        process.poll = lambda: process.returncode
        started.append(process)
        return process

    monkeypatch.setattr(child_process, "start_process", start)
    return started


def test_detection_that_keeps_failing_is_started_again_less_and_less_often(
    started, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(child_process, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    detection = ChildProcess(*DETECTION)
    for _ in range(600):
        detection.ensure_running()
        started[-1].returncode = 1
        clock[0] += 1
    assert 10 < len(started) < 20
    assert len(caplog.records) == len(started) - 1 or len(caplog.records) == len(started)
    assert {record.message for record in caplog.records} == {"detection ended and is started again"}


def test_a_child_on_demand_runs_only_while_it_is_needed(started) -> None:
    collector = ChildOnDemand(*COLLECTOR)
    collector.ensure_running()
    assert started == []
    collector.is_needed = True
    collector.ensure_running()
    (process,) = started
    process.terminate = lambda: setattr(process, "returncode", 0)
    collector.is_needed = False
    collector.ensure_running()
    assert process.returncode == 0
    collector.is_needed = True
    collector.ensure_running()
    assert len(started) == 1  # the pause after an end
    collector.is_needed = False
    collector.ensure_running()
    collector.stop()


@pytest.mark.django_db
def test_the_collector_is_needed_once_there_is_a_source_that_one_reads(
    watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = ChildOnDemand(*COLLECTOR)
    watched.children = [ChildProcess(*DETECTION), collector]
    watched.look_for_sources()
    assert not collector.is_needed
    monkeypatch.setitem(registry.KINDS, KIND.name, KIND)
    Source.objects.create(name="s", protocol=KIND.name, changed_at=datetime.now(UTC))
    watched.look_for_sources()
    assert not collector.is_needed  # it looks every few seconds
    watched.sources_seen -= 60
    watched.look_for_sources()
    assert collector.is_needed


@pytest.mark.parametrize(("shards", "asked", "started"), [(1, 1, 1), (4, 2, 2), (2, 4, 2)])
def test_no_more_processes_of_detection_are_started_than_there_are_shards(
    settings: Any, shards: int, asked: int, started: int
) -> None:
    settings.FERMON_DETECTION_SHARDS, settings.FERMON_DETECTION_PROCESSES = shards, asked
    assert cluster.detection_processes() == started


def test_where_another_supervises_detection_the_worker_starts_none(started) -> None:
    detection = ChildProcess(*DETECTION, is_wanted=False)
    detection.ensure_running()
    detection.terminate()
    detection.stop()
    assert started == []
