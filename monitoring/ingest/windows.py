"""The stored measurements that rules need around new readings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection

from monitoring.ingest.parse import ReadingColumns, joined
from monitoring.ingest.rules import LOOKBACK
from monitoring.ingest.rules.base import Runs
from monitoring.ingest.tags import LockedTag
from monitoring.ingest.timeline import StoredColumns, Timelines, append, merge, side_by_side
from monitoring.kernel.arrays import FloatArray, IntArray
from monitoring.kernel.clock import FIRST_MICROS, to_micros
from monitoring.kernel.run_lengths import begins, stretches

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
NEVER = np.iinfo(np.int64).min
VALUE = np.dtype("<f8")  # as a window of values is kept, whatever machine reads it


@dataclass(frozen=True, slots=True)
class Served:
    """New readings, and the timelines in which each of them has its place.

    Both stand tag behind tag in the same order, the readings in order of time.
    """

    readings: ReadingColumns
    timelines: Timelines

    def place(self) -> IntArray:
        """Where among the measurements each of the readings is; of the shape of ``readings``."""
        if len(self.readings) == len(self.timelines.id) and self.timelines.is_new.all():
            return np.arange(len(self.readings))
        run = np.cumsum(begins(self.readings.tag)) - 1
        time_us = np.concatenate([self.timelines.time_us, self.readings.time_us])
        _, rank = np.unique(time_us, return_inverse=True)
        key = np.concatenate([self.timelines.run, run]) * len(time_us) + rank
        stored = len(self.timelines.run)
        return np.searchsorted(key[:stored], key[stored:])


def next_timelines(tags: Sequence[LockedTag], new: ReadingColumns) -> tuple[Served, ReadingColumns]:
    """The timelines of the earliest new readings that one look a tag at the table can serve; and the rest.

    Readings that append, repeat, or fill an outage are served at once. Those strewn over a long
    stored past are cut at their largest gap, so that the past between is not read.
    """
    new = new.take(np.lexsort((new.time_us, new.tag)))
    first, size = stretches(new.tag)
    last_us = np.array([NEVER if tag.last_us is None else tag.last_us for tag in tags], dtype=np.int64)
    is_append = new.time_us[first] > last_us[new.tag[first]]
    served, rests = [], [new.take(slice(0, 0))]
    if is_append.any():
        served.append(appended(tags, new.take(np.repeat(is_append, size))))
    for among in np.flatnonzero(~is_append).tolist():
        part, rest = inserted(tags, new.take(slice(first[among], first[among] + size[among])))
        served.append(part)
        rests.append(rest)
    readings = joined([part.readings for part in served])
    return Served(readings, side_by_side([part.timelines for part in served])), joined(rests)


def appended(tags: Sequence[LockedTag], new: ReadingColumns) -> Served:
    """Readings that come behind all that is stored of their tags; in order of tag and time."""
    places = new.tag[begins(new.tag)]
    histories = [recent_values_of(tags[place]) for place in places.tolist()]
    known = np.array([len(history) for history in histories], dtype=np.int64) // VALUE.itemsize
    history = np.frombuffer(b"".join(histories), dtype=VALUE)
    return Served(new, append(places, known, history, new))


def recent_values_of(tag: LockedTag) -> bytes:
    """The up to ``LOOKBACK`` values stored last, oldest first, as ``series.recent_values`` has them."""
    if tag.last_us is None:
        return b""
    if tag.recent_values is not None:
        return tag.recent_values
    return values_before(tag.pk, tag.last_us + 1, tag.definition.raw_from).tobytes()


def inserted(tags: Sequence[LockedTag], new: ReadingColumns) -> tuple[Served, ReadingColumns]:
    """One tag's earliest readings, set among what is stored, and the rest; in order of time."""
    place = int(new.tag[0])
    tag = tags[place]
    new, stored, rest = earliest(tag, new)
    is_last = int(np.sum(stored.time_us > new.time_us[-1])) < LOOKBACK
    history = values_before(tag.pk, int(new.time_us[0]), tag.definition.raw_from)
    return Served(new, merge(place, history, stored, new, is_last=is_last)), rest


def earliest(tag: LockedTag, new: ReadingColumns) -> tuple[ReadingColumns, StoredColumns, ReadingColumns]:
    """One tag's earliest readings, what is stored from them on as ``stored_from`` reads it, and the rest.

    All of ``new`` are in order of time.
    """
    rest = [new.take(slice(0, 0))]
    while (stored := stored_from(tag, new)) is None:
        cut = int(np.argmax(np.diff(new.time_us))) + 1
        rest.insert(0, new.take(slice(cut, None)))
        new = new.take(slice(0, cut))
    return new, stored, joined(rest)


def stored_from(tag: LockedTag, new: ReadingColumns) -> StoredColumns | None:
    """What is stored from the first new reading on to ``LOOKBACK`` past the last (new in time order).

    None if more lies between them than is worth reading; never None if all are at one time.
    """
    first, last = int(new.time_us[0]), int(new.time_us[-1])
    limit = 2 * len(new) + SLACK
    with connection.cursor() as cursor:
        cursor.execute(BETWEEN, [tag.pk, first, last, limit])
        rows = cursor.fetchall()
        if len(rows) == limit:
            return None
        cursor.execute(AFTER, [tag.pk, last, LOOKBACK])
        rows += cursor.fetchall()
    return stored_columns(rows)


def stored_columns(rows: Sequence[Sequence[Any]]) -> StoredColumns:
    """Rows of id, time, value and flag as columns, in their order."""
    ids, times, values, flags = zip(*rows, strict=True) if rows else ((), (), (), ())
    return StoredColumns(
        id=np.array(ids, dtype=np.int64),
        time_us=np.array(times, dtype=np.int64),
        value=np.array(values, dtype=np.float64),
        is_anomaly=np.array(flags, dtype=np.bool_),
    )


def values_before(tag: int, time_us: int, raw_from: datetime | None) -> FloatArray:
    """The tag's up to ``LOOKBACK`` values just before a moment, in time order.

    Anomalies that retention has left of a deleted past are none of them: their neighbours are gone.
    """
    oldest = FIRST_MICROS if raw_from is None else to_micros(raw_from)
    with connection.cursor() as cursor:
        cursor.execute(BEFORE, [tag, time_us, oldest, LOOKBACK])
        values = [row[0] for row in cursor.fetchall()]
    return np.array(values[::-1], dtype=VALUE)


def recent_of(timelines: Timelines, runs: Runs) -> dict[int, bytes]:
    """The tags' ``recent_values`` once these are stored, by their places, where the timelines tell them."""
    series, size = runs.series.astype(VALUE, copy=False).tobytes(), timelines.known + timelines.count
    end = np.cumsum(size)
    start = end - np.minimum(size, LOOKBACK)
    width = VALUE.itemsize
    return {
        place: series[first * width : last * width]
        for place, first, last, is_last in zip(
            timelines.tag.tolist(), start.tolist(), end.tolist(), timelines.is_last.tolist(), strict=True
        )
        if is_last
    }
