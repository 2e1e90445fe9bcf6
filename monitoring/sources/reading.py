"""Sources with their status as people see it, and as the API answers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from monitoring.kernel.clock import iso_or_none, iso_utc
from monitoring.models import Source, SourceGap, SourceJob, SourceMapping, SourceStatus
from monitoring.sources.mapping_settings import input_of
from monitoring.sources.registry import KINDS
from monitoring.sources.session import State
from monitoring.sources.settings import secrets_shown

SILENT_AFTER = timedelta(seconds=30)  # a collector writes the status more often
DAY = timedelta(days=1)
CLOCK_WARNING_MS, CLOCK_PROBLEM_MS = 2_000, 5 * 60 * 1_000


@dataclass(frozen=True, slots=True)
class SourceView:
    """A source with its state at a time. ``gaps`` are those that touch the last day."""

    source: Source
    status: SourceStatus | None
    state: State
    gaps: int
    gap_s: float
    mappings: int

    @property
    def label(self) -> str:
        """Return the protocol for people."""
        kind = KINDS.get(self.source.protocol)
        return kind.label if kind else self.source.protocol

    @property
    def is_collected(self) -> bool:
        """Return whether the collector fetches the readings."""
        kind = KINDS.get(self.source.protocol)
        return kind is None or kind.is_collected

    @property
    def clock_is_off(self) -> bool:
        """Return whether the clock of the source is off by more than a few seconds."""
        offset = self.status.clock_offset_ms if self.status else None
        return offset is not None and abs(offset) > CLOCK_WARNING_MS


def read_sources(now: datetime, rows: Iterable[Source] | None = None) -> list[SourceView]:
    """Return the sources by name, or those given, each with its status."""
    sources = list(Source.objects.order_by("name") if rows is None else rows)
    keys = [source.pk for source in sources]
    statuses = SourceStatus.objects.in_bulk(keys)
    mappings = dict(
        SourceMapping.objects.filter(source__in=keys)
        .values("source")
        .annotate(n=Count("pk"))
        .values_list("source", "n")
    )
    gaps = _gaps_of_the_day(keys, now)
    return [
        SourceView(
            source,
            status := present(statuses.get(source.pk), now),
            shown_state(source, status, now),
            *gaps.get(source.pk, (0, 0.0)),
            mappings=mappings.get(source.pk, 0),
        )
        for source in sources
    ]


def present(status: SourceStatus | None, now: datetime) -> SourceStatus | None:
    """Return the status without figures of the last seconds if they are of earlier."""
    if status is not None and (status.updated_at is None or now - status.updated_at > SILENT_AFTER):
        status.rate = status.lag_ms = status.clock_offset_ms = None
    return status


def shown_state(source: Source, status: SourceStatus | None, now: datetime) -> State:
    """Return the state of a source; one whose collector is silent stands by."""
    if not source.is_enabled:
        return State.OFF
    kind = KINDS.get(source.protocol)
    if status is None or status.state not in set(State):
        return State.STANDBY
    if (kind is None or kind.is_collected) and (
        status.updated_at is None or now - status.updated_at > SILENT_AFTER
    ):
        return State.STANDBY
    # A source that was just enabled has the status of before until a collector takes the source up.
    return State.STANDBY if status.state == State.OFF else State(status.state)


def _gaps_of_the_day(keys: list[int], now: datetime) -> dict[int, tuple[int, float]]:
    """Return number and total seconds of the gaps of each source in the last day."""
    start = now - DAY
    found: dict[int, tuple[int, float]] = {}
    rows = SourceGap.objects.filter(Q(end__gt=start) | Q(end=None), source__in=keys, begin__lte=now)
    for source, begin, end in rows.values_list("source", "begin", "end"):
        count, length = found.get(source, (0, 0.0))
        inside = min(end or now, now) - max(begin, start)
        found[source] = count + 1, length + max(0.0, inside.total_seconds())
    return found


def source_json(view: SourceView, *, with_settings: bool) -> dict[str, Any]:
    """Return the source as the API answers; settings for those who map, secrets never."""
    source = view.source
    return {
        "id": source.pk,
        "name": source.name,
        "protocol": source.protocol,
        "enabled": source.is_enabled,
        "group": source.group,
        "uses_receive_time": source.uses_receive_time,
        "trusted_certificate": source.trusted_certificate if with_settings else None,
        "fields": dict(source.settings) if with_settings else None,
        "secrets": secrets_shown(source) if with_settings else None,
        "mappings": view.mappings,
        "revision": source.revision,
        "changed_at": iso_utc(source.changed_at),
        "status": _status_json(view),
    }


def _status_json(view: SourceView) -> dict[str, Any]:
    status = view.status or SourceStatus()
    return {
        "state": str(view.state),
        "since": iso_or_none(status.since),
        "error": status.error,
        "error_at": iso_or_none(status.error_at),
        "confirmed_until": iso_or_none(status.confirmed_until),
        "newest": iso_or_none(status.newest),
        "readings": status.readings,
        "rejected": status.rejected,
        "rate": status.rate,
        "lag_ms": status.lag_ms,
        "clock_offset_ms": status.clock_offset_ms,
        "notices": list(map(str, status.notices)),
        "gaps": view.gaps,
        "gap_s": view.gap_s,
        "updated_at": iso_or_none(status.updated_at),
    }


def mapping_json(mapping: SourceMapping) -> dict[str, Any]:
    """Return the mapping as the API answers."""
    return {"id": mapping.pk, **input_of(mapping).columns}


def job_json(job: SourceJob) -> dict[str, Any]:
    """Return the job as the API answers."""
    return {
        "id": job.pk,
        "source": job.source_id,
        "kind": job.kind,
        "state": job.state,
        "steps": job.steps,
        "result": job.result,
        "asked_by": job.asked_by,
        "asked_at": iso_utc(job.asked_at),
        "ended_at": iso_or_none(job.ended_at),
    }
