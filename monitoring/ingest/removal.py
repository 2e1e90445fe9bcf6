"""Remove single measurements and their share of all derived data, in the caller's transaction.

Rollups are recomputed, not subtracted from: an extreme cannot be subtracted, and sums of floats would keep a
remainder. The minute is recomputed from the measurements, each longer interval from the shorter ones.
"""

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import NamedTuple

from django.db import connection
from django.db.models import F

from monitoring.ingest import open_minutes
from monitoring.ingest.rebuild import Interval, correct, read_buckets
from monitoring.ingest.rollup_tables import columns_of
from monitoring.ingest.tags import among, given
from monitoring.kernel.chunks import chunks
from monitoring.kernel.clock import SECOND_US, to_micros
from monitoring.kernel.rollups import RESOLUTIONS_S, Buckets, coarsen
from monitoring.models import Finding, Series

ROWS_A_STATEMENT = 500
DELETE = "DELETE FROM measurements WHERE tag = %s AND timestamp {among}"


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
    for some in chunks(removed, ROWS_A_STATEMENT):
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
    open_minutes.close([pk])
    raw_from = Series.objects.values_list("raw_from", flat=True).get(pk=pk)
    first_us = None if raw_from is None else to_micros(raw_from)
    finest, *_ = RESOLUTIONS_S
    for start_us in starts(removed, finest):
        if first_us is not None and start_us < first_us:
            buckets = without(
                pk, start_us, [each for each in removed if starts([each], finest) == {start_us}]
            )
        else:
            end_us = start_us + finest * SECOND_US
            buckets = coarsen(read_buckets(pk, None, start_us, end_us), finest * SECOND_US)
        write(pk, (finest, start_us), buckets)
    for finer, coarser in pairwise(RESOLUTIONS_S):
        for start_us in starts(removed, coarser):
            shorter = read_buckets(pk, finer, start_us, start_us + coarser * SECOND_US)
            write(pk, (coarser, start_us), coarsen(shorter, coarser * SECOND_US))


def starts(removed: Collection[Removed], resolution_s: int) -> set[int]:
    """Return the starts of the intervals that contain the removed measurements, in microseconds."""
    length = resolution_s * SECOND_US
    return {each.time_us // length * length for each in removed}


def without(pk: int, start_us: int, removed: Sequence[Removed]) -> Buckets:
    """Subtract from a minute of which retention has deleted a part; a removed extreme stays."""
    finest, *_ = RESOLUTIONS_S
    stored = read_buckets(pk, finest, start_us, start_us + 1)
    stored.count[:] -= len(removed)
    stored.total[:] -= sum(each.value for each in removed)
    stored.anomalies[:] -= sum(each.is_anomaly for each in removed)
    return stored if stored.count.all() else read_buckets(pk, finest, start_us, start_us)


def write(pk: int, interval: Interval, buckets: Buckets) -> None:
    """Write the rollup of an interval, or delete the rollup of an empty interval."""
    found = {}
    if len(buckets):
        found[interval] = tuple(column.item(0) for column in columns_of(buckets)[1:])
    correct(pk, [interval], found)
