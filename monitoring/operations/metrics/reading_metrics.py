"""Metrics of readings: stored, anomalous, rejected, set aside; and of tags."""

from collections.abc import Iterator
from datetime import datetime

from django.db import connection
from django.db.models import Count, Sum
from prometheus_client.core import Metric

from monitoring.ingest.validate import RejectionReason
from monitoring.live.changes import newest_id, number
from monitoring.models import RefusalCount, Series, SetAsideReading, Tag
from monitoring.operations.metrics.clock import start_of_day
from monitoring.operations.metrics.families import Labelled, counter, counters, gauge, gauges

NEWEST_FINDING_SQLITE = "SELECT seq FROM sqlite_sequence WHERE name = 'findings'"
NEWEST_FINDING_POSTGRESQL = (
    "SELECT pg_sequence_last_value(pg_get_serial_sequence('findings', 'id')::regclass)"
)


def reading_metrics(now: datetime, queued: int) -> Iterator[Metric]:
    """Yield the families; ``queued`` readings wait in the task queue."""
    stored = Series.objects.aggregate(measurements=Sum("measurements"), anomalies=Sum("anomalies"))
    yield counter(
        "fermon_measurements_total",
        "Measurements stored since the database was made: ids given.",
        newest_id(),
    )
    yield gauge(
        "fermon_measurements_stored",
        "Measurements kept now: less those that retention and exclusions took away.",
        stored["measurements"] or 0,
    )
    yield counter(
        "fermon_anomalies_total",
        "Reasons for anomalies found since the database was made; a measurement may have two.",
        newest_finding(),
    )
    yield gauge("fermon_anomalies_stored", "Anomalies among the measurements kept.", stored["anomalies"] or 0)
    yield counters(
        "fermon_refusals_total",
        "Readings rejected since the start of the UTC day, by reason.",
        ["reason"],
        refusals_of_day(now),
    )
    yield gauge(
        "fermon_set_aside_readings",
        "Acknowledged readings that can't be stored: a person decides in the admin.",
        SetAsideReading.objects.count(),
    )
    yield gauge("fermon_queued_readings", "Readings in the task queue, to be stored again.", queued)
    yield gauges("fermon_tags", "Tags, by whether they are active.", ["state"], tags_by_state())


def newest_finding() -> int:
    """Return the highest id ever given to a reason for an anomaly; 0 before the first."""
    return number(NEWEST_FINDING_SQLITE if connection.vendor == "sqlite" else NEWEST_FINDING_POSTGRESQL)


def refusals_of_day(now: datetime) -> Labelled:
    """Return the readings rejected since the start of the UTC day, by reason; each reason is there."""
    found: dict[tuple[str, ...], float] = {(str(reason),): 0 for reason in RejectionReason}
    rows = RefusalCount.objects.filter(hour__gte=start_of_day(now), hour__lte=now).order_by()
    for reason, count in rows.values_list("reason").annotate(Sum("count")):
        found[(reason,)] = count
    return found


def tags_by_state() -> Labelled:
    """Return the numbers of active and inactive tags."""
    found: dict[tuple[str, ...], float] = {("active",): 0, ("inactive",): 0}
    for is_active, count in Tag.objects.order_by().values_list("active").annotate(Count("pk")):
        found[("active" if is_active else "inactive",)] = count
    return found
