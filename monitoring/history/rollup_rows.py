"""Read rollups: the rows of the table, and each tag's open minute, which the rows may lack.

The newest minute of a tag may lie in the columns ``open_...`` of ``series`` (see ``ingest/open_minutes.py``).
This open minute counts in the interval of each resolution that contains the minute. One statement reads rows
and open minute: between two statements a writer may move the minute to the rollups.
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from monitoring.kernel.clock import SECOND_US
from monitoring.kernel.rollups import RESOLUTIONS_S, Buckets, coarsen

ROWS = """
    SELECT start, count, total, minimum, minimum_at, maximum, maximum_at, anomalies FROM rollups
    WHERE tag = %s AND resolution_s = %s AND start >= %s AND start < %s
    UNION ALL
    SELECT {start}, open_count, open_total, open_minimum, open_minimum_at, open_maximum, open_maximum_at,
        open_anomalies
    FROM series WHERE tag = %s AND {start} >= %s AND {start} < %s
    ORDER BY 1
"""
NEWEST = """
    SELECT * FROM (
        SELECT start, count, total, minimum, minimum_at, maximum, maximum_at, anomalies FROM rollups
        WHERE tag = %s AND resolution_s = %s AND start >= %s AND start < %s ORDER BY start DESC LIMIT 1
    ) AS newest
    UNION ALL
    SELECT {start}, open_count, open_total, open_minimum, open_minimum_at, open_maximum, open_maximum_at,
        open_anomalies
    FROM series WHERE tag = %s AND {start} >= %s AND {start} < %s
    ORDER BY 1
"""
# A scalar subquery finds the first row by the index; a minimum of the union would read all rows.
FIRST = """
    SELECT min(start) FROM (
        SELECT (
            SELECT start FROM rollups WHERE tag = %s AND resolution_s = %s AND start >= %s
            ORDER BY start LIMIT 1
        ) AS start
        UNION ALL
        SELECT {start} FROM series WHERE tag = %s AND {start} >= %s
    ) AS starts
"""
MEANS = """
    SELECT start, total, count FROM rollups
    WHERE tag = %s AND resolution_s = %s AND start >= %s AND start < %s
    UNION ALL
    SELECT open_start, open_total, open_count FROM series
    WHERE tag = %s AND open_start >= %s AND open_start < %s
"""
EARLIEST = int(np.iinfo(np.int64).min)


def open_in(resolution_s: int) -> str:
    """Return SQL for the start of the interval that contains the open minute; NULL if none is open.

    For statements with parameters: the remainder's sign is doubled. No open minute lies before 1970.
    """
    if resolution_s == RESOLUTIONS_S[0]:
        return "open_start"
    return f"(open_start - open_start %% {resolution_s * SECOND_US})"


def read_rollups(tag: int | None, resolution_s: int, start_us: int, end_us: int) -> Buckets:
    """Return the tag's rollups of a resolution in a half-open range, in order of time."""
    return rollups_by(ROWS, tag, resolution_s, start_us, end_us)


def newest_rollup(tag: int, resolution_s: int, start_us: int, end_us: int) -> Buckets:
    """Return the tag's last rollup of a resolution in a half-open range; empty if there is none."""
    found = rollups_by(NEWEST, tag, resolution_s, start_us, end_us)
    return Buckets(**{field.name: getattr(found, field.name)[-1:] for field in fields(Buckets)})


def rollups_by(sql: str, tag: int | None, resolution_s: int, start_us: int, end_us: int) -> Buckets:
    """Return the rows of a statement about rollups and the open minute as rollups of the resolution."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.format(start=open_in(resolution_s)),
            [tag, resolution_s, start_us, end_us, tag, start_us, end_us],
        )
        rows = cursor.fetchall()
    return coarsen(Buckets(*columns(rows, "qqddqdqq")), resolution_s * SECOND_US)


def read_minute_means(tag: int | None, start_us: int, end_us: int) -> NDArray[np.float64]:
    """Return the mean of each minute of a range of whole minutes, shape (n,); NaN without values."""
    with connection.cursor() as cursor:
        cursor.execute(MEANS, [tag, RESOLUTIONS_S[0], start_us, end_us, tag, start_us, end_us])
        rows = cursor.fetchall()
    start, total, count = columns(rows, "qdq")
    place = (start - start_us) // (RESOLUTIONS_S[0] * SECOND_US)
    minutes = -(-(end_us - start_us) // (RESOLUTIONS_S[0] * SECOND_US))
    totals, counts = (np.bincount(place, weights, minutes) for weights in (total, count))
    means: NDArray[np.float64] = np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)
    return means


def first_rollup(tag: int | None, resolution_s: int, from_us: int = EARLIEST) -> int | None:
    """Return the start of the tag's first rollup from a time on; None if there is none."""
    with connection.cursor() as cursor:
        sql = FIRST.format(start=open_in(resolution_s))
        cursor.execute(sql, [tag, resolution_s, from_us, tag, from_us])
        found: int | None = cursor.fetchone()[0]
    return found


def columns(rows: Sequence[Sequence[Any]], types: str) -> list[NDArray[Any]]:
    """Return the columns of the rows, each of shape (n,); ``types`` has numpy's dtype character of each."""
    found = zip(*rows, strict=True) if rows else ((),) * len(types)
    return [np.array(column, dtype=kind) for column, kind in zip(found, types, strict=True)]
