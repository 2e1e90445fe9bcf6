"""New rows between their stored neighbours: the queries for the windows that the rules need."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection

from monitoring.archive.reading import archived_files, rows_at
from monitoring.history.tag_rows import TagRange, read_tag_rows
from monitoring.ingest.columns import (
    Batch,
    Segments,
    StoredRows,
    append,
    concatenate_batches,
    concatenate_rows,
    merge,
    rows_of_tag,
)
from monitoring.ingest.locked_tags import LockedTag, LockedTags
from monitoring.ingest.rules import LOOKBACK
from monitoring.ingest.thaw import thaw_around
from monitoring.kernel.arrays import FloatArray
from monitoring.kernel.clock import micros_or_first, to_micros
from monitoring.kernel.run_lengths import run_lengths

SLACK = 200
BETWEEN = """
    SELECT id, timestamp, value, is_anomaly FROM measurements
    WHERE tag = %s AND timestamp >= %s AND timestamp <= %s ORDER BY timestamp LIMIT %s
"""
AFTER = """
    SELECT id, timestamp, value, is_anomaly FROM measurements
    WHERE tag = %s AND timestamp > %s ORDER BY timestamp LIMIT %s
"""
VALUE = np.dtype("<f8")  # as a window of values is kept, whatever machine reads it


def next_rows(tags: Sequence[LockedTag], new: Batch) -> tuple[Batch, StoredRows, Batch]:
    """Return the earliest new readings, the rows that contain them, and the rest of the readings.

    Readings and rows are in order of tag and time. One query per tag serves readings that append, repeat,
    or fill an outage. Readings scattered over a long stored past are cut at the largest gap, so that the
    past between them is not read.
    """
    new = new.take(np.lexsort((new.time_us, new.tag)))
    first, size = run_lengths(new.tag)
    is_append = new.time_us[first] > LockedTags.of(tags).last_us[new.tag[first]]
    if is_append.all():
        return new, append(*histories_of(tags, new.tag[first].tolist()), new), new.take(slice(0, 0))
    parts, rows, rests = [], [], []
    if is_append.any():
        part = new.take(np.repeat(is_append, size))
        parts.append(part)
        rows.append(append(*histories_of(tags, new.tag[first[is_append]].tolist()), part))
    for number in np.flatnonzero(~is_append).tolist():
        of_tag = new.take(slice(first[number], first[number] + size[number]))
        part, inserted, rest = insert_rows(tags, of_tag)
        parts.append(part)
        rows.append(inserted)
        rests.append(rest)
    return concatenate_batches(parts), concatenate_rows(rows), concatenate_batches(rests)


def histories_of(tags: Sequence[LockedTag], indices: Sequence[int]) -> tuple[np.ndarray, FloatArray]:
    """Return how many values each of k tags had last (up to ``LOOKBACK``; shape (k,)), and these values."""
    recent = LockedTags.of(tags).recent_values
    histories = [recent[index] or recent_values_of(tags[index]) for index in indices]
    history_length = np.array([len(history) for history in histories], dtype=np.int64) // VALUE.itemsize
    return history_length, np.frombuffer(b"".join(histories), dtype=VALUE)


def recent_values_of(tag: LockedTag) -> bytes:
    """Return up to ``LOOKBACK`` values stored last, oldest first, as in ``series.recent_values``."""
    if tag.last_us is None:
        return b""
    if tag.recent_values is not None:
        return tag.recent_values
    return values_before(tag.pk, tag.last_us + 1, tag.definition.raw_from).tobytes()


def insert_rows(tags: Sequence[LockedTag], new: Batch) -> tuple[Batch, StoredRows, Batch]:
    """Merge the earliest readings of one tag with the stored rows; return readings, rows and the rest."""
    index = int(new.tag[0])
    tag = tags[index]
    if tag.archived_until_us is not None and new.time_us[0] < tag.archived_until_us:
        repeated = archived_rows(tag, index, new)
        if repeated is not None:
            return repeated
        thaw_around(tag, new.time_us)
    new, stored, rest = earliest(tag, new)
    is_last = int(np.sum(stored.time_us > new.time_us[-1])) < LOOKBACK
    history = values_before(tag.pk, int(new.time_us[0]), tag.definition.raw_from)
    return new, merge(index, history, stored, new, is_last=is_last), rest


def archived_rows(tag: LockedTag, index: int, new: Batch) -> tuple[Batch, StoredRows, Batch] | None:
    """Return the readings at times of archived measurements, these measurements, and the other readings.

    Repeated readings change nothing, so the files stay archived. None if no reading is such.
    """
    found = rows_at(tag.pk, new.time_us)
    if not len(found):
        return None
    stored = rows_of_tag(found.ids, found.times_us, found.values, found.is_anomaly)
    is_known = np.isin(new.time_us, found.times_us)
    repeated = new.take(is_known)
    return repeated, merge(index, np.empty(0), stored, repeated, is_last=False), new.take(~is_known)


def earliest(tag: LockedTag, new: Batch) -> tuple[Batch, StoredRows, Batch]:
    """Return the earliest readings of one tag, the rows that ``stored_from`` reads, and the rest.

    ``new`` is in order of time. The files of the readings and of the followers are thawed; the readings end
    before the next file that is still archived.
    """
    until = end_before_archived(tag, new)
    rest = [new.take(slice(until, None))]
    new = new.take(slice(0, until))
    while (stored := stored_from(tag, new)) is None:
        cut = int(np.argmax(np.diff(new.time_us))) + 1
        rest.insert(0, new.take(slice(cut, None)))
        new = new.take(slice(0, cut))
    return new, stored, concatenate_batches(rest)


def end_before_archived(tag: LockedTag, new: Batch) -> int:
    """Return how many readings of one tag lie before the next archived measurements; at least one."""
    first, last = int(new.time_us[0]), int(new.time_us[-1])
    if tag.archived_until_us is None or first >= tag.archived_until_us:
        return len(new)
    file = archived_files([tag.pk], first + 1, last).order_by("start").first()
    return len(new) if file is None else int(np.searchsorted(new.time_us, to_micros(file.start)))


def stored_from(tag: LockedTag, new: Batch) -> StoredRows | None:
    """Return the stored rows from the first new reading to ``LOOKBACK`` rows past the last.

    ``new`` is in order of time. Return None if more rows lie between than one query should read; never if
    all readings have one time.
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
    return as_stored_rows(rows)


def as_stored_rows(rows: Sequence[Sequence[Any]]) -> StoredRows:
    """Convert query rows of one tag (id, time in µs, value, flag), in order of time."""
    ids, times, values, flags = zip(*rows, strict=True) if rows else ((), (), (), ())
    return rows_of_tag(
        np.array(ids, dtype=np.int64),
        np.array(times, dtype=np.int64),
        np.array(values, dtype=np.float64),
        np.array(flags, dtype=np.bool_),
    )


def values_before(tag: int, time_us: int, raw_from: datetime | None) -> FloatArray:
    """Return up to ``LOOKBACK`` values of the tag just before a time, in order of time.

    Skip anomalies that retention has left of a deleted past: their neighbours are gone.
    """
    oldest = micros_or_first(raw_from)
    rows = read_tag_rows(TagRange(tag, oldest, time_us), limit=LOOKBACK, newest=True)
    return rows.values.astype(VALUE, copy=False)


def recent_values_after(rows: StoredRows, segments: Segments) -> dict[int, bytes]:
    """Return ``series.recent_values`` after these rows are stored, by index of the tag.

    A tag whose newest measurement is not among the rows is missing.
    """
    series = segments.series.astype(VALUE, copy=False).tobytes()
    size = rows.history_length + rows.count
    end = np.cumsum(size)
    start = end - np.minimum(size, LOOKBACK)
    width = VALUE.itemsize
    return {
        index: series[first * width : last * width]
        for index, first, last, is_last in zip(
            rows.tag.tolist(), start.tolist(), end.tolist(), rows.is_last.tolist(), strict=True
        )
        if is_last
    }
