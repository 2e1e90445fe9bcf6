"""Remove single measurements and their share of all derived data, in the caller's transaction.

Rollups are recomputed, not subtracted from: an extreme cannot be subtracted, and sums of floats would keep a
remainder. The minute is recomputed from the measurements, each longer interval from the shorter ones.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from django.db.models import F

from monitoring.ingest.rebuild import FIELDS, Interval, correct
from monitoring.ingest.rollups import columns_of
from monitoring.ingest.tags import among, given
from monitoring.kernel.clock import SECOND_US, to_micros
from monitoring.kernel.rollups import RESOLUTIONS_S, Buckets, buckets_of, coarsen
from monitoring.models import Finding, Series

ROWS_A_STATEMENT = 500
DELETE = "DELETE FROM measurements WHERE tag = %s AND timestamp {among}"
MEASUREMENTS = """
    SELECT timestamp, value, is_anomaly FROM measurements
    WHERE tag = %s AND timestamp >= %s AND timestamp < %s ORDER BY timestamp
"""
ROLLUPS = f"""
    SELECT start, {", ".join(FIELDS)} FROM rollups
    WHERE tag = %s AND resolution_s = %s AND start >= %s AND start < %s ORDER BY start
"""  # noqa: S608 - made of nothing but the constants above
KINDS = (np.int64, np.int64, np.float64, np.float64, np.int64, np.float64, np.int64, np.int64)


class Removed(NamedTuple):
    """A stored measurement to remove."""

    id: int
    time_us: int
    value: float
    is_anomaly: bool


def remove(pk: int, removed: Sequence[Removed]) -> None:
    """Delete these measurements of a tag, with their rule violations; the caller holds the tag's lock.

    ``series.last`` stays, even if the newest is removed: the caller stores another at the same time.
    """
    for start in range(0, len(removed), ROWS_A_STATEMENT):
        some = removed[start : start + ROWS_A_STATEMENT]
        Finding.objects.filter(measurement_id__in=[each.id for each in some]).delete()
        times_us = [each.time_us for each in some]
        with connection.cursor() as cursor:
            cursor.execute(DELETE.format(among=among(times_us)), [pk, *given(times_us)])
    Series.objects.filter(pk=pk).update(
        measurements=F("measurements") - len(removed),
        anomalies=F("anomalies") - sum(each.is_anomaly for each in removed),
        recent_values=None,
    )
    roll_up_again(pk, removed)


def roll_up_again(pk: int, removed: Sequence[Removed]) -> None:
    """Recompute the intervals of the removed measurements, the shortest first."""
    raw_from = Series.objects.values_list("raw_from", flat=True).get(pk=pk)
    first_us = None if raw_from is None else to_micros(raw_from)
    finest, *_ = RESOLUTIONS_S
    for start_us in starts(removed, finest):
        if first_us is not None and start_us < first_us:
            buckets = without(
                pk, start_us, [each for each in removed if starts([each], finest) == {start_us}]
            )
        else:
            buckets = minute_of(pk, start_us)
        write(pk, (finest, start_us), buckets)
    for finer, coarser in pairwise(RESOLUTIONS_S):
        for start_us in starts(removed, coarser):
            shorter = stored_rollups(pk, finer, start_us, start_us + coarser * SECOND_US)
            write(pk, (coarser, start_us), coarsen(shorter, coarser * SECOND_US))


def starts(removed: Collection[Removed], resolution_s: int) -> set[int]:
    """Return the starts of the intervals that contain the removed measurements, in microseconds."""
    length = resolution_s * SECOND_US
    return {each.time_us // length * length for each in removed}


def minute_of(pk: int, start_us: int) -> Buckets:
    """Roll up the measurements of a minute; empty without any."""
    finest, *_ = RESOLUTIONS_S
    with connection.cursor() as cursor:
        cursor.execute(MEASUREMENTS, [pk, start_us, start_us + finest * SECOND_US])
        rows = cursor.fetchall()
    times, values, flags = zip(*rows, strict=True) if rows else ((), (), ())
    each = buckets_of(np.array(times, np.int64), np.array(values, np.float64), np.array(flags, np.bool_))
    return coarsen(each, finest * SECOND_US)


def without(pk: int, start_us: int, removed: Sequence[Removed]) -> Buckets:
    """Subtract from a minute of which retention has deleted a part; a removed extreme stays."""
    finest, *_ = RESOLUTIONS_S
    stored = stored_rollups(pk, finest, start_us, start_us + 1)
    stored.count[:] -= len(removed)
    stored.total[:] -= sum(each.value for each in removed)
    stored.anomalies[:] -= sum(each.is_anomaly for each in removed)
    return stored if stored.count.all() else stored_rollups(pk, finest, start_us, start_us)


def stored_rollups(pk: int, resolution_s: int, start_us: int, end_us: int) -> Buckets:
    """Read the tag's rollups that begin in a half-open time range."""
    with connection.cursor() as cursor:
        cursor.execute(ROLLUPS, [pk, resolution_s, start_us, end_us])
        rows = cursor.fetchall()
    columns: Iterable[Any] = zip(*rows, strict=True) if rows else [()] * len(KINDS)
    arrays: list[Any] = [np.array(column, kind) for column, kind in zip(columns, KINDS, strict=True)]
    return Buckets(*arrays)


def write(pk: int, interval: Interval, buckets: Buckets) -> None:
    """Write the rollup of an interval, or delete the rollup of an empty interval."""
    found = {}
    if len(buckets):
        found[interval] = tuple(column.item(0) for column in columns_of(buckets)[1:])
    correct(pk, [interval], found)
