"""Faults of field sources in words: for ``/health``, for alarms, and for the worker."""

from datetime import datetime, timedelta

from monitoring.models import Source, SourceStatus
from monitoring.sources.driving import collected_protocols
from monitoring.sources.session import State

SILENT = timedelta(seconds=15)  # a collector writes each status every 2 s
FAILING = timedelta(seconds=10)
CONNECTING = timedelta(seconds=30)
MOST_NAMED = 5
NO_COLLECTOR = "No collector runs, so {}: start 'manage.py qcluster' or 'manage.py collect'."


def has_collected_sources() -> bool:
    """Return whether there are sources that a collector reads, enabled or not: a test needs one, too."""
    return Source.objects.filter(protocol__in=collected_protocols()).exists()


def failing_sources(now: datetime) -> list[str]:
    """Return a sentence for each enabled source that is not read, with the remedy."""
    sources = enabled_sources()
    silent = [source for source in sources if is_silent(source, now)]
    problems = []
    if silent and len(silent) == len(sources):
        return [NO_COLLECTOR.format(f"{names_of(silent)} {'are' if len(silent) > 1 else 'is'} not read")]
    if silent:
        problems.append(f"No collector reads {names_of(silent)}: see the collector's log.")
    for source in sources:
        status = status_of(source)
        if source not in silent and status is not None:
            problems += failure_of(source.name, status, now)
    return problems


def source_notices(now: datetime) -> list[str]:
    """Return the notices of sources that are read: what may lose readings, wrong clocks."""
    statuses = SourceStatus.objects.filter(source__is_enabled=True, updated_at__gt=now - SILENT)
    rows = statuses.order_by("source__name").values_list("source__name", "notices")
    return [f"Source {name}: {notice}" for name, notices in rows for notice in notices]


def enabled_sources() -> list[Source]:
    """Return the sources that a collector should read, with their statuses."""
    rows = Source.objects.filter(is_enabled=True, protocol__in=collected_protocols())
    return list(rows.select_related("status"))


def status_of(source: Source) -> SourceStatus | None:
    """Return the status of a source; None before the first."""
    return getattr(source, "status", None)


def is_silent(source: Source, now: datetime) -> bool:
    """Return whether no collector has written the status of a source for long."""
    status = status_of(source)
    written: datetime = source.changed_at
    if status is not None and status.updated_at is not None:
        written = max(written, status.updated_at)
    return now - written > SILENT


def failure_of(name: str, status: SourceStatus, now: datetime) -> list[str]:
    """Return the sentence about a source that can't be read; nothing if it can."""
    lasts = now - (status.since or now)
    if status.state == State.FAILED and lasts > FAILING:
        return [f"Source {name} fails: {status.error}"]
    if status.state == State.CONNECTING and lasts > CONNECTING:
        return [f"Source {name} has been connecting for {lasts.total_seconds():.0f} s: test its connection."]
    return []


def names_of(sources: list[Source]) -> str:
    """Return the names of sources, a few of many."""
    named = ", ".join(source.name for source in sources[:MOST_NAMED])
    more = f" and {len(sources) - MOST_NAMED} more" if len(sources) > MOST_NAMED else ""
    return f"field source{'s' if len(sources) > 1 else ''} {named}{more}"
