"""Read measurements of one tag as columns, from the database and from the archive."""

from dataclasses import dataclass, replace

import numpy as np
from django.db import connection

from monitoring.history.archived import (
    ALL,
    ArchivedRange,
    Rows,
    all_rows,
    both_places,
    count_in_archive,
    first_rows,
)
from monitoring.history.rollup_rows import columns
from monitoring.kernel.arrays import BoolArray, FloatArray, IntArray

ROWS = """
    SELECT id, timestamp, value, is_anomaly FROM measurements
    WHERE tag = %s AND timestamp >= %s AND timestamp < %s {also} ORDER BY timestamp {direction} {limit}
"""
COUNT = """
    SELECT count(*) FROM (
        SELECT 1 FROM measurements WHERE tag = %s AND timestamp >= %s AND timestamp < %s {also} LIMIT %s
    ) AS counted
"""


@dataclass(frozen=True, slots=True)
class TagRows:
    """Measurements of one tag in order of time; all arrays have shape (n,)."""

    ids: IntArray
    times_us: IntArray
    values: FloatArray
    is_anomaly: BoolArray

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class TagRange:
    """A half-open range of a tag's measurements (None: a tag that does not exist).

    ``upto_id`` is the highest id (None: any), ``anomalies_only`` leaves the other measurements out.
    """

    tag: int | None
    start_us: int
    end_us: int
    upto_id: int | None = None
    anomalies_only: bool = False

    def statement(self, sql: str, **parts: str) -> tuple[str, list[int | None]]:
        """Return the SQL with the conditions of the range, and its parameters."""
        also = "" if self.upto_id is None else "AND id <= %s"
        also += " AND is_anomaly" if self.anomalies_only else ""
        given = [self.tag, self.start_us, self.end_us, *([] if self.upto_id is None else [self.upto_id])]
        return sql.format(also=also, **parts), given

    def archived(self, *, ascending: bool = True) -> ArchivedRange:
        """Return the same range of the archive."""
        return ArchivedRange(
            [] if self.tag is None else [self.tag],
            self.start_us,
            self.end_us,
            ascending=ascending,
            anomalies_only=self.anomalies_only,
            upto_id=self.upto_id,
        )


def read_tag_rows(range_: TagRange, *, limit: int | None = None, newest: bool = False) -> TagRows:
    """Return the first ``limit`` measurements of the range, or the ``newest`` ones, in order of time."""
    with both_places() as is_archived:
        found = stored_rows(range_, limit=limit, newest=newest)
        if not is_archived:
            return found
        archived = narrowed(range_, found, limit=limit, newest=newest).archived(ascending=not newest)
        rest = all_rows(archived) if limit is None else first_rows(archived, limit)
        return merged(found, rest, limit=limit, newest=newest)


def narrowed(range_: TagRange, found: TagRows, *, limit: int | None, newest: bool) -> TagRange:
    """Return the part of the range in which archived rows come before the last of ``limit`` found ones."""
    if limit is None or len(found) < limit or not limit:
        return range_
    if newest:
        return replace(range_, start_us=int(found.times_us[0]))
    return replace(range_, end_us=int(found.times_us[-1]))


def stored_rows(range_: TagRange, *, limit: int | None, newest: bool) -> TagRows:
    """Return the rows of the range that are in the database, in order of time."""
    cut = "" if limit is None else "LIMIT %s"
    sql, given = range_.statement(ROWS, direction="DESC" if newest else "", limit=cut)
    with connection.cursor() as cursor:
        cursor.execute(sql, given if limit is None else [*given, limit])
        rows = cursor.fetchall()
    return TagRows(*columns(rows[::-1] if newest else rows, "qqd?"))


def merged(found: TagRows, archived: Rows, *, limit: int | None, newest: bool) -> TagRows:
    """Return both parts in order of time, the first or the newest ``limit`` of them."""
    if not len(archived):
        return found
    times_us = np.concatenate([found.times_us, archived.times_us])
    order = np.argsort(times_us, kind="stable")
    if limit is not None:
        order = order[-limit:] if newest else order[:limit]
    return TagRows(
        np.concatenate([found.ids, archived.ids])[order],
        times_us[order],
        np.concatenate([found.values, archived.values])[order],
        np.concatenate([found.is_anomaly, archived.is_anomaly])[order],
    )


def count_tag_rows(range_: TagRange, limit: int = ALL) -> int:
    """Return the number of measurements in the range; if above ``limit``, some number above it."""
    sql, given = range_.statement(COUNT)
    with both_places() as is_archived:
        with connection.cursor() as cursor:
            cursor.execute(sql, [*given, limit + 1])
            found = int(cursor.fetchone()[0])
        if is_archived and found <= limit:
            found += count_in_archive(range_.archived(), limit - found)
    return found
