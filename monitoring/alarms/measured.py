"""Read measurements for the evaluator as columns."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import connection

from monitoring.alarms.tag_table import Measured

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
SPAN = """
    SELECT timestamp, value FROM measurements
    WHERE tag = %s AND timestamp >= %s AND timestamp <= %s AND id <= %s ORDER BY timestamp
"""
BEFORE = """
    SELECT timestamp, value FROM measurements
    WHERE tag = %s AND timestamp < %s AND id <= %s ORDER BY timestamp DESC LIMIT 1
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
Span = tuple[int, int, int]  # tag, first and last time in microseconds


def read_page(*, after: int, upto: int, limit: int) -> Measured:
    """Return the first ``limit`` measurements with ids above ``after``, up to ``upto`` (inclusive), by id."""
    return columns_of(rows_of(PAGE, [after, upto, limit]))


def read_ahead(*, latest_us: int, upto: int) -> Measured:
    """Return the measurements with ids up to ``upto`` that are later than ``latest_us``."""
    return columns_of(rows_of(AHEAD, [latest_us, upto]))


def read_newest(*, latest_us: int, upto: int) -> list[tuple[int, int, float]]:
    """Return the newest measurement of each tag in use as (tag, microseconds, value).

    Only ids up to ``upto`` and times up to ``latest_us`` count.
    """
    sql = NEWEST_POSTGRESQL if connection.vendor == "postgresql" else NEWEST_SQLITE
    return rows_of(sql, [latest_us, upto])


def read_span(tag: int, first_us: int, last_us: int, *, upto: int) -> list[tuple[int, float]]:
    """Return a tag's measurements between two times (inclusive) as (microseconds, value), oldest first."""
    return rows_of(SPAN, [tag, first_us, last_us, upto])


def read_before(tag: int, at_us: int, *, upto: int) -> list[tuple[int, float]]:
    """Return a tag's newest measurement before a time as (microseconds, value); none if there is none."""
    return rows_of(BEFORE, [tag, at_us, upto])


def extremes(spans: Sequence[Span]) -> list[tuple[float, float] | None]:
    """Return the least and the greatest value of each span (inclusive); None without measurements."""
    found: list[tuple[float, float] | None] = [None] * len(spans)
    if spans:
        sql = EXTREMES_POSTGRESQL if connection.vendor == "postgresql" else EXTREMES_SQLITE
        asked = [{"tag": tag, "first_us": first_us, "last_us": last_us} for tag, first_us, last_us in spans]
        for place, low, high in rows_of(sql, [json.dumps(asked)]):
            found[place] = (low, high)
    return found


def rows_of(sql: str, parameters: Sequence[Any]) -> list[Any]:
    """Return the rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def columns_of(rows: Sequence[tuple[int, int, int, float]]) -> Measured:
    """Return rows as columns."""
    table = np.array(rows, dtype=ROW)
    return Measured(*(np.ascontiguousarray(table[name]) for name in ROW.names or ()))
