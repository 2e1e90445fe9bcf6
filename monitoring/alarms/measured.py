"""Read measurements for the evaluator as columns."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.db import connection

from monitoring.alarms.tag_table import Measured
from monitoring.history.archived import ArchivedRange, Rows, all_rows, both_places, first_rows, rows_by_id
from monitoring.history.tag_rows import TagRange, TagRows, read_tag_rows
from monitoring.kernel.clock import FIRST_MICROS, micros_or_first
from monitoring.models import Series

PAGE = """
    SELECT id, timestamp, tag, value FROM measurements WHERE id > %s AND id <= %s ORDER BY id LIMIT %s
"""
AHEAD = "SELECT id, timestamp, tag, value FROM measurements WHERE timestamp > %s AND id <= %s ORDER BY id"
NEWEST_POSTGRESQL = """
    SELECT tags.id, newest.timestamp, newest.value
    FROM tags CROSS JOIN LATERAL (
        SELECT timestamp, value FROM measurements
        WHERE tag = tags.id AND timestamp <= %s AND id <= %s ORDER BY timestamp DESC LIMIT 1
    ) AS newest
    WHERE tags.active
"""
NEWEST_SQLITE = """
    SELECT tags.id, measurements.timestamp, measurements.value
    FROM tags CROSS JOIN measurements
    WHERE tags.active AND measurements.id = (
        SELECT id FROM measurements
        WHERE tag = tags.id AND timestamp <= %s AND id <= %s ORDER BY timestamp DESC LIMIT 1
    )
"""
EXTREMES_POSTGRESQL = """
    SELECT spans.place - 1, found.low, found.high
    FROM ROWS FROM (json_to_recordset(%s) AS (tag bigint, first_us bigint, last_us bigint))
        WITH ORDINALITY AS spans (tag, first_us, last_us, place)
    CROSS JOIN LATERAL (
        SELECT min(value) AS low, max(value) AS high FROM measurements
        WHERE tag = spans.tag AND timestamp >= spans.first_us AND timestamp <= spans.last_us
    ) AS found
    WHERE found.low IS NOT NULL
"""
EXTREMES_SQLITE = """
    SELECT spans.key, min(measured.value), max(measured.value)
    FROM json_each(%s) AS spans CROSS JOIN measurements AS measured
    WHERE measured.tag = json_extract(spans.value, '$.tag')
        AND measured.timestamp >= json_extract(spans.value, '$.first_us')
        AND measured.timestamp <= json_extract(spans.value, '$.last_us')
    GROUP BY spans.key
"""
ROW = np.dtype([("id", np.int64), ("time_us", np.int64), ("tag", np.int64), ("value", np.float64)])
FIRST_US = -(2**63)
Newest = tuple[int, int, float]  # tag, microseconds, value
Span = tuple[int, int, int]  # tag, first and last time in microseconds


def read_page(*, after: int, upto: int, limit: int) -> Measured:
    """Return the first ``limit`` measurements with ids above ``after``, up to ``upto`` (inclusive), by id."""
    with both_places() as is_archived:
        found = columns_of(rows_of(PAGE, [after, upto, limit]))
        if not is_archived:
            return found
        archived = rows_by_id(after, int(found.id[-1]) if len(found) == limit else upto, limit)
    return first_of_both(found, archived, limit)


def first_of_both(found: Measured, archived: Rows, limit: int) -> Measured:
    """Return the first ``limit`` of the measurements from database and archive, by id."""
    order = np.argsort(np.concatenate([found.id, archived.ids]), kind="stable")[:limit]
    return Measured(
        np.concatenate([found.id, archived.ids])[order],
        np.concatenate([found.time_us, archived.times_us])[order],
        np.concatenate([found.tag, archived.tags])[order],
        np.concatenate([found.value, archived.values])[order],
    )


def read_ahead(*, latest_us: int, upto: int) -> Measured:
    """Return the measurements with ids up to ``upto`` that are later than ``latest_us``."""
    return columns_of(rows_of(AHEAD, [latest_us, upto]))


def read_newest(*, latest_us: int, upto: int) -> list[tuple[int, int, float]]:
    """Return the newest measurement of each tag in use as (tag, microseconds, value).

    Only ids up to ``upto`` and times up to ``latest_us`` count.
    """
    sql = NEWEST_POSTGRESQL if connection.vendor == "postgresql" else NEWEST_SQLITE
    with both_places() as is_archived:
        found = rows_of(sql, [latest_us, upto])
        if is_archived:
            newest = {tag: (tag, at_us, value) for tag, at_us, value in found}
            found = list({**newest, **newer_archived(newest, latest_us, upto)}.values())
    return found


def newer_archived(newest: Mapping[int, Newest], latest_us: int, upto: int) -> dict[int, Newest]:
    """Return the newest archived measurement of each tag in use by tag, where it is newer than ``newest``."""
    found = {}
    for series in Series.objects.filter(archived_until__isnull=False, tag__active=True):
        tag, until_us = series.pk, micros_or_first(series.archived_until)
        first_us = newest[tag][1] + 1 if tag in newest else FIRST_MICROS
        if first_us >= until_us:
            continue
        archived = ArchivedRange([tag], first_us, latest_us + 1, ascending=False, upto_id=upto)
        rows = first_rows(archived, 1)
        if len(rows):
            found[tag] = (tag, int(rows.times_us[0]), float(rows.values[0]))
    return found


def read_span(tag: int, first_us: int, last_us: int, *, upto: int) -> list[tuple[int, float]]:
    """Return a tag's measurements between two times (inclusive) as (microseconds, value), oldest first."""
    return timed(read_tag_rows(TagRange(tag, first_us, last_us + 1, upto_id=upto)))


def read_before(tag: int, at_us: int, *, upto: int) -> list[tuple[int, float]]:
    """Return a tag's newest measurement before a time as (microseconds, value); none if there is none."""
    return timed(read_tag_rows(TagRange(tag, FIRST_US, at_us, upto_id=upto), limit=1, newest=True))


def timed(rows: TagRows) -> list[tuple[int, float]]:
    """Return rows as (microseconds, value)."""
    return list(zip(rows.times_us.tolist(), rows.values.tolist(), strict=True))


def extremes(spans: Sequence[Span]) -> list[tuple[float, float] | None]:
    """Return the least and the greatest value of each span (inclusive); None without measurements."""
    found: list[tuple[float, float] | None] = [None] * len(spans)
    if spans:
        sql = EXTREMES_POSTGRESQL if connection.vendor == "postgresql" else EXTREMES_SQLITE
        asked = [{"tag": tag, "first_us": first_us, "last_us": last_us} for tag, first_us, last_us in spans]
        with both_places() as is_archived:
            for place, low, high in rows_of(sql, [json.dumps(asked)]):
                found[place] = (low, high)
            if is_archived:
                found = [widened(span, of_span) for span, of_span in zip(spans, found, strict=True)]
    return found


def widened(span: Span, found: tuple[float, float] | None) -> tuple[float, float] | None:
    """Return the least and the greatest value of a span together with its archived measurements."""
    tag, first_us, last_us = span
    values = all_rows(ArchivedRange([tag], first_us, last_us + 1)).values
    if not len(values):
        return found
    both = (*(found or ()), float(values.min()), float(values.max()))
    return min(both), max(both)


def rows_of(sql: str, parameters: Sequence[Any]) -> list[Any]:
    """Return the rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def columns_of(rows: Sequence[tuple[int, int, int, float]]) -> Measured:
    """Return rows as columns."""
    table = np.array(rows, dtype=ROW)
    return Measured(*(np.ascontiguousarray(table[name]) for name in ROW.names or ()))
