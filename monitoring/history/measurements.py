"""Read measurements over a range of time, in keyset pages."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from django.db.models import BigIntegerField, ExpressionWrapper, F, QuerySet
from django.db.models.expressions import RawSQL

from monitoring.archive.reading import read_findings
from monitoring.history.archived import ArchivedRange, Rows, both_places, first_rows
from monitoring.history.keyset import Cursor, after_cursor, split_page
from monitoring.kernel.chunks import chunks
from monitoring.kernel.clock import FIRST_MICROS, LAST_MICROS, from_micros, iso_texts, iso_utc, to_micros
from monitoring.models import ExcludedMeasurement, Measurement, Tag

FIELDS = ("id", "timestamp", "tag", "value", "is_anomaly")

# Columns of a measurement: id, microseconds since the epoch, tag, value, is_anomaly.
Row = tuple[int, int, str, float, bool]
Place = tuple[int, int, str]  # id, microseconds since the epoch, tag
Stored = Measurement | ExcludedMeasurement
ROWS_A_QUERY = 1_000
FINDINGS = """
    SELECT measurement_id, reason, lower, upper FROM findings WHERE measurement_id IN ({ids}) ORDER BY id
"""
LATERAL = """
    SELECT found.id, found.timestamp, tags.name, found.value, found.is_anomaly
    FROM tags CROSS JOIN LATERAL ({rows}) AS found WHERE tags.name = ANY(%s)
    ORDER BY found.timestamp {direction}, found.id {direction} LIMIT %s
"""
MICROS = ExpressionWrapper(F("timestamp"), output_field=BigIntegerField())


@dataclass(frozen=True, slots=True)
class Point:
    """A measurement as in responses."""

    id: int
    timestamp: datetime
    tag: str
    value: float
    is_anomaly: bool

    def as_json(self) -> dict[str, Any]:
        """Return an item of ``/data``."""
        return item(self.id, iso_utc(self.timestamp), self.tag, self.value, self.is_anomaly)


class Reason(NamedTuple):
    """A violated rule, and the band that the value left (None: open on that side)."""

    reason: str
    lower: float | None
    upper: float | None


class Excluded(StrEnum):
    """Whether a selection omits excluded measurements, includes them, or has only them."""

    LEFT_OUT = ""
    INCLUDE = "include"
    ONLY = "only"


@dataclass(frozen=True, slots=True)
class Selection:
    """Measurements of some tags (empty: all), from ``start`` to ``end`` (inclusive)."""

    tags: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    anomalies_only: bool = False
    excluded: Excluded = Excluded.LEFT_OUT

    @property
    def models(self) -> list[type[Stored]]:
        """Return the tables to read."""
        if self.excluded is Excluded.INCLUDE:
            return [Measurement, ExcludedMeasurement]
        return [Measurement] if self.excluded is Excluded.LEFT_OUT else [ExcludedMeasurement]


@dataclass(frozen=True, slots=True)
class MeasurementPage:
    """Measurements in order, and the start of the next page (None: last page).

    ``excluded`` has the ids of excluded measurements; None if not requested.
    """

    rows: list[Row]
    next: Cursor | None
    excluded: frozenset[int] | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the names of an item's fields."""
        return FIELDS if self.excluded is None else (*FIELDS, "excluded")

    @property
    def points(self) -> list[Point]:
        """Return the measurements as objects; slow for many."""
        return [Point(row[0], from_micros(row[1]), *row[2:]) for row in self.rows]

    def as_json(self) -> list[dict[str, Any]]:
        """Return the items of ``/data``."""
        items = [
            item(row[0], text, *row[2:]) for row, text in zip(self.rows, timestamps(self.rows), strict=True)
        ]
        if self.excluded is not None:
            for each in items:
                each["excluded"] = each["id"] in self.excluded
        return items


def item(row: int, timestamp: str, tag: str, value: float, is_anomaly: bool) -> dict[str, Any]:
    """Return a measurement as in responses, in the order of ``FIELDS``."""
    return {"id": row, "timestamp": timestamp, "tag": tag, "value": value, "is_anomaly": is_anomaly}


def timestamps(rows: Sequence[Row]) -> list[str]:
    """Return the times of the rows in ISO 8601."""
    return iso_texts(np.array([row[1] for row in rows], dtype=np.int64))


def read_page(
    selection: Selection, *, limit: int, ascending: bool = False, after: Cursor | None = None
) -> MeasurementPage:
    """Return up to ``limit`` measurements of the selection, newest first unless ``ascending``.

    Measurements at the same time are in order of id, so pages neither repeat nor skip rows.
    """
    found, excluded = read_rows(selection, after, limit=limit + 1, ascending=ascending)
    told = None if selection.excluded is Excluded.LEFT_OUT else frozenset(excluded)
    rows, following = split_page(found, limit, lambda row: Cursor(from_micros(row[1]), row[0]))
    return MeasurementPage(rows, following, told)


def read_rows(
    selection: Selection, after: Cursor | None, *, limit: int, ascending: bool
) -> tuple[list[Row], set[int]]:
    """Return the first ``limit`` rows after the cursor, and the ids of the excluded ones.

    A row that moves between the tables during the two reads is returned at most once.
    """
    found: dict[int, Row] = {}
    excluded: set[int] = set()
    for model in selection.models:
        part = read_table(model, selection, after, limit=limit, ascending=ascending)
        if selection.excluded is Excluded.LEFT_OUT:
            return part, excluded
        found.update({row[0]: row for row in part})
        excluded.update(row[0] for row in part if model is ExcludedMeasurement)
    rows = sorted(found.values(), key=position_of, reverse=not ascending)
    return rows[:limit], excluded


def read_table(
    model: type[Stored], selection: Selection, after: Cursor | None, *, limit: int, ascending: bool
) -> list[Row]:
    """Return the first ``limit`` rows of one table, of measurements together with the archive."""
    if model is not Measurement:
        return stored_rows(model, selection, after, limit=limit, ascending=ascending)
    with both_places() as is_archived:
        found = stored_rows(model, selection, after, limit=limit, ascending=ascending)
        if not is_archived:
            return found
        archived = archived_rows(selection, after, found, limit=limit, ascending=ascending)
    rows = {row[0]: row for row in (*archived, *found)}  # in a transaction, a moved row may be in both
    return sorted(rows.values(), key=position_of, reverse=not ascending)[:limit]


def position_of(row: Row) -> tuple[int, int]:
    """Return time and id of a row: the order of pages."""
    return row[1], row[0]


def stored_rows(
    model: type[Stored], selection: Selection, after: Cursor | None, *, limit: int, ascending: bool
) -> list[Row]:
    """Return the first ``limit`` rows of one table, with one statement.

    Read each of several tags along its own index (tag, timestamp): the index on timestamp alone would
    also read the rows of all other tags, millions of rows if the chosen tags are rare.
    """
    if len(selection.tags) > 1 and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(*lateral(model, selection, after, limit=limit, ascending=ascending))
            return list(cursor.fetchall())
    return list(merged(model, selection, after, limit=limit, ascending=ascending))


def archived_rows(
    selection: Selection, after: Cursor | None, found: Sequence[Row], *, limit: int, ascending: bool
) -> list[Row]:
    """Return the archived rows among the first ``limit`` of the selection; ``found`` are the stored ones."""
    names = names_by_id(selection.tags) if selection.tags else None
    archived = archived_range(selection, names, ascending=ascending)
    if len(found) == limit:
        last_us = found[-1][1]
        archived = replace(archived, end_us=last_us + 1) if ascending else replace(archived, start_us=last_us)
    if after is not None:
        archived = replace(archived, after=(to_micros(after.timestamp), after.id))
    return named_rows(first_rows(archived, limit), names)


def archived_range(
    selection: Selection, names: Mapping[int, str] | None = None, *, ascending: bool = True
) -> ArchivedRange:
    """Return the selection as a range of the archive; ``names`` are the names of its tags by id."""
    if names is None and selection.tags:
        names = names_by_id(selection.tags)
    return ArchivedRange(
        None if names is None else list(names),
        FIRST_MICROS if selection.start is None else to_micros(selection.start),
        (LAST_MICROS if selection.end is None else to_micros(selection.end)) + 1,
        ascending=ascending,
        anomalies_only=selection.anomalies_only,
    )


def names_by_id(names: Collection[str]) -> dict[int, str]:
    """Return the names of the tags that exist, by id."""
    return dict(Tag.objects.filter(name__in=list(names)).values_list("pk", "name"))


def named_rows(rows: Rows, names: Mapping[int, str] | None) -> list[Row]:
    """Return rows of the archive as rows of a page; read the names of the tags that are not given."""
    if names is None:
        names = dict(Tag.objects.filter(pk__in=np.unique(rows.tags).tolist()).values_list("pk", "name"))
    tags = [names[tag] for tag in rows.tags.tolist()]
    columns = (rows.times_us.tolist(), tags, rows.values.tolist(), rows.is_anomaly.tolist())
    return list(zip(rows.ids.tolist(), *columns, strict=True))


def merged(
    model: type[Stored], selection: Selection, after: Cursor | None, *, limit: int, ascending: bool
) -> QuerySet[Any, Row]:
    """Return the query of the rows, a union of one query per tag.

    SQLite merges the sorted rows of the tags without reading other rows.
    """
    parts = [
        behind(part, after, ascending=ascending, model=model)
        .annotate(micros=MICROS)
        .values_list("id", "micros", "tag__name", "value", "is_anomaly")
        for part in each_alone(selection)
    ]
    rows = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    sign = "" if ascending else "-"
    page: QuerySet[Any, Row] = rows.order_by(f"{sign}micros", f"{sign}id")[:limit]
    return page


def lateral(
    model: type[Stored], selection: Selection, after: Cursor | None, *, limit: int, ascending: bool
) -> tuple[str, list[Any]]:
    """Return PostgreSQL's statement and its parameters.

    The statement reads up to ``limit`` rows of each tag. A union would avoid that, but planning a union
    for 250 tags over two years of monthly partitions takes PostgreSQL 15 s.
    """
    sign, direction = ("", "ASC") if ascending else ("-", "DESC")
    of_all = behind(replace(selection, tags=()), after, ascending=ascending, model=model)
    rows = of_all.filter(tag=RawSQL("tags.id", ()))
    ordered = rows.order_by(f"{sign}timestamp").values(*FIELDS)[:limit]
    statement, parameters = ordered.query.sql_with_params()
    return LATERAL.format(rows=statement, direction=direction), [*parameters, list(selection.tags), limit]


def each_alone(selection: Selection) -> list[Selection]:
    """Split the selection into one per tag; a selection of all tags stays whole."""
    return [replace(selection, tags=(name,)) for name in selection.tags] or [selection]


def selected(selection: Selection, model: type[Stored] = Measurement) -> QuerySet[Any]:
    """Return the rows of the selection, unordered."""
    rows: QuerySet[Any] = model._default_manager.order_by()
    if selection.tags:
        rows = rows.filter(tag__name__in=selection.tags)
    if selection.start is not None:
        rows = rows.filter(timestamp__gte=selection.start)
    if selection.end is not None:
        rows = rows.filter(timestamp__lte=selection.end)
    return rows.filter(is_anomaly=True) if selection.anomalies_only else rows


def behind(
    selection: Selection, after: Cursor | None, *, ascending: bool, model: type[Stored] = Measurement
) -> QuerySet[Any]:
    """Return the rows of the selection after the cursor, unordered.

    The cursor's time replaces the bound that it has passed, as ``after_cursor`` requires.
    """
    if after is None:
        return selected(selection, model)
    if ascending:
        start = max(selection.start or after.timestamp, after.timestamp)
        within = replace(selection, start=start)
    else:
        within = replace(selection, end=min(selection.end or after.timestamp, after.timestamp))
    return selected(within, model).filter(after_cursor("timestamp", after, ascending=ascending))


def point_of(row: Measurement) -> Point:
    """Convert the row."""
    return Point(row.pk, row.timestamp, row.tag.name, row.value, row.is_anomaly)


def reasons_for(points: Iterable[Point]) -> dict[int, list[Reason]]:
    """Return the violated rules of these anomalies by id; see ``reasons_of``."""
    return reasons_of([(point.id, to_micros(point.timestamp), point.tag) for point in points])


def reasons_of(anomalies: Sequence[Place]) -> dict[int, list[Reason]]:
    """Return the violated rules of the anomalies by id; each list in the order of the rules."""
    with both_places() as is_archived:
        reasons = reasons_by_id([pk for pk, *_ in anomalies])
        if is_archived and (lacking := [each for each in anomalies if not reasons[each[0]]]):
            reasons |= archived_reasons(lacking)
    return reasons


def archived_reasons(anomalies: Sequence[Place]) -> dict[int, list[Reason]]:
    """Return the violated rules of the archived ones of the anomalies by id."""
    tags = {name: pk for pk, name in names_by_id({name for _, _, name in anomalies}).items()}
    found: dict[int, list[Reason]] = {}
    for name, tag in tags.items():
        ids, times_us = zip(*((pk, time_us) for pk, time_us, of in anomalies if of == name), strict=True)
        by_id = read_findings(tag, np.array(ids, np.int64), np.array(times_us, np.int64))
        found |= {pk: [Reason(*reason) for reason in reasons] for pk, reasons in by_id.items()}
    return found


def reasons_by_id(ids: Sequence[int]) -> dict[int, list[Reason]]:
    """Return the violated rules in the database by id of the measurement."""
    reasons: dict[int, list[Reason]] = {row: [] for row in ids}
    for some in chunks(ids, ROWS_A_QUERY):
        with connection.cursor() as cursor:
            cursor.execute(FINDINGS.format(ids=", ".join(["%s"] * len(some))), some)
            for row, *reason in cursor.fetchall():
                reasons[row].append(Reason(*reason))
    return reasons
