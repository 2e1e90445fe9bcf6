"""Divide a range of time into a bounded number of buckets, aligned to 1970."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from monitoring.kernel.clock import FIRST_MICROS, SECOND_US
from monitoring.kernel.rollups import RESOLUTIONS_S, Buckets, FloatArray, coarsen

DAY_S = 86_400
MILLISECOND_US = 1_000
MEASUREMENTS = 0  # source of a step that reads measurements, not rollups

FRACTIONS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
SECONDS = (1, 2, 5, 10, 15, 30)
MINUTES_AND_HOURS_S = (60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200)
DAYS = (1, 2, 7, 14, *(28 * 2**power for power in range(18)))  # the last is longer than 9,999 years

SOURCE_ROWS = 4_000  # for a chart of usual width


@dataclass(frozen=True, slots=True)
class BucketStep:
    """A bucket width and its source: rollups of ``source_s``, or ``MEASUREMENTS``.

    Buckets begin at multiples of ``us``, counted from ``origin_us``, in microseconds since 1970.
    """

    us: int
    source_s: int
    origin_us: int = 0

    @property
    def seconds(self) -> int | float:
        """Return the width in seconds, as an integer if whole."""
        return self.us // SECOND_US if self.us % SECOND_US == 0 else self.us / SECOND_US

    def reach(self, first_us: int, last_us: int) -> tuple[int, int]:
        """Return the start of the bucket of ``first_us`` and the exclusive end of that of ``last_us``."""
        first, last = ((moment - self.origin_us) // self.us for moment in (first_us, last_us))
        return self.origin_us + first * self.us, self.origin_us + (last + 1) * self.us

    def most_buckets(self, span_us: int) -> int:
        """Return the largest number of buckets that a range of this length can touch."""
        return -(-span_us // self.us) + 1

    def most_rows(self, span_us: int) -> int:
        """Return the largest number of source rows in these buckets, assuming one measurement a second."""
        return self.most_buckets(span_us) * self.us // ((self.source_s or 1) * SECOND_US)

    def bucketed(self, source: Buckets) -> Buckets:
        """Aggregate the measurements or rollups to buckets of this step."""
        counted = replace(source, start=source.start - self.origin_us)
        coarse = coarsen(counted, self.us)
        return replace(coarse, start=coarse.start + self.origin_us)


def source_of(step_s: int) -> int:
    """Return the coarsest rollup that divides a step of whole seconds; ``MEASUREMENTS`` if none does."""
    return max((each for each in RESOLUTIONS_S if step_s % each == 0), default=MEASUREMENTS)


LADDER = (
    *(BucketStep(ms * MILLISECOND_US, MEASUREMENTS) for ms in FRACTIONS_MS),
    *(
        BucketStep(seconds * SECOND_US, source_of(seconds))
        for seconds in (*SECONDS, *MINUTES_AND_HOURS_S, *(days * DAY_S for days in DAYS))
    ),
)
# One bucket for all times; buckets counted from the epoch have a boundary at the epoch.
EVER = BucketStep(LADDER[-1].us, RESOLUTIONS_S[-1], origin_us=FIRST_MICROS)


def steps(first_us: int, last_us: int, points: int) -> Iterator[BucketStep]:
    """Yield the steps that show a range (inclusive) in at most ``points`` buckets, finest first.

    The steps depend on the length of the range only, so the buckets stay the same while a chart moves.
    For a single point the position counts, too: ``most_buckets`` is at least 2 for any range longer than 0.
    """
    span_us = last_us - first_us
    rows = source_rows(points)
    for step in (*LADDER, EVER):
        if points == 1:
            start, end = step.reach(first_us, last_us)
            fits = end - start == step.us
        else:
            fits = step.most_buckets(span_us) <= points
        # No row limit for the coarsest source: ten years have only 3,653 daily rollups.
        if fits and (step.source_s == RESOLUTIONS_S[-1] or step.most_rows(span_us) <= rows):
            yield step


def source_rows(points: int) -> int:
    """Return the largest number of source rows to read for a chart of so many buckets."""
    return max(2 * points, SOURCE_ROWS)


def means(buckets: Buckets) -> FloatArray:
    """Return the mean of each bucket, shape (n,), clipped to the extremes because of rounding."""
    mean: FloatArray = np.clip(buckets.mean, buckets.minimum, buckets.maximum)
    return mean
