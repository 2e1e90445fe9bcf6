"""Read the points of sources: unmapped ones wait for a person, ignored ones were refused by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitoring.kernel.clock import iso_utc
from monitoring.models import PointState, Source, SourcePoint

LEAST_SPAN_S = 1.0


@dataclass(frozen=True, slots=True)
class PointPage:
    """Points of a source, the last seen first; ``found`` counts those on all pages."""

    points: Sequence[SourcePoint]
    found: int


def read_points(source: Source | None, state: str, *, limit: int, offset: int = 0) -> PointPage:
    """Return points in a state; without a source, those of all sources."""
    found = SourcePoint.objects.filter(state=state).select_related("source")
    if source is not None:
        found = found.filter(source=source)
    rows = found.order_by("source", "-last_seen", "id")[offset : offset + limit]
    return PointPage(list(rows), found.count())


def sources_with_points() -> list[Source]:
    """Return the sources that have points which are not mapped, in order of their names."""
    waiting = SourcePoint.objects.exclude(state=PointState.MAPPED).values("source")
    return list(Source.objects.filter(pk__in=waiting))


def rate_of(point: SourcePoint) -> float | None:
    """Return the values a second since the point was first seen; None for a single value."""
    span_s = (point.last_seen - point.first_seen).total_seconds()
    return (point.seen - 1) / span_s if point.seen > 1 and span_s >= LEAST_SPAN_S else None


def point_json(point: SourcePoint, now: datetime) -> dict[str, Any]:
    """Return a point as a JSON object."""
    return {
        "id": point.pk,
        "source": point.source.name,
        "address": point.address,
        "state": point.state,
        "value": point.last_raw,
        "first_seen": iso_utc(point.first_seen),
        "last_seen": iso_utc(point.last_seen),
        "age_s": max(0.0, (now - point.last_seen).total_seconds()),
        "values": point.seen,
        "rate": rate_of(point),
        "suggestion": point.suggestion,
    }
