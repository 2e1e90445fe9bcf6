"""Metrics of the enabled field sources, by name."""

from collections.abc import Callable, Iterator
from datetime import datetime

from prometheus_client.core import Metric

from monitoring.models import Source, SourceStatus
from monitoring.operations.metrics.clock import age_s
from monitoring.operations.metrics.families import Labelled, counters, gauge, gauges
from monitoring.sources.driving import collected_protocols
from monitoring.sources.problems import is_silent
from monitoring.sources.session import State

MOST = 500  # sources with metrics of their own: clients of line protocol make sources by naming databases
LABELS = ("source",)


def source_metrics(now: datetime) -> Iterator[Metric]:
    """Yield the families."""
    enabled = Source.objects.filter(is_enabled=True)
    yield gauge(
        "fermon_sources",
        f"Enabled field sources; the first {MOST} by name have metrics of their own.",
        enabled.count(),
    )
    sources = list(enabled.select_related("status").order_by("name")[:MOST])
    collected = collected_protocols()
    known = {source.name: source.status for source in sources if hasattr(source, "status")}
    yield gauges(
        "fermon_source_up",
        "1 while a source that Fermon reads is connected and its collector runs.",
        LABELS,
        {(source.name,): is_up(source, now) for source in sources if source.protocol in collected},
    )
    yield counters(
        "fermon_source_readings_total",
        "Readings that have come from a source.",
        LABELS,
        of_each(known, lambda status: status.readings),
    )
    yield counters(
        "fermon_source_rejected_total",
        "Readings of a source that were rejected.",
        LABELS,
        of_each(known, lambda status: status.rejected),
    )
    yield gauges(
        "fermon_source_silent_seconds",
        "Seconds since the time of the newest reading of a source.",
        LABELS,
        of_each(known, lambda status: age_s(status.newest, now) if status.newest else None),
    )
    yield gauges(
        "fermon_source_lag_seconds",
        "Median time from a reading to its commit, of the last 60 s.",
        LABELS,
        of_each(known, lambda status: seconds(status.lag_ms)),
    )
    yield gauges(
        "fermon_source_clock_offset_seconds",
        "How far the clock of a source is ahead of the server's.",
        LABELS,
        of_each(known, lambda status: seconds(status.clock_offset_ms)),
    )


def is_up(source: Source, now: datetime) -> bool:
    """Return whether the source is connected, by a collector that runs."""
    status: SourceStatus | None = getattr(source, "status", None)
    return status is not None and status.state == State.CONNECTED and not is_silent(source, now)


def of_each(known: dict[str, SourceStatus], of: Callable[[SourceStatus], float | None]) -> Labelled:
    """Return the number of each source that has one."""
    values = {(name,): of(status) for name, status in known.items()}
    return {name: value for name, value in values.items() if value is not None}


def seconds(milliseconds: float | None) -> float | None:
    """Return milliseconds as seconds."""
    return None if milliseconds is None else milliseconds / 1000
