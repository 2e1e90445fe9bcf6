"""The stored measurements that detectors need around new readings."""

import numpy as np
from django.db import connection

from monitoring.domain.clock import FIRST_MICROS, to_micros
from monitoring.domain.columns import ReadingColumns
from monitoring.domain.detectors import LOOKBACK, FloatArray
from monitoring.domain.timeline import StoredColumns, Timeline, merge
from monitoring.ingest.tags import LockedTag

SLACK = 200
BETWEEN = """
    SELECT id, timestamp, value, is_anomaly FROM measurements
    WHERE tag = %s AND timestamp >= %s AND timestamp <= %s ORDER BY timestamp LIMIT %s
"""
AFTER = """
    SELECT id, timestamp, value, is_anomaly FROM measurements
    WHERE tag = %s AND timestamp > %s ORDER BY timestamp LIMIT %s
"""
BEFORE = """
    SELECT value FROM measurements WHERE tag = %s AND timestamp < %s AND timestamp >= %s
    ORDER BY timestamp DESC LIMIT %s
"""
NOTHING_STORED = StoredColumns(
    np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64), np.empty(0, np.bool_)
)


def next_timeline(tag: LockedTag, new: ReadingColumns) -> tuple[Timeline, ReadingColumns, ReadingColumns]:
    """The timeline of the earliest new readings that one look at the table can serve; these, and the rest.

    Readings that append, repeat, or fill an outage are served at once. Those strewn over a long
    stored past are cut at their largest gap, so that the past between is not read.
    """
    order = np.argsort(new.time_us, kind="stable")
    new, rest = take(new, order), take(new, order[:0])
    while (stored := stored_from(tag, new)) is None:
        cut = int(np.argmax(np.diff(new.time_us))) + 1
        places = np.arange(len(new.time_us))
        rest = join(take(new, places[cut:]), rest)
        new = take(new, places[:cut])
    return merge(values_before(tag, int(new.time_us[0])), stored, new), new, rest


def take(columns: ReadingColumns, places: np.ndarray) -> ReadingColumns:
    """The readings at these places."""
    return ReadingColumns(columns.position[places], columns.time_us[places], columns.value[places])


def join(first: ReadingColumns, second: ReadingColumns) -> ReadingColumns:
    """Both, one behind the other."""
    return ReadingColumns(
        np.concatenate([first.position, second.position]),
        np.concatenate([first.time_us, second.time_us]),
        np.concatenate([first.value, second.value]),
    )


def stored_from(tag: LockedTag, new: ReadingColumns) -> StoredColumns | None:
    """What is stored from the first new reading on to ``LOOKBACK`` past the last (new in time order).

    None if more lies between them than is worth reading; never None if all are at one time.
    """
    first, last = int(new.time_us[0]), int(new.time_us[-1])
    if tag.last_us is None or tag.last_us < first:
        return NOTHING_STORED
    limit = 2 * len(new.time_us) + SLACK
    with connection.cursor() as cursor:
        cursor.execute(BETWEEN, [tag.pk, first, last, limit])
        rows = cursor.fetchall()
        if len(rows) == limit:
            return None
        cursor.execute(AFTER, [tag.pk, last, LOOKBACK])
        rows += cursor.fetchall()
    ids, times, values, flags = zip(*rows, strict=True) if rows else ((), (), (), ())
    return StoredColumns(
        id=np.array(ids, dtype=np.int64),
        time_us=np.array(times, dtype=np.int64),
        value=np.array(values, dtype=np.float64),
        is_anomaly=np.array(flags, dtype=np.bool_),
    )


def values_before(tag: LockedTag, time_us: int) -> FloatArray:
    """The up to ``LOOKBACK`` values just before a moment, in time order.

    Anomalies that retention has left of a deleted past are none of them: their neighbours are gone.
    """
    raw_from = tag.definition.raw_from
    oldest = FIRST_MICROS if raw_from is None else to_micros(raw_from)
    with connection.cursor() as cursor:
        cursor.execute(BEFORE, [tag.pk, time_us, oldest, LOOKBACK])
        values = [row[0] for row in cursor.fetchall()]
    return np.array(values[::-1], dtype=np.float64)
