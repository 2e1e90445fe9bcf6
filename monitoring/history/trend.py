"""Read trends: one tag over a range of time, in at most as many buckets as a chart shows."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from monitoring.history.rollup_rows import first_rollup, read_rollups
from monitoring.history.tag_rows import TagRange, count_tag_rows, read_tag_rows
from monitoring.history.trend_plan import MEASUREMENTS, BucketStep, source_rows, steps
from monitoring.kernel.clock import to_micros
from monitoring.kernel.rollups import RESOLUTIONS_S, Buckets, buckets_of

STORED = """
    SELECT tags.id, series.last, series.raw_from FROM tags LEFT JOIN series ON series.tag = tags.id
    WHERE tags.name = %s
"""

# Read at most this many times the source rows of a chart as measurements: about 50 ms. One reading a
# second stays far below this limit, so that the step does not change while a chart moves.
DENSE = 12


@dataclass(frozen=True, slots=True)
class Trend:
    """The buckets that have measurements, in order of time, and their step."""

    step: BucketStep
    buckets: Buckets


@dataclass(frozen=True, slots=True)
class Stored:
    """The extent of a tag's data, in microseconds since 1970.

    Measurements before ``raw_from_us`` were deleted; only their anomalies and rollups remain.
    """

    tag: int | None
    first_us: int
    last_us: int
    raw_from_us: int | None

    def is_deleted(self, start_us: int) -> bool:
        """Return whether measurements from this time on may be deleted."""
        return self.raw_from_us is not None and start_us < self.raw_from_us


def read_trend(name: str, *, start: datetime | None, end: datetime | None, points: int) -> Trend:
    """Return a tag's data from ``start`` to ``end`` (inclusive; None: the whole extent) in whole buckets.

    ``points`` is the largest number of buckets. A tag that does not exist has no data.
    """
    stored = stored_of(name)
    first_us = stored.first_us if start is None else to_micros(start)
    last_us = max(stored.last_us, first_us) if end is None else to_micros(end)
    first_us = min(first_us, last_us)
    step = step_for(stored, first_us, last_us, points)
    start_us, end_us = step.reach(first_us, last_us)
    return Trend(step, step.bucketed(rows_between(stored.tag, step.source_s, start_us, end_us)))


def stored_of(name: str) -> Stored:
    """Return the extent of the tag's data; the first time is exact to the minute."""
    with connection.cursor() as cursor:
        cursor.execute(STORED, [name])
        tag, last_us, raw_from_us = cursor.fetchone() or (None, None, None)
    first_us = first_rollup(tag, RESOLUTIONS_S[0])
    if first_us is None or last_us is None:
        return Stored(tag, 0, 0, raw_from_us)
    return Stored(tag, first_us, last_us, raw_from_us)


def step_for(stored: Stored, first_us: int, last_us: int, points: int) -> BucketStep:
    """Return the finest step that is cheap to read for this range.

    Use a step of measurements only if no measurement of the range is deleted and at most ``DENSE``
    times ``source_rows(points)`` exist; otherwise use the finest step of rollups.
    """
    candidates = steps(first_us, last_us, points)
    step = next(candidates)
    if step.source_s == MEASUREMENTS:
        start_us, end_us = step.reach(first_us, last_us)
        if not is_few(stored, start_us, end_us, DENSE * source_rows(points)):
            return next(each for each in candidates if each.source_s != MEASUREMENTS)
    return step


def is_few(stored: Stored, start_us: int, end_us: int, limit: int) -> bool:
    """Return whether the measurements of the half-open range are all kept, and at most ``limit``."""
    if stored.is_deleted(start_us):
        return False
    return count_tag_rows(TagRange(stored.tag, start_us, end_us), limit) <= limit


def rows_between(tag: int | None, source_s: int, start_us: int, end_us: int) -> Buckets:
    """Return the tag's rollups or measurements in the half-open range."""
    if source_s != MEASUREMENTS:
        return read_rollups(tag, source_s, start_us, end_us)
    rows = read_tag_rows(TagRange(tag, start_us, end_us))
    return buckets_of(rows.times_us, rows.values, rows.is_anomaly)
