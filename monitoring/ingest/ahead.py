"""Mark measurements that are ahead of the server's clock: detectors wait until the clock reaches them."""

from collections.abc import Iterable, Sequence

import numpy as np

from monitoring.ingest.columns import StoredRows
from monitoring.ingest.locked_tags import LockedTag
from monitoring.kernel.arrays import IntArray
from monitoring.kernel.chunks import chunks
from monitoring.kernel.clock import from_micros, to_micros
from monitoring.models import Measurement, ReadingAhead

CHUNK = 500  # ids in a query


def mark_ahead(tags: Sequence[LockedTag], rows: StoredRows, limit_us: IntArray) -> None:
    """Mark the new measurements that are later than the limit, in the transaction that stores them.

    ``limit_us`` is the limit of each row, or one for all, in microseconds since 1970.
    """
    is_ahead = rows.is_new & (rows.time_us > limit_us)
    if is_ahead.any():
        pk: IntArray = np.repeat([tags[index].pk for index in rows.tag.tolist()], rows.count)
        ids, times_us = rows.id[is_ahead].tolist(), rows.time_us[is_ahead].tolist()
        mark(zip(ids, pk[is_ahead].tolist(), times_us, strict=True))


def mark(rows: Iterable[tuple[int, int, int]]) -> None:
    """Mark measurements, each given by id, tag id and time in µs; skip those marked already."""
    ReadingAhead.objects.bulk_create(
        (
            ReadingAhead(measurement_id=pk, tag_id=tag, timestamp=from_micros(time_us))
            for pk, tag, time_us in rows
        ),
        ignore_conflicts=True,
    )


def marked_between(after: int, upto: int) -> set[int]:
    """Return the ids of marked measurements with ``after < id <= upto``."""
    rows = ReadingAhead.objects.filter(measurement_id__gt=after, measurement_id__lte=upto)
    return set(rows.values_list("measurement_id", flat=True))


def marked_of(tags: Sequence[int]) -> dict[int, list[tuple[int, int, float]]]:
    """Return the marked measurements by tag id: (time in µs, id, value), in order of time."""
    marks = ReadingAhead.objects.filter(tag__in=tags).order_by("timestamp")
    found = list(marks.values_list("measurement_id", "tag_id", "timestamp"))
    values = values_of([pk for pk, _, _ in found])
    by_tag: dict[int, list[tuple[int, int, float]]] = {}
    for pk, tag, moment in found:
        if pk in values:
            by_tag.setdefault(tag, []).append((to_micros(moment), pk, values[pk]))
    return by_tag


def values_of(ids: Sequence[int]) -> dict[int, float]:
    """Return the values of measurements by id, without deleted ones."""
    found: dict[int, float] = {}
    for some in chunks(ids, CHUNK):
        rows = Measurement.objects.filter(id__in=some)
        found.update(rows.values_list("id", "value"))
    return found


def unmark(ids: Sequence[int]) -> None:
    """Delete the marks of judged measurements, in the transaction that saves the result."""
    for some in chunks(ids, CHUNK):
        ReadingAhead.objects.filter(measurement_id__in=some).delete()
