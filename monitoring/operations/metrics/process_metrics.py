"""Metrics of the processes: the ages of their leases, and how far they are behind."""

import math
from collections.abc import Iterable, Iterator
from datetime import datetime

from django_q.models import OrmQ
from prometheus_client.core import Metric

from monitoring.kernel.lease_names import ALARMS, DETECTION, NOTIFICATIONS, SIMULATOR, SOURCE
from monitoring.live.changes import newest_id
from monitoring.models import Lease
from monitoring.operations.metrics.clock import age_s
from monitoring.operations.metrics.families import Labelled, gauge, gauges

# Names for people; other leases have theirs. Each installation runs these processes.
PROCESSES = {SIMULATOR: "worker", DETECTION: "detection", ALARMS: "alarms", NOTIFICATIONS: "notifications"}
FOLLOWERS = (DETECTION, ALARMS)


def process_metrics(now: datetime) -> Iterator[Metric]:
    """Yield the families."""
    leases = list(Lease.objects.exclude(renewed_at=None).exclude(source__startswith=SOURCE))
    by_name = {lease.source: lease for lease in leases}
    yield gauges(
        "fermon_lease_age_seconds",
        "Seconds since a process has renewed its lease; +Inf: it has never run.",
        ["source"],
        lease_ages(leases, now),
    )
    yield gauge(
        "fermon_detection_lag_seconds",
        "How far detection is behind the readings.",
        lag_s(by_name.get(DETECTION), now),
    )
    yield gauge(
        "fermon_alarm_lag_seconds",
        "How far the evaluation of alarms is behind the readings.",
        lag_s(by_name.get(ALARMS), now),
    )
    yield gauges(
        "fermon_backlog_measurements",
        "Measurements that a process has not seen yet.",
        ["source"],
        backlog(by_name[name] for name in FOLLOWERS if name in by_name),
    )
    yield gauge("fermon_queued_tasks", "Tasks of the worker that wait or run.", OrmQ.objects.count())


def lease_ages(leases: Iterable[Lease], now: datetime) -> Labelled:
    """Return the age of each lease that was ever held, and of the processes that each installation runs."""
    found: dict[tuple[str, ...], float] = {(name,): math.inf for name in PROCESSES.values()}
    for lease in leases:
        if lease.renewed_at is not None:
            found[(PROCESSES.get(lease.source, lease.source),)] = age_s(lease.renewed_at, now)
    return found


def lag_s(lease: Lease | None, now: datetime) -> float | None:
    """Return the seconds since the time up to which a process has worked; None before the first."""
    return None if lease is None or lease.written_until is None else age_s(lease.written_until, now)


def backlog(leases: Iterable[Lease]) -> Labelled:
    """Return the number of ids given after the position of each process."""
    newest = newest_id()
    return {
        (PROCESSES[lease.source],): max(0, newest - lease.position)
        for lease in leases
        if lease.position is not None
    }
