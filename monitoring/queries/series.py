"""Measurements over a range of time, in pages that follow each other by key, not by offset."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from django.db.models import BigIntegerField, ExpressionWrapper, F, Q, QuerySet

from monitoring.domain.clock import from_micros, iso_texts, iso_utc, to_micros
from monitoring.models import ExcludedMeasurement, Measurement

MAX_ID = 2**63 - 1
FIELDS = ("id", "timestamp", "tag", "value", "is_anomaly")

# A measurement as the columns have it: id, microseconds since the epoch, tag, value, is_anomaly.
Row = tuple[int, int, str, float, bool]
Stored = Measurement | ExcludedMeasurement
ROWS_A_QUERY = 1_000
FINDINGS = """
    SELECT measurement_id, reason, lower, upper FROM findings WHERE measurement_id IN ({ids}) ORDER BY id
"""
MICROS = ExpressionWrapper(F("timestamp"), output_field=BigIntegerField())


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
        return item(self.id, iso_utc(self.timestamp), self.tag, self.value, self.is_anomaly)


class Reason(NamedTuple):
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


class Excluded(StrEnum):
    """Whether excluded measurements are asked for: not, beside the others, or alone."""

    LEFT_OUT = ""
    INCLUDE = "include"
    ONLY = "only"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which measurements: of one tag or of all, from ``start`` to ``end`` (inclusive), or anomalies only."""

    tag: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    anomalies_only: bool = False
    excluded: Excluded = Excluded.LEFT_OUT

    @property
    def models(self) -> list[type[Stored]]:
        """The tables that have them."""
        if self.excluded is Excluded.INCLUDE:
            return [Measurement, ExcludedMeasurement]
        return [Measurement] if self.excluded is Excluded.LEFT_OUT else [ExcludedMeasurement]


@dataclass(frozen=True, slots=True)
class Page:
    """Measurements in order, and where the next page starts (None: there is no more).

    ``excluded`` are the ids of those that are excluded; None if that was not asked for.
    """

    rows: list[Row]
    next: Cursor | None
    excluded: frozenset[int] | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """What is told of each."""
        return FIELDS if self.excluded is None else (*FIELDS, "excluded")

    @property
    def points(self) -> list[Point]:
        """The measurements one by one; dear where they are many."""
        return [Point(row[0], from_micros(row[1]), *row[2:]) for row in self.rows]

    def as_json(self) -> list[dict[str, Any]]:
        """The items of ``/data``."""
        items = [
            item(row[0], text, *row[2:]) for row, text in zip(self.rows, timestamps(self.rows), strict=True)
        ]
        if self.excluded is not None:
            for each in items:
                each["excluded"] = each["id"] in self.excluded
        return items


def item(row: int, timestamp: str, tag: str, value: float, is_anomaly: bool) -> dict[str, Any]:
    """A measurement as answers carry it, by ``FIELDS``."""
    return {"id": row, "timestamp": timestamp, "tag": tag, "value": value, "is_anomaly": is_anomaly}


def timestamps(rows: Sequence[Row]) -> list[str]:
    """When they were measured, in ISO 8601."""
    return iso_texts(np.array([row[1] for row in rows], dtype=np.int64))


def read_page(
    selection: Selection, *, limit: int, ascending: bool = False, after: Cursor | None = None
) -> Page:
    """Up to ``limit`` measurements of the selection, newest first unless ``ascending``.

    Measurements of one time come in the order of their ids, so that pages neither repeat nor skip.
    """
    found, excluded = read_rows(selection, limit + 1, ascending=ascending, after=after)
    told = None if selection.excluded is Excluded.LEFT_OUT else frozenset(excluded)
    if len(found) <= limit:
        return Page(found, None, told)
    last = found[limit - 1]
    return Page(found[:limit], Cursor(from_micros(last[1]), last[0]), told)


def read_rows(
    selection: Selection, limit: int, *, ascending: bool, after: Cursor | None
) -> tuple[list[Row], set[int]]:
    """The first rows behind the cursor, from the tables that have them; and the ids of the excluded ones.

    One that moves from table to table meanwhile is there once.
    """
    sign = "" if ascending else "-"
    found: dict[int, Row] = {}
    excluded: set[int] = set()
    for model in selection.models:
        rows = behind(selection, after, ascending=ascending, model=model)
        ordered = rows.order_by(f"{sign}timestamp", f"{sign}id")
        part = list(ordered.values_list("id", MICROS, "tag__name", "value", "is_anomaly")[:limit])
        if selection.excluded is Excluded.LEFT_OUT:
            return part, excluded
        found.update({row[0]: row for row in part})
        excluded.update(row[0] for row in part if model is ExcludedMeasurement)
    merged = sorted(found.values(), key=lambda row: (row[1], row[0]), reverse=not ascending)
    return merged[:limit], excluded


def selected(selection: Selection, model: type[Stored] = Measurement) -> QuerySet[Any]:
    """The selection's rows, in no order."""
    rows: QuerySet[Any] = model._default_manager.order_by()
    if selection.tag is not None:
        rows = rows.filter(tag__name=selection.tag)
    if selection.start is not None:
        rows = rows.filter(timestamp__gte=selection.start)
    if selection.end is not None:
        rows = rows.filter(timestamp__lte=selection.end)
    return rows.filter(is_anomaly=True) if selection.anomalies_only else rows


def behind(
    selection: Selection, after: Cursor | None, *, ascending: bool, model: type[Stored] = Measurement
) -> QuerySet[Any]:
    """The selection's rows that come after the cursor, in no order.

    The cursor's time takes the place of the bound that it is past: given two bounds to one side,
    SQLite starts at the first of them, and would read each page's predecessors again.
    """
    if after is None:
        return selected(selection, model)
    if ascending:
        start = max(selection.start or after.timestamp, after.timestamp)
        later = Q(timestamp__gt=after.timestamp) | Q(id__gt=after.id)
        return selected(replace(selection, start=start), model).filter(later)
    end = min(selection.end or after.timestamp, after.timestamp)
    earlier = Q(timestamp__lt=after.timestamp) | Q(id__lt=after.id)
    return selected(replace(selection, end=end), model).filter(earlier)


def point_of(row: Measurement) -> Point:
    """The row as a point."""
    return Point(row.pk, row.timestamp, row.tag.name, row.value, row.is_anomaly)


def reasons_for(points: Iterable[Point]) -> dict[int, list[Reason]]:
    """Why these are anomalies, by id; each list in the order in which the rules were asked."""
    return reasons_by_id([point.id for point in points])


def reasons_by_id(ids: Sequence[int]) -> dict[int, list[Reason]]:
    """As ``reasons_for``, of the measurements with these ids."""
    reasons: dict[int, list[Reason]] = {row: [] for row in ids}
    for start in range(0, len(ids), ROWS_A_QUERY):
        some = ids[start : start + ROWS_A_QUERY]
        with connection.cursor() as cursor:
            cursor.execute(FINDINGS.format(ids=", ".join(["%s"] * len(some))), some)
            for row, *reason in cursor.fetchall():
                reasons[row].append(Reason(*reason))
    return reasons
