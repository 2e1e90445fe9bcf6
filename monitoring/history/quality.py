"""Read spans in which values of a tag are bad or uncertain, and gaps of sources."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
from django.db.models import Exists, OuterRef, Q, QuerySet

from monitoring.history.keyset import Cursor, after_cursor, split_page
from monitoring.history.measurements import MeasurementPage, Selection
from monitoring.kernel.arrays import IntArray
from monitoring.kernel.clock import from_micros, iso_or_none, iso_utc, to_micros
from monitoring.models import QualitySpan, Source, SourceGap, SourceTag, Tag
from monitoring.models.source import Quality

QUALITY_WORDS = {Quality.UNCERTAIN: "uncertain", Quality.BAD: "bad"}
SpanT = TypeVar("SpanT", QualitySpan, SourceGap)


@dataclass(frozen=True, slots=True)
class SpanPage:
    """Items of ``/quality`` or ``/gaps`` in order of begin, and the start of the next page (None: last)."""

    items: list[dict[str, Any]]
    next: Cursor | None


def read_spans(
    selection: Selection, *, limit: int, ascending: bool = False, after: Cursor | None = None
) -> SpanPage:
    """Return up to ``limit`` quality spans that overlap the selection's time, latest begin first."""
    rows = QualitySpan.objects.select_related("tag", "source")
    if selection.tags:
        rows = rows.filter(tag__name__in=selection.tags)
    found = page_of(rows, selection, after, limit=limit, ascending=ascending)
    spans, following = split_page(found, limit, lambda row: Cursor(row.begin, row.pk))
    return SpanPage([span_json(row) for row in spans], following)


def read_gaps(
    selection: Selection, *, limit: int, ascending: bool = False, after: Cursor | None = None
) -> SpanPage:
    """Return up to ``limit`` gaps that overlap the selection's time, latest begin first.

    A gap without a tag is of all tags of its source: those that it has fed.
    """
    rows = SourceGap.objects.select_related("tag", "source")
    if selection.tags:
        rows = rows.filter(
            Q(tag__name__in=selection.tags) | Q(tag=None, source__in=sources_of(selection.tags))
        )
    found = page_of(rows, selection, after, limit=limit, ascending=ascending)
    gaps, following = split_page(found, limit, lambda row: Cursor(row.begin, row.pk))
    return SpanPage([gap_json(row) for row in gaps], following)


def sources_of(names: Collection[str]) -> list[int]:
    """Return the ids of the sources that have fed one of the tags."""
    found = SourceTag.objects.filter(tag__name__in=list(names)).order_by()
    return list(found.values_list("source", flat=True).distinct())


def page_of(
    rows: QuerySet[SpanT], selection: Selection, after: Cursor | None, *, limit: int, ascending: bool
) -> list[SpanT]:
    """Return up to ``limit`` + 1 rows that overlap the selection's time, after the cursor."""
    sign = "" if ascending else "-"
    if after is not None:
        rows = rows.filter(after_cursor("begin", after, ascending=ascending))
        if ascending:
            rows = rows.filter(begin__gte=after.timestamp)
        else:
            end = min(selection.end or after.timestamp, after.timestamp)
            selection = replace(selection, end=end)
    if selection.end is not None:
        rows = rows.filter(begin__lte=selection.end)
    if selection.start is not None:
        rows = rows.filter(Q(end=None) | Q(end__gte=selection.start))
    return list(rows.order_by(f"{sign}begin", f"{sign}id")[: limit + 1])


def span_json(row: QualitySpan) -> dict[str, Any]:
    """Return an item of ``/quality``."""
    return {
        "id": row.pk,
        "tag": row.tag.name,
        "source": row.source.name if row.source else None,
        "start": iso_utc(row.begin),
        "end": iso_or_none(row.end),
        "quality": QUALITY_WORDS[Quality(row.quality)],
        "code": row.code,
        "word": row.word,
    }


def gap_json(row: SourceGap) -> dict[str, Any]:
    """Return an item of ``/gaps``."""
    return {
        "id": row.pk,
        "source": row.source.name,
        "tag": row.tag.name if row.tag else None,
        "start": iso_utc(row.begin),
        "end": iso_or_none(row.end),
        "reason": row.reason,
        "filled": row.filled,
    }


def qualities_of(page: MeasurementPage) -> dict[int, str]:
    """Return the quality of the page's measurements by id, without those that are good.

    A span covers its begin, and not its end: there the next value came. Bad counts more than uncertain.
    """
    times_us: dict[str, list[tuple[int, int]]] = {}
    for pk, time_us, name, *_ in page.rows:
        times_us.setdefault(name, []).append((time_us, pk))
    if not times_us:
        return {}
    low = min(row[1] for row in page.rows)
    high = max(row[1] for row in page.rows)
    spans = QualitySpan.objects.filter(
        Q(end=None) | Q(end__gt=from_micros(low)), tag__name__in=list(times_us), begin__lte=from_micros(high)
    )
    found: dict[int, str] = {}
    columns = spans.order_by("quality").values_list("tag__name", "begin", "end", "quality")
    ordered = {name: np.array(sorted(rows), np.int64) for name, rows in times_us.items()}
    for name, begin, end, quality in columns:
        word = QUALITY_WORDS[Quality(quality)]
        found.update(dict.fromkeys(covered(ordered[name], begin, end), word))
    return found


def covered(rows: IntArray, begin: datetime, end: datetime | None) -> list[int]:
    """Return the ids in ``rows`` (n, 2), times and ids in order of time, from ``begin`` to before ``end``."""
    first = int(np.searchsorted(rows[:, 0], to_micros(begin)))
    last = len(rows) if end is None else int(np.searchsorted(rows[:, 0], to_micros(end)))
    return [int(pk) for pk in rows[first:last, 1]]


def tags_with_spans(names: Collection[str]) -> set[str]:
    """Return which of the tags have a quality span or a gap, of any time."""
    spans = QualitySpan.objects.filter(tag=OuterRef("pk"))
    gaps = SourceGap.objects.filter(tag=OuterRef("pk"))
    tags = Tag.objects.filter(Exists(spans) | Exists(gaps), name__in=list(names))
    found = set(tags.values_list("name", flat=True))
    broken = set(SourceGap.objects.filter(tag=None).order_by().values_list("source", flat=True).distinct())
    if broken:
        fed = SourceTag.objects.filter(source__in=broken, tag__name__in=list(names)).order_by()
        found.update(fed.values_list("tag__name", flat=True))
    return found


def has_sources() -> bool:
    """Return whether spans and gaps can come: a source exists, or a tag has had a span."""
    return Source.objects.exists() or QualitySpan.objects.exists()
