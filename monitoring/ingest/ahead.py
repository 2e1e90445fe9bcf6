"""Marks measurements that are ahead of the server's clock: detectors wait until their time comes."""

from collections.abc import Iterable, Sequence

import numpy as np

from monitoring.ingest.store import Written
from monitoring.ingest.tags import LockedTag
from monitoring.kernel.clock import from_micros, to_micros
from monitoring.kernel.source_clock import IntArray
from monitoring.models import Measurement, ReadingAhead

CHUNK = 500  # ids in a query


def mark_ahead(tags: Sequence[LockedTag], written: Written, limit_us: int) -> None:
    """Mark the new measurements that are later than the limit, in the transaction that stores them."""
    timelines = written.timelines
    is_ahead = timelines.is_new & (timelines.time_us > limit_us)
    if is_ahead.any():
        pk: IntArray = np.repeat([tags[place].pk for place in timelines.tag.tolist()], timelines.count)
        mark(
            zip(
                written.id[is_ahead].tolist(),
                pk[is_ahead].tolist(),
                timelines.time_us[is_ahead].tolist(),
                strict=True,
            )
        )


def mark(rows: Iterable[tuple[int, int, int]]) -> None:
    """Mark measurements, each given by id, tag's id and time; what is marked already stays so."""
    ReadingAhead.objects.bulk_create(
        (
            ReadingAhead(measurement_id=pk, tag_id=tag, timestamp=from_micros(time_us))
            for pk, tag, time_us in rows
        ),
        ignore_conflicts=True,
    )


def marked_between(after: int, upto: int) -> set[int]:
    """Return the ids of marked measurements behind one id, up to another (inclusive)."""
    rows = ReadingAhead.objects.filter(measurement_id__gt=after, measurement_id__lte=upto)
    return set(rows.values_list("measurement_id", flat=True))


def marked_of(tags: Sequence[int]) -> dict[int, list[tuple[int, int, float]]]:
    """Return the marked measurements of tags by tag's id: time in µs, id, value; in order of time."""
    marks = ReadingAhead.objects.filter(tag__in=tags).order_by("timestamp")
    found = list(marks.values_list("measurement_id", "tag_id", "timestamp"))
    values = values_of([pk for pk, _, _ in found])
    by_tag: dict[int, list[tuple[int, int, float]]] = {}
    for pk, tag, moment in found:
        if pk in values:
            by_tag.setdefault(tag, []).append((to_micros(moment), pk, values[pk]))
    return by_tag


def values_of(ids: Sequence[int]) -> dict[int, float]:
    """Return the values of measurements by their ids, without those that were deleted."""
    found: dict[int, float] = {}
    for start in range(0, len(ids), CHUNK):
        rows = Measurement.objects.filter(id__in=ids[start : start + CHUNK])
        found.update(rows.values_list("id", "value"))
    return found


def unmark(ids: Sequence[int]) -> None:
    """Forget marks of measurements that are judged, in the transaction that saves what came of it."""
    for start in range(0, len(ids), CHUNK):
        ReadingAhead.objects.filter(measurement_id__in=ids[start : start + CHUNK]).delete()
