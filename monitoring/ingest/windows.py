"""The stored measurements that detectors need around new readings."""

import numpy as np

from monitoring.domain.clock import from_micros, to_micros
from monitoring.domain.detectors import LOOKBACK, FloatArray
from monitoring.domain.readings import ReadingColumns
from monitoring.domain.timeline import StoredColumns, Timeline, merge
from monitoring.models import Measurement

SLACK = 200


def next_timeline(tag: str, new: ReadingColumns) -> tuple[Timeline, ReadingColumns]:
    """The timeline of the earliest new readings that one look at the table can serve, and the rest.

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
    return merge(values_before(tag, int(new.time_us[0])), stored, new), rest


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


def stored_from(tag: str, new: ReadingColumns) -> StoredColumns | None:
    """What is stored from the first new reading on to ``LOOKBACK`` past the last (new in time order).

    None if more lies between them than is worth reading; never None if all are at one time.
    """
    limit = 2 * len(new.time_us) + LOOKBACK + SLACK
    rows = list(
        Measurement.objects.filter(tag__name=tag, timestamp__gte=from_micros(new.time_us[0]))
        .order_by("timestamp")
        .values_list("id", "timestamp", "value")[:limit]
    )
    stored = StoredColumns(
        id=np.array([row[0] for row in rows], dtype=np.int64),
        time_us=np.array([to_micros(row[1]) for row in rows], dtype=np.int64),
        value=np.array([row[2] for row in rows], dtype=np.float64),
    )
    end = int(np.searchsorted(stored.time_us, new.time_us[-1], side="right")) + LOOKBACK
    if len(rows) == limit and end > limit:
        return None
    return StoredColumns(stored.id[:end], stored.time_us[:end], stored.value[:end])


def values_before(tag: str, time_us: int) -> FloatArray:
    """The up to ``LOOKBACK`` values just before a moment, in time order."""
    values = (
        Measurement.objects.filter(tag__name=tag, timestamp__lt=from_micros(time_us))
        .order_by("-timestamp")
        .values_list("value", flat=True)[:LOOKBACK]
    )
    return np.array(list(values)[::-1], dtype=np.float64)
