"""Store routes with their steps, and schedules with their members and overrides, each as a whole."""

import re
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import available_timezones

from django.db import transaction

from monitoring.database.write_lock import write_lock
from monitoring.models import Route, RouteStep, Schedule, ScheduleMember, ScheduleOverride

TIMES = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?: (?:[01][0-9]|2[0-3]):[0-5][0-9])*")


class PlanInputError(ValueError):
    """An invalid field of a route or a schedule; the message has the remedy."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


def write_route(route: Route, steps: Sequence[RouteStep] | None) -> None:
    """Store a route; with ``steps``, in place of those before.

    Raises:
        PlanInputError: the name is taken, the times of the digest are invalid, or a step names two receivers.
    """
    if Route.objects.filter(name=route.name).exclude(pk=route.pk).exists():
        raise PlanInputError("another route has this name", "name")
    if route.digest_at and not TIMES.fullmatch(route.digest_at):
        raise PlanInputError("expected times as 07:00 19:00", "digest_at")
    for step in steps or ():
        if sum(each is not None for each in (step.person, step.schedule, step.channel)) > 1:
            raise PlanInputError("expected a person, a schedule or a channel, not several", "steps")
    with write_lock(), transaction.atomic():
        route.save()
        if steps is not None:
            for old in route.steps.all():  # one by one: a bulk deletion would bypass the audit trail
                old.delete()
            for step in steps:
                step.route = route
                step.save()


def write_schedule(
    schedule: Schedule,
    members: Sequence[ScheduleMember] | None,
    overrides: Sequence[ScheduleOverride] | None,
) -> None:
    """Store a schedule; with ``members`` or ``overrides``, in place of those before.

    Raises:
        PlanInputError: the name is taken, the time zone is unknown, or an override ends before its start.
    """
    if Schedule.objects.filter(name=schedule.name).exclude(pk=schedule.pk).exists():
        raise PlanInputError("another schedule has this name", "name")
    if schedule.time_zone and schedule.time_zone not in available_timezones():
        raise PlanInputError("expected a name of the time zone database, as Europe/Berlin", "time_zone")
    for override in overrides or ():
        if override.end <= override.start:
            raise PlanInputError("expected an end after the start", "overrides")
    with write_lock(), transaction.atomic():
        schedule.save()
        replace_rows(schedule.members.all(), members, schedule)
        replace_rows(schedule.overrides.all(), overrides, schedule)


def replace_rows(old_rows: Iterable[Any], new_rows: Iterable[Any] | None, schedule: Schedule) -> None:
    """Store rows of a schedule in place of those before; None leaves them as they are."""
    if new_rows is None:
        return
    for old in old_rows:  # one by one: a bulk deletion would bypass the audit trail
        old.delete()
    for row in new_rows:
        row.schedule = schedule
        row.save()
