"""The scheduled tasks of the worker, and the matching rows of django-q2's schedule."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django_q.models import Schedule
from django_q.tasks import async_task

PREFIX = "fermon."
SIMULATOR_TASK = "monitoring.tasks.run_simulator"
REPLAY_TASK = "monitoring.tasks.replay_dead_letters"
# A task may end in as many waits for a lock, each of FERMON_DATABASE_TIMEOUT: the simulator's last tick,
# the hand-over of what that tick could not write, and the release of its lease.
WAITS = 3
WAITS_S = WAITS * settings.DATABASE_TIMEOUT_S
# Timeouts lie far beyond what a task needs: a task that reaches its timeout is killed, and its death is
# logged as CRITICAL. A simulator that hangs is found by its heartbeat, within seconds.
SIMULATOR_TIMEOUT_S = 180 + WAITS_S
LONG_TIMEOUT_S = 3600 + WAITS_S
FURTHEST = {
    Schedule.MINUTES: timedelta(minutes=3),
    Schedule.HOURLY: timedelta(hours=2),
    Schedule.DAILY: timedelta(days=2),
}


@dataclass(frozen=True, slots=True)
class ScheduledTask:
    """A repeated task.

    ``due_kwarg`` names the argument for the planned time, ``first_after`` delays the very first run, and
    ``timeout_s`` replaces the cluster's timeout.
    """

    name: str
    func: str
    schedule_type: str = Schedule.MINUTES
    due_kwarg: str | None = None
    first_after: timedelta = timedelta(0)
    timeout_s: int | None = None


SCHEDULED_TASKS = (
    ScheduledTask("fermon.simulator", SIMULATOR_TASK, due_kwarg="due", timeout_s=SIMULATOR_TIMEOUT_S),
    # At the first start it stores a past; a second run beside that ends at once.
    ScheduledTask("fermon.keep_demo_vessel", "monitoring.tasks.keep_demo_vessel", timeout_s=LONG_TIMEOUT_S),
    # A full disk of dead letters takes minutes; a second replay beside the first ends at once.
    ScheduledTask("fermon.replay_dead_letters", REPLAY_TASK, timeout_s=LONG_TIMEOUT_S),
    ScheduledTask("fermon.finish_exclusions", "monitoring.tasks.finish_exclusions", timeout_s=LONG_TIMEOUT_S),
    ScheduledTask("fermon.follow_batch_rules", "monitoring.tasks.follow_batch_rules"),
    ScheduledTask("fermon.forecast_batches", "monitoring.tasks.forecast_batches"),
    ScheduledTask("fermon.watch_batches", "monitoring.tasks.watch_batches"),
    # Takes up the work of a killed worker, and deletes old files. A second run beside the first ends at once.
    ScheduledTask("fermon.run_imports", "monitoring.tasks.run_imports", timeout_s=LONG_TIMEOUT_S),
    ScheduledTask(
        "fermon.create_partitions",
        "monitoring.tasks.create_partitions",
        schedule_type=Schedule.DAILY,
        timeout_s=LONG_TIMEOUT_S,
    ),
    ScheduledTask("fermon.prune_tasks", "monitoring.tasks.prune_tasks", schedule_type=Schedule.DAILY),
    ScheduledTask("fermon.clear_sessions", "monitoring.tasks.clear_sessions", schedule_type=Schedule.DAILY),
    # Not at once: there is nothing to copy yet. With a slow disk it takes longer than other tasks may.
    ScheduledTask(
        "fermon.back_up",
        "monitoring.tasks.back_up",
        schedule_type=Schedule.DAILY,
        first_after=timedelta(hours=1),
        timeout_s=LONG_TIMEOUT_S,
    ),
    # The first time that a year of measurements becomes too old, that takes longer than other tasks may.
    ScheduledTask(
        "fermon.apply_retention",
        "monitoring.tasks.apply_retention",
        schedule_type=Schedule.HOURLY,
        timeout_s=1500 + WAITS_S,
    ),
    # Half an hour after retention at first: both take the same lock.
    ScheduledTask(
        "fermon.archive_measurements",
        "monitoring.tasks.archive_measurements",
        schedule_type=Schedule.HOURLY,
        first_after=timedelta(minutes=30),
        timeout_s=1500 + WAITS_S,
    ),
)


def keep_schedules() -> None:
    """Store each task once in the schedule, and delete our rows without a task, as of older versions.

    The next run of a task stays, or frequent restarts would delay that run for ever. An overdue run
    becomes due now. So does a run further off than the task allows, left from before the clock was set
    back.

    Raises:
        django.db.Error: the database is away or not migrated.
    """
    with transaction.atomic():
        Schedule.objects.filter(name__startswith=PREFIX).exclude(
            name__in=[p.name for p in SCHEDULED_TASKS]
        ).delete()
        for task in SCHEDULED_TASKS:
            store_schedule(task)
        pull_back(datetime.now(UTC))


def pull_back(now: datetime) -> None:
    """Make runs due that lie further off than any task allows: the clock was set back since."""
    for schedule_type, furthest in FURTHEST.items():
        names = [task.name for task in SCHEDULED_TASKS if task.schedule_type == schedule_type]
        Schedule.objects.filter(name__in=names, next_run__gt=now + furthest).update(next_run=now)


def store_schedule(task: ScheduledTask) -> None:
    """Update or create the row of a task, and delete duplicates."""
    fields = {
        "func": task.func,
        "schedule_type": task.schedule_type,
        "minutes": 1,
        "repeats": -1,
        "intended_date_kwarg": task.due_kwarg,
        "kwargs": repr({"q_options": {"timeout": task.timeout_s}}) if task.timeout_s else None,
    }
    rows = Schedule.objects.filter(name=task.name).order_by("pk")
    kept = rows.first()
    now = datetime.now(UTC)
    if kept is None:
        Schedule.objects.create(name=task.name, next_run=now + task.first_after, **fields)
        return
    rows.exclude(pk=kept.pk).delete()
    rows.update(**fields)
    rows.filter(next_run__lt=now).update(next_run=now)


def queue_replay() -> None:
    """Queue a replay of readings that wait on disk, perhaps since before the last stop.

    Raises:
        django.db.Error: the queue can't be written.
    """
    options = {"group": "fermon.replay_dead_letters", "timeout": LONG_TIMEOUT_S}
    async_task(REPLAY_TASK, q_options=options)


def queue_simulator() -> None:
    """Queue two runs of the simulator: one to write, one to stand by.

    The scheduler queues the next ones half a minute after the start at the earliest.

    Raises:
        django.db.Error: the queue can't be written.
    """
    options = {"group": "fermon.simulator", "timeout": SIMULATOR_TIMEOUT_S}
    for _ in range(2):
        async_task(SIMULATOR_TASK, due=datetime.now(UTC).isoformat(), q_options=options)
