"""Measurements over a range of time, in pages that follow each other by key, not by offset."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from monitoring.domain.clock import from_micros, iso_utc, to_micros
from monitoring.models import Finding, Measurement

MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Point:
    """A measurement as answers carry it."""

    id: int
    timestamp: datetime
    tag: str
    value: float
    is_anomaly: bool

    def as_json(self) -> dict[str, Any]:
        """An item of ``/data``."""
        return {
            "id": self.id,
            "timestamp": iso_utc(self.timestamp),
            "tag": self.tag,
            "value": self.value,
            "is_anomaly": self.is_anomaly,
        }


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a measurement is an anomaly: the rule, and the band that the value left (None: open)."""

    reason: str
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended: the next begins with the measurement just behind."""

    timestamp: datetime
    id: int

    def __str__(self) -> str:
        return f"{to_micros(self.timestamp)}_{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """The cursor of its text.

        Raises:
            ValueError: it is not one that a page has given.
        """
        micros, _, row = text.partition("_")
        try:
            cursor = cls(from_micros(int(micros)), int(row))
        except (ValueError, OverflowError) as error:
            raise ValueError(f"{text!r} is not a cursor") from error
        if not 0 <= cursor.id <= MAX_ID:
            raise ValueError(f"{text!r} is not a cursor")
        return cursor


@dataclass(frozen=True, slots=True)
class Selection:
    """Which measurements: of one tag or of all, from ``start`` to ``end`` (inclusive), or anomalies only."""

    tag: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    anomalies_only: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Measurements in order, and where the next page starts (None: there is no more)."""

    points: list[Point]
    next: Cursor | None


def read_page(
    selection: Selection, *, limit: int, ascending: bool = False, after: Cursor | None = None
) -> Page:
    """Up to ``limit`` measurements of the selection, newest first unless ``ascending``.

    Measurements of one time come in the order of their ids, so that pages neither repeat nor skip.
    """
    rows = behind(selected(selection), after, ascending=ascending)
    sign = "" if ascending else "-"
    found = list(rows.order_by(f"{sign}timestamp", f"{sign}id")[: limit + 1])
    points = [point_of(row) for row in found[:limit]]
    more = len(found) > limit
    return Page(points, Cursor(points[-1].timestamp, points[-1].id) if more else None)


def selected(selection: Selection) -> QuerySet[Measurement]:
    """The selection's rows, in no order."""
    rows = Measurement.objects.select_related("tag")
    if selection.tag is not None:
        rows = rows.filter(tag__name=selection.tag)
    if selection.start is not None:
        rows = rows.filter(timestamp__gte=selection.start)
    if selection.end is not None:
        rows = rows.filter(timestamp__lte=selection.end)
    return rows.filter(is_anomaly=True) if selection.anomalies_only else rows


def behind(rows: QuerySet[Measurement], after: Cursor | None, *, ascending: bool) -> QuerySet[Measurement]:
    """The rows that come after the cursor.

    The bound on the time alone is what lets the database start at the right place of its index.
    """
    if after is None:
        return rows
    if ascending:
        return rows.filter(timestamp__gte=after.timestamp).filter(
            Q(timestamp__gt=after.timestamp) | Q(id__gt=after.id)
        )
    return rows.filter(timestamp__lte=after.timestamp).filter(
        Q(timestamp__lt=after.timestamp) | Q(id__lt=after.id)
    )


def point_of(row: Measurement) -> Point:
    """The row as a point."""
    return Point(row.pk, row.timestamp, row.tag.name, row.value, row.is_anomaly)


def reasons_for(points: Sequence[Point]) -> dict[int, list[Reason]]:
    """Why these are anomalies, by id; each list in the order in which the rules were asked."""
    reasons: dict[int, list[Reason]] = {point.id: [] for point in points}
    found = Finding.objects.filter(measurement_id__in=list(reasons)).order_by("id")
    for row in found:
        reasons[row.measurement_id].append(Reason(row.reason, row.lower, row.upper))
    return reasons
