"""What django-q2 runs."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.utils import timezone
from django_q.models import Failure, OrmQ, Task

from monitoring import tasks
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Lease, Measurement, Tag
from monitoring.operations.schedules import SCHEDULED_TASKS
from monitoring.sources.simulator import source
from monitoring.spool import spool_files
from monitoring.storage import host_clock

READING = {"timestamp": "2026-01-31T12:00:00Z", "tag": "fermenter_temp", "value": 37.0}

pytestmark = pytest.mark.django_db


@pytest.fixture
def runs(monkeypatch) -> list[dict]:
    """The runs that would have been started."""
    started: list[dict] = []
    monkeypatch.setattr(source, "run_simulator", lambda **how: started.append(how))
    return started


def test_the_scheduled_run_outlasts_the_time_to_the_next_one(runs: list[dict], settings) -> None:
    tasks.run_simulator(datetime.now(UTC).isoformat())
    assert 90 < runs[0]["duration_s"] < settings.Q_CLUSTER["timeout"] < settings.Q_CLUSTER["retry"]


SETTINGS = """
import django; django.setup()
from django.conf import settings
from monitoring import tasks
from monitoring.operations.schedules import SCHEDULED_TASKS, WAITS
wait_s, timeout_s = settings.DATABASE_TIMEOUT_S, settings.Q_CLUSTER["timeout"]
plans = {plan.func.rpartition(".")[2]: plan.timeout_s or timeout_s for plan in SCHEDULED_TASKS}
assert plans["run_simulator"] >= tasks.RUN_S + WAITS * wait_s + 60
assert plans["apply_retention"] >= tasks.RETENTION_S + WAITS * wait_s + 60
assert plans["prune_tasks"] >= WAITS * wait_s + 60
assert timeout_s >= len(tasks.PAUSES_S) * wait_s + sum(tasks.PAUSES_S) + tasks.spool_files.LOCK_TIMEOUT_S
assert timeout_s < settings.Q_CLUSTER["retry"]
"""


@pytest.mark.parametrize("wait_s", [1, 10, 3600])
def test_a_task_ends_before_its_timeout_however_long_locks_are_waited_for(wait_s: int) -> None:
    environment = os.environ | {
        "FERMON_DATABASE_TIMEOUT": str(wait_s),
        "DJANGO_SETTINGS_MODULE": "fermon_site.settings",
    }
    subprocess.run([sys.executable, "-c", SETTINGS], env=environment, check=True)


def test_a_run_delivered_again_long_after_does_nothing(runs: list[dict]) -> None:
    tasks.run_simulator((datetime.now(UTC) - timedelta(seconds=120)).isoformat())
    assert runs == []


def test_while_all_long_runs_are_at_it_two_workers_are_left_for_the_rest(settings) -> None:
    by_the_minute = [plan for plan in SCHEDULED_TASKS if plan.due_kwarg]
    assert settings.Q_CLUSTER["workers"] >= 2 * len(by_the_minute) + 1 + 2  # a new cluster queues two at once


def test_a_run_of_detection_that_an_older_version_queued_does_nothing() -> None:
    tasks.run_judge(datetime.now(UTC).isoformat())
    assert not Lease.objects.exists()


def test_no_task_runs_for_days() -> None:
    longest_s = max(plan.timeout_s or 0 for plan in SCHEDULED_TASKS)
    assert longest_s <= 2 * 3600


def test_queued_readings_are_one_task_that_is_tried_a_finite_number_of_times(settings) -> None:
    tasks.queue_retry([READING])
    assert OrmQ.objects.get().func() == "monitoring.tasks.retry_ingest"
    assert settings.Q_CLUSTER["max_attempts"] == 3


def test_a_retry_stores_and_repeating_it_does_no_harm() -> None:
    tasks.retry_ingest([READING])
    tasks.retry_ingest([READING])
    assert Measurement.objects.get().value == 37.0


def test_a_retry_that_fails_thrice_keeps_the_readings_on_disk(monkeypatch, settings, tmp_path) -> None:
    settings.FERMON_DATA_DIR = tmp_path
    tries: list[object] = []

    def refuse(items: object, source: str) -> None:
        tries.append(items)
        raise OperationalError("disk I/O error")

    monkeypatch.setattr(tasks, "ingest_readings", refuse)
    monkeypatch.setattr("django.db.connection.close", lambda: None)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    tasks.retry_ingest([READING])
    assert len(tries) == 3
    assert tasks.replay_dead_letters() == 1
    assert spool_files.pending_count() == 0
    assert Measurement.objects.count() == 1


def failed_at(moment: datetime, name: str) -> None:
    Task.objects.create(id=name, name=name, func="f", started=moment, stopped=moment, success=False)


def test_failures_older_than_a_week_are_pruned() -> None:
    failed_at(timezone.now() - timedelta(days=8), "old")
    failed_at(timezone.now() - timedelta(days=6), "young")
    assert tasks.prune_tasks() == 1
    assert Failure.objects.get().name == "young"


def test_sessions_that_have_expired_are_deleted(monkeypatch) -> None:
    for name, days in (("old", -1), ("young", 1)):
        Session.objects.create(session_key=name, expire_date=timezone.now() + timedelta(days=days))
    jumped = SimpleNamespace(jump="forward")
    with monkeypatch.context() as patched:
        patched.setattr(host_clock, "check_clock", lambda: jumped)
        tasks.clear_sessions()
    assert Session.objects.count() == 2
    tasks.clear_sessions()
    assert Session.objects.get().session_key == "young"


def test_failures_are_bounded_in_number_too(monkeypatch) -> None:
    monkeypatch.setattr(tasks, "FAILURES_KEPT_AT_MOST", 2)
    for age in range(5):
        failed_at(timezone.now() - timedelta(minutes=age), f"failure {age}")
    assert tasks.prune_tasks() == 3
    assert {failure.name for failure in Failure.objects.all()} == {"failure 0", "failure 1"}


def test_retention_ends_by_itself_before_it_would_be_ended() -> None:
    (plan,) = [plan for plan in SCHEDULED_TASKS if plan.func == "monitoring.tasks.apply_retention"]
    assert plan.timeout_s > tasks.RETENTION_S + 60


def test_retention_stops_when_fermon_does_or_when_its_time_is_up(monkeypatch) -> None:
    Tag.objects.update(retention_days=1)
    ingest_readings([READING, READING | {"timestamp": datetime.now(UTC).isoformat()}])
    monkeypatch.setattr(tasks, "stop_requested", lambda: True)
    assert tasks.apply_retention() == 0
    monkeypatch.setattr(tasks, "stop_requested", lambda: False)
    monkeypatch.setattr(tasks, "RETENTION_S", -1)
    assert tasks.apply_retention() == 0
    monkeypatch.setattr(tasks, "RETENTION_S", 60)
    assert tasks.apply_retention() == 1
