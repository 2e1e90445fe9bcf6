"""Trend of a tag or a role over a batch: buckets with extremes, and the setpoint of the role as steps."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from monitoring.batches.course import MINUTE_US, bound_us
from monitoring.batches.elapsed import clipped_end
from monitoring.batches.errors import BatchInputError
from monitoring.batches.finding import bindings_between
from monitoring.batches.vessel_roles import OTHER
from monitoring.history.rollup_rows import newest_rollup, read_rollups
from monitoring.history.trend import rows_between, step_for, stored_of
from monitoring.history.trend_plan import MEASUREMENTS, BucketStep
from monitoring.kernel.clock import FIRST_MICROS, SECOND_US, from_micros, micros_or_first, to_micros
from monitoring.kernel.rollups import RESOLUTIONS_S, Buckets, concatenated
from monitoring.models import Batch, TagFunction, VesselTag


@dataclass(frozen=True, slots=True)
class TrendRange:
    """The half-open range to read, in microseconds since 1970, and the largest number of buckets."""

    start_us: int
    stop_us: int
    points: int

    @property
    def is_empty(self) -> bool:
        """Return whether nothing of the batch lies in the range."""
        return self.start_us >= self.stop_us


@dataclass(frozen=True, slots=True)
class Steps:
    """A held signal: from ``time_us`` on it has ``value`` until the next; both of shape (n,)."""

    tag: str
    time_us: NDArray[np.int64]
    value: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BatchTrend:
    """The buckets of a tag, or of the tags that had a role; the newest binding; the setpoint if any."""

    binding: VesselTag
    within: TrendRange
    step: BucketStep
    buckets: Buckets
    setpoint: Steps | None


def range_of(
    batch: Batch, *, start: datetime | None, end: datetime | None, points: int, now: datetime
) -> TrendRange:
    """Return the part of the batch between two times (inclusive; None: all); empty before the start."""
    if batch.start is None:
        return TrendRange(0, 0, points)
    first_us, stop_us = to_micros(batch.start), to_micros(clipped_end(batch, now))
    if start is not None:
        first_us = max(first_us, to_micros(start))
    if end is not None:
        stop_us = min(stop_us, to_micros(end) + 1)
    return TrendRange(first_us, max(stop_us, first_us), points)


def read_batch_trend(batch: Batch, within: TrendRange, *, tag: str = "", role: str = "") -> BatchTrend:
    """Return the trend of a tag, or of the tags that measured a role; each counts only while bound.

    Raises:
        BatchInputError: no such tag was bound to the vessel during the batch.
    """
    bindings = bindings_of(batch, within, tag, role)
    step = common_step(bindings, within)
    newest = bindings[-1]
    return BatchTrend(
        binding=newest,
        within=within,
        step=step,
        buckets=step.bucketed(read_bindings(bindings, step, within)),
        setpoint=setpoint_of(batch, newest, step, within),
    )


def bindings_of(batch: Batch, within: TrendRange, tag: str, role: str) -> list[VesselTag]:
    """Return the bindings of the tag or role during the batch, the earliest first.

    Raises:
        BatchInputError: there is none.
    """
    if role == OTHER:
        raise BatchInputError("tags without role have no common course: send 'tag'", "role")
    start = batch.start or batch.changed_at
    during = bindings_between(batch.vessel, start, max(from_micros(within.stop_us), start))
    chosen = during.filter(tag__name=tag) if tag else during.filter(role=role, function=TagFunction.MEASURED)
    found = sorted(chosen, key=lambda each: micros_or_first(each.begin))
    if not found:
        subject = f"tag {tag!r}" if tag else f"a tag of role {role!r}"
        raise BatchInputError(
            f"expected {subject} to be bound to vessel {batch.vessel.name} during batch {batch.name};"
            f" GET /vessels/{batch.vessel.name} lists its tags",
            "tag" if tag else "role",
        )
    return found


def common_step(bindings: list[VesselTag], within: TrendRange) -> BucketStep:
    """Return the finest step that is cheap to read for all these tags."""
    first_us, last_us = within.start_us, max(within.stop_us - 1, within.start_us)
    names = dict.fromkeys(each.tag.name for each in bindings)
    steps = (step_for(stored_of(name), first_us, last_us, within.points) for name in names)
    return max(steps, key=lambda step: step.us)


def read_bindings(bindings: list[VesselTag], step: BucketStep, within: TrendRange) -> Buckets:
    """Return the source rows of the step, each binding's of the time in which the tag was bound."""
    pieces, reached = [], within.start_us
    for binding in bindings:
        first, stop = bounds_of(binding, step.source_s, reached, within.stop_us)
        if first < stop:
            pieces.append(rows_within(binding.tag_id, step.source_s, first, stop))
            reached = stop  # a tag that was bound twice at a time counts once
    return concatenated(pieces) if pieces else read_rollups(None, RESOLUTIONS_S[0], 0, 0)


def bounds_of(binding: VesselTag, source_s: int, first_us: int, stop_us: int) -> tuple[int, int]:
    """Return the part of the half-open range in which the tag was bound; of rollups, whole minutes."""
    if source_s != MEASUREMENTS:
        return bound_us(binding, first_us // MINUTE_US * MINUTE_US, stop_us)
    begin = max(first_us, micros_or_first(binding.begin))
    return begin, stop_us if binding.end is None else min(stop_us, to_micros(binding.end))


def rows_within(tag: int | None, source_s: int, start_us: int, stop_us: int) -> Buckets:
    """Return rollups of exactly the half-open range: at its edges finer ones than ``source_s``."""
    finer = max((each for each in RESOLUTIONS_S if each < source_s), default=None)
    if finer is None:
        return rows_between(tag, source_s, start_us, stop_us)
    width = source_s * SECOND_US
    inner, outer = -(-start_us // width) * width, stop_us // width * width
    if inner >= outer:
        return rows_within(tag, finer, start_us, stop_us)
    return concatenated(
        [
            rows_within(tag, finer, start_us, inner),
            rows_between(tag, source_s, inner, outer),
            rows_within(tag, finer, outer, stop_us),
        ]
    )


def setpoint_of(batch: Batch, binding: VesselTag, step: BucketStep, within: TrendRange) -> Steps | None:
    """Return the setpoint of the same role as steps; None if no tag is bound as such."""
    if binding.role == OTHER or binding.function != TagFunction.MEASURED or within.is_empty:
        return None
    during = bindings_between(batch.vessel, from_micros(within.start_us), from_micros(within.stop_us))
    chosen = during.filter(role=binding.role, function=TagFunction.SETPOINT)
    bindings = sorted(chosen, key=lambda each: micros_or_first(each.begin))
    if not bindings:
        return None
    step = common_step(bindings, within)
    buckets = concatenated([held_before(bindings[0], within), read_bindings(bindings, step, within)])
    return steps_of(bindings[-1].tag.name, buckets, within)


def held_before(binding: VesselTag, within: TrendRange) -> Buckets:
    """Return the last minute of a setpoint before the range: a source may send changes only."""
    first, stop = bound_us(binding, FIRST_MICROS, within.start_us // MINUTE_US * MINUTE_US)
    return newest_rollup(binding.tag_id, RESOLUTIONS_S[0], first, stop)


def steps_of(tag: str, buckets: Buckets, within: TrendRange) -> Steps:
    """Return buckets of a held signal as steps, held to the end of the range.

    A bucket with a change gives both of its extremes, each at its first time. So a single change in a bucket
    is exact.
    """
    both_at = np.column_stack([buckets.minimum_at, buckets.maximum_at])
    order = np.argsort(both_at, axis=1, kind="stable")
    both = np.column_stack([buckets.minimum, buckets.maximum])
    at, held = (np.take_along_axis(each, order, axis=1).ravel() for each in (both_at, both))
    is_new = np.diff(held, prepend=np.nan) != 0
    time_us: NDArray[np.int64] = np.maximum(at[is_new], within.start_us).astype(np.int64)
    value: NDArray[np.float64] = held[is_new]
    if len(value):
        time_us, value = np.append(time_us, within.stop_us), np.append(value, value[-1])
    return Steps(tag, time_us, value)
