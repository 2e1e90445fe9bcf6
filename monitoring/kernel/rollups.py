"""Rollups: count, total, extremes with times, and anomalies of measurements in fixed intervals."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from monitoring.kernel.clock import SECOND_US
from monitoring.kernel.run_lengths import run_lengths

RESOLUTIONS_S = (60, 600, 3_600, 86_400)

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Buckets:
    """The intervals of one tag that have measurements, in order of time; all arrays have shape (n,).

    ``start``, ``minimum_at`` and ``maximum_at`` are microseconds since the epoch; ``total``, ``minimum`` and
    ``maximum`` have the tag's unit. An extreme that occurs more than once has the first time.
    """

    start: IntArray
    count: IntArray
    total: FloatArray
    minimum: FloatArray
    minimum_at: IntArray
    maximum: FloatArray
    maximum_at: IntArray
    anomalies: IntArray

    def __len__(self) -> int:
        return len(self.start)

    @property
    def mean(self) -> FloatArray:
        """Return the mean of each interval; shape (n,)."""
        return self.total / self.count


def buckets_of(time_us: IntArray, value: FloatArray, is_anomaly: NDArray[np.bool_]) -> Buckets:
    """Return measurements, in order of time, as one interval each; all of shape (n,)."""
    return Buckets(
        start=time_us,
        count=np.ones(len(time_us), dtype=np.int64),
        total=value,
        minimum=value,
        minimum_at=time_us,
        maximum=value,
        maximum_at=time_us,
        anomalies=is_anomaly.astype(np.int64),
    )


def concatenated(pieces: Sequence[Buckets]) -> Buckets:
    """Return the buckets of all pieces, which are in order of time."""
    columns = {
        field.name: np.concatenate([getattr(piece, field.name) for piece in pieces])
        for field in fields(Buckets)
    }
    return Buckets(**columns)


def coarsen(finer: Buckets, resolution_us: int) -> Buckets:
    """Aggregate intervals into intervals of ``resolution_us``, aligned to the epoch."""
    return coarsen_each(finer, np.zeros(len(finer), dtype=np.int64), resolution_us)[0]


def coarsen_each(finer: Buckets, tag: IntArray, resolution_us: int) -> tuple[Buckets, IntArray]:
    """Coarsen the concatenated intervals of several tags; return also the tag of each interval."""
    start = finer.start // resolution_us * resolution_us
    first, size = run_lengths(start, tag)
    if len(first) == len(start):
        return replace(finer, start=start), tag
    minimum = np.minimum.reduceat(finer.minimum, first)
    maximum = np.maximum.reduceat(finer.maximum, first)
    coarse = Buckets(
        start=start[first],
        count=np.add.reduceat(finer.count, first),
        total=np.add.reduceat(finer.total, first),
        minimum=minimum,
        minimum_at=first_time(finer.minimum_at, finer.minimum == np.repeat(minimum, size), first),
        maximum=maximum,
        maximum_at=first_time(finer.maximum_at, finer.maximum == np.repeat(maximum, size), first),
        anomalies=np.add.reduceat(finer.anomalies, first),
    )
    return coarse, tag[first]


def first_time(time_us: IntArray, reached: NDArray[np.bool_], first: IntArray) -> IntArray:
    """Return the earliest time at which each group, starting at ``first``, reached the extreme."""
    latest = np.iinfo(np.int64).max
    return np.minimum.reduceat(np.where(reached, time_us, latest), first)


def rollups_of(measurements: Buckets, tag: IntArray) -> dict[int, tuple[Buckets, IntArray]]:
    """Return rollups of measurements by resolution in seconds, each with the tags of the intervals.

    ``tag`` (n,) is the tag of each measurement; the rows of a tag stand together, in order of time.
    """
    rolled: dict[int, tuple[Buckets, IntArray]] = {}
    finer = measurements, tag
    for resolution_s in RESOLUTIONS_S:
        finer = rolled[resolution_s] = coarsen_each(*finer, resolution_s * SECOND_US)
    return rolled
