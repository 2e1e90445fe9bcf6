"""Metrics of the processes: the ages of their leases, and how far they are behind."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from django_q.models import OrmQ
from prometheus_client.core import Metric

from monitoring.history.heartbeats import oldest_waiting
from monitoring.kernel.lease_names import ALARMS, DETECTION, NOTIFICATIONS, SIMULATOR, SOURCE
from monitoring.live.changes import newest_id
from monitoring.models import Lease
from monitoring.operations.metrics.clock import age_s
from monitoring.operations.metrics.families import Labelled, gauge, gauges

# Names for people; other leases have theirs. Each installation runs these processes.
PROCESSES = {SIMULATOR: "worker", DETECTION: "detection", ALARMS: "alarms", NOTIFICATIONS: "notifications"}
FOLLOWERS = ("detection", "alarms")
# The leases of each process: one, or one for each part of the tags.
Leases = Mapping[str, list[Lease]]


def process_metrics(now: datetime) -> Iterator[Metric]:
    """Yield the families."""
    leases = by_process(Lease.objects.exclude(renewed_at=None).exclude(source__startswith=SOURCE))
    yield gauges(
        "fermon_lease_age_seconds",
        "Seconds since a process has renewed its lease; +Inf: it has never run.",
        ["source"],
        lease_ages(leases, now),
    )
    yield gauge(
        "fermon_detection_lag_seconds",
        "How far detection is behind the readings.",
        lag_s(leases.get("detection", []), now, oldest_waiting()),
    )
    yield gauge(
        "fermon_alarm_lag_seconds",
        "How far the evaluation of alarms is behind the readings.",
        lag_s(leases.get("alarms", []), now),
    )
    yield gauges(
        "fermon_backlog_measurements",
        "Measurements that a process has not seen yet.",
        ["source"],
        backlogs(leases),
    )
    yield gauge("fermon_queued_tasks", "Tasks of the worker that wait or run.", OrmQ.objects.count())


def by_process(leases: Iterable[Lease]) -> dict[str, list[Lease]]:
    """Return the leases by the name of the process; parts of detection have names as ``judge.1``."""
    found: defaultdict[str, list[Lease]] = defaultdict(list)
    for lease in leases:
        is_part = lease.source.startswith(f"{DETECTION}.")
        name = DETECTION if is_part else lease.source
        found[PROCESSES.get(name, name)].append(lease)
    return dict(found)


def lease_ages(leases: Leases, now: datetime) -> Labelled:
    """Return the age of the oldest lease of each process, and of those that each installation runs."""
    ages: dict[tuple[str, ...], float] = {(name,): math.inf for name in PROCESSES.values()}
    for name, held in leases.items():
        ages[(name,)] = max(age_s(lease.renewed_at, now) for lease in held if lease.renewed_at)
    return ages


def lag_s(leases: Iterable[Lease], now: datetime, waiting: datetime | None = None) -> float | None:
    """Return the seconds since the time up to which a process has worked; None before the first.

    ``waiting`` is the time of a measurement that waits for a part that has never caught up.
    """
    times = [*(lease.written_until for lease in leases), waiting]
    return max((age_s(moment, now) for moment in times if moment), default=None)


def backlogs(leases: Leases) -> Labelled:
    """Return the number of ids given after the position of each process that follows the measurements."""
    newest = newest_id()
    found: dict[tuple[str, ...], float] = {}
    for name in FOLLOWERS:
        positions = [lease.position for lease in leases.get(name, []) if lease.position is not None]
        if positions:
            found[(name,)] = max(0, newest - min(positions))
    return found
