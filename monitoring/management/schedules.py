"""What the worker does by the clock: the table, and its rows in django-q2's schedule."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction
from django_q.models import Schedule
from django_q.tasks import async_task

PREFIX = "fermon."
SIMULATOR_TASK = "monitoring.tasks.run_simulator"


@dataclass(frozen=True, slots=True)
class Plan:
    """A task that comes back. ``due_kwarg`` names the argument that is told the intended time."""

    name: str
    func: str
    schedule_type: str = Schedule.MINUTES
    due_kwarg: str | None = None


PLANS = (
    Plan("fermon.simulator", SIMULATOR_TASK, due_kwarg="due"),
    Plan("fermon.replay_dead_letters", "monitoring.tasks.replay_dead_letters"),
    Plan("fermon.prune_tasks", "monitoring.tasks.prune_tasks", schedule_type=Schedule.DAILY),
)


def keep_schedules() -> None:
    """Makes the schedule hold each plan once, and none of ours that is no plan any more.

    When a plan runs next is left as it is, or frequent restarts would put it off for ever. Only
    what is overdue is told so: it counts as due now, not as a leftover of the time when nothing ran.

    Raises:
        django.db.Error: the database is away or not migrated.
    """
    with transaction.atomic():
        Schedule.objects.filter(name__startswith=PREFIX).exclude(name__in=[p.name for p in PLANS]).delete()
        for plan in PLANS:
            keep_plan(plan)


def keep_plan(plan: Plan) -> None:
    """One plan's row: brought up to date, or made. Of doubles, which nothing forbids, one stays."""
    fields = {
        "func": plan.func,
        "schedule_type": plan.schedule_type,
        "minutes": 1,
        "repeats": -1,
        "intended_date_kwarg": plan.due_kwarg,
    }
    rows = Schedule.objects.filter(name=plan.name).order_by("pk")
    kept = rows.first()
    if kept is None:
        Schedule.objects.create(name=plan.name, **fields)
        return
    rows.exclude(pk=kept.pk).delete()
    rows.update(**fields)
    now = datetime.now(UTC)
    rows.filter(next_run__lt=now).update(next_run=now)


def queue_simulator() -> None:
    """Queues two runs of the simulator at once: one to write, one to stand by.

    The scheduler's own come half a minute after the start at the earliest.

    Raises:
        django.db.Error: the queue can't be written.
    """
    for _ in range(2):
        async_task(SIMULATOR_TASK, due=datetime.now(UTC).isoformat(), group="fermon.simulator")
