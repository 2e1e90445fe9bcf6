"""Metrics of alarms: present states, annunciations of the day, and whether there is a flood."""

from collections.abc import Iterator
from datetime import datetime
from itertools import product

from django.db.models import Count, QuerySet
from prometheus_client.core import Metric

from monitoring.alarms.kinds import Priority
from monitoring.alarms.kpis import floods
from monitoring.alarms.reading import PRIORITY, STATES
from monitoring.alarms.state_machine import State, Status, Suppression, state_of
from monitoring.kernel.clock import to_micros
from monitoring.models import AlarmOccurrence, AlarmState
from monitoring.operations.metrics.clock import DAY, start_of_day
from monitoring.operations.metrics.families import Labelled, counters, gauge, gauges

PRIORITIES = tuple(map(str, Priority))
SHOWN = tuple(str(state) for state in State if state is not State.NORMAL)
FIELDS = ("is_active", "is_acknowledged", "is_latched", "suppression")
MOST = 1_000  # of the newest annunciations, to look for a flood


def alarm_metrics(now: datetime) -> Iterator[Metric]:
    """Yield the families."""
    yield gauges(
        "fermon_alarms",
        "Alarms that are not normal, by priority and state after ISA-18.2.",
        ["priority", "state"],
        present_alarms(),
    )
    yield counters(
        "fermon_annunciations_total",
        "Alarms annunciated since the start of the UTC day, by priority.",
        ["priority"],
        annunciations_of_day(now),
    )
    yield gauge(
        "fermon_flood",
        "1 during an alarm flood: more than 10 annunciations in 10 minutes, until fewer than 5.",
        is_flooded(now),
    )


def present_alarms() -> Labelled:
    """Return the numbers of alarms that are not normal; each priority and state is there."""
    found: dict[tuple[str, ...], float] = dict.fromkeys(product(PRIORITIES, SHOWN), 0)
    rows = AlarmState.objects.exclude(STATES[State.NORMAL]).order_by().annotate(priority=PRIORITY)
    counted = rows.values_list("priority", *FIELDS).annotate(Count("pk"))
    for priority, is_active, is_acknowledged, is_latched, suppression, count in counted:
        status = Status(is_active, is_acknowledged, is_latched, Suppression(suppression))
        found[priority, str(state_of(status))] += count
    return found


def annunciations_of_day(now: datetime) -> Labelled:
    """Return the annunciations since the start of the UTC day; each priority is there.

    The index is by the time of the data, which is a delay earlier.
    """
    start = start_of_day(now)
    rows = annunciated(start - DAY, now).filter(noticed_at__gte=start, noticed_at__lte=now).order_by()
    counted = dict(rows.values_list("priority").annotate(Count("pk")))
    return {(priority,): counted.get(priority, 0) for priority in PRIORITIES}


def is_flooded(now: datetime) -> bool:
    """Return whether an alarm flood lasts."""
    newest = annunciated(now - DAY, now).order_by("-active_at").values_list("noticed_at", flat=True)[:MOST]
    found = floods(sorted(map(to_micros, newest)))
    return bool(found) and found[-1][1] > to_micros(now)


def annunciated(start: datetime, end: datetime) -> QuerySet[AlarmOccurrence]:
    """Return the occurrences of a span that people were told of."""
    rows = AlarmOccurrence.objects.filter(active_at__gte=start, active_at__lte=end)
    return rows.filter(is_annunciated=True, is_late=False)
