"""Statistics of tags over a time range: exact for few measurements, else from the rollups and a sample."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from monitoring.history.tag_rows import TagRange, read_tag_rows
from monitoring.history.trend import Stored, is_few, rows_between, stored_of
from monitoring.history.trend_plan import MEASUREMENTS
from monitoring.kernel.clock import SECOND_US, from_micros, to_micros
from monitoring.kernel.rollups import Buckets, FloatArray, IntArray
from monitoring.kernel.tag_definition import TagDefinition

MOST_TAGS = 60  # of one request
ROWS_OF_ALL, MOST_ROWS, LEAST_ROWS = 60_000, 20_000, 1_000  # measurements or rollups to read
RESOLUTIONS_S = (60, 600, 3_600)  # a day is too coarse to sample from
SAMPLES, SAMPLED_ROWS = 30, 20_000  # intervals to read measurements of, and about how many rows in all

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Gaps:
    """The times without measurements that are longer than ``longer_than_s``; all lengths in seconds."""

    count: int
    total_s: float
    longest_s: float
    longer_than_s: int


@dataclass(frozen=True, slots=True)
class Extreme:
    """A lowest or highest value, and the time of the first measurement with that value."""

    value: float
    at: datetime


@dataclass(frozen=True, slots=True)
class TagStatistics:
    """Statistics of a tag's measurements from ``start`` to ``end``; None: no measurement, or no limit.

    ``sd`` is the population standard deviation. ``outside_percent`` is the share of the measured time that
    the values were outside today's limits. With ``resolution_s``, these two and ``gaps`` are estimates from
    rollups of this length, all other numbers are exact.
    """

    tag: str
    start: datetime
    end: datetime
    count: int
    anomalies: int
    mean: float | None
    sd: float | None
    minimum: Extreme | None
    maximum: Extreme | None
    outside_percent: float | None
    gaps: Gaps
    resolution_s: int | None


@dataclass(frozen=True, slots=True)
class Pieces:
    """Measurements and rollups of a range in order of time; ``length_us`` (n,) is 0 for a measurement."""

    buckets: Buckets
    length_us: IntArray


def read_statistics(
    tags: Iterable[TagDefinition], *, start: datetime | None, end: datetime | None, now: datetime
) -> list[TagStatistics]:
    """Return the statistics of each tag from ``start`` to ``end`` (inclusive; None: all stored data).

    A range begins with the tag's first measurement at the earliest and ends now at the latest.
    """
    definitions = list(tags)
    most = min(MOST_ROWS, max(LEAST_ROWS, ROWS_OF_ALL // max(1, len(definitions))))
    return [statistics_of(tag, start, end, now, most) for tag in definitions]


def statistics_of(
    tag: TagDefinition, start: datetime | None, end: datetime | None, now: datetime, most: int
) -> TagStatistics:
    """Return the statistics of one tag, reading about ``most`` rows."""
    stored = stored_of(tag.name)
    first_us = max(stored.first_us, to_micros(start)) if start else stored.first_us
    last_us = to_micros(end) if end else max(stored.last_us, to_micros(now))
    last_us = max(first_us, min(last_us, max(to_micros(now), stored.last_us)))
    resolution_s = resolution_for(stored, first_us, last_us, most)
    pieces = read_pieces(stored, resolution_s, first_us, last_us)
    if start is None and len(pieces.buckets):
        first_us = int(pieces.buckets.start[0])
    until_us = max(first_us, min(last_us, to_micros(now)))
    return summary(tag, stored, pieces, (first_us, until_us), resolution_s)


def resolution_for(stored: Stored, first_us: int, last_us: int, most: int) -> int:
    """Return the finest rollup with few rows; ``MEASUREMENTS`` if those of the range are few and stored."""
    if is_few(stored, first_us, last_us + 1, most):
        return MEASUREMENTS
    few = (each for each in RESOLUTIONS_S if last_us - first_us <= most * each * SECOND_US)
    return next(few, RESOLUTIONS_S[-1])


def read_pieces(stored: Stored, resolution_s: int, first_us: int, last_us: int) -> Pieces:
    """Return the range as rollups, with measurements at the ends that cover a part of an interval only.

    Where these measurements are deleted, the whole interval counts.
    """
    after_us = last_us + 1
    if resolution_s == MEASUREMENTS:
        return joined((rows_between(stored.tag, MEASUREMENTS, first_us, after_us), 0))
    step_us = resolution_s * SECOND_US
    whole_us, rest_us = -(-first_us // step_us) * step_us, after_us // step_us * step_us
    if stored.is_deleted(first_us):
        first_us = whole_us = first_us // step_us * step_us
    rest_us = max(whole_us, rest_us)
    return joined(
        (rows_between(stored.tag, MEASUREMENTS, first_us, whole_us), 0),
        (rows_between(stored.tag, resolution_s, whole_us, rest_us), step_us),
        (rows_between(stored.tag, MEASUREMENTS, rest_us, after_us), 0),
    )


def joined(*parts: tuple[Buckets, int]) -> Pieces:
    """Return the parts, each with the length of its intervals, as one."""
    names = [field.name for field in fields(Buckets)]
    whole = Buckets(**{name: np.concatenate([getattr(part, name) for part, _ in parts]) for name in names})
    return Pieces(whole, np.concatenate([np.full(len(part), length) for part, length in parts]))


def summary(
    tag: TagDefinition, stored: Stored, pieces: Pieces, within_us: tuple[int, int], resolution_s: int
) -> TagStatistics:
    """Return the statistics of the pieces; ``within_us`` are first and last time of the range."""
    buckets = pieces.buckets
    count, mean = int(buckets.count.sum()), mean_of(buckets)
    sampled = sample_of(stored, pieces)
    start, end = map(from_micros, within_us)
    gaps = gaps_of(pieces, within_us, stale_after_s=tag.stale_after_s, resolution_s=resolution_s)
    return TagStatistics(
        tag=tag.name,
        start=start,
        end=end,
        count=count,
        anomalies=int(buckets.anomalies.sum()),
        mean=mean,
        sd=None if mean is None else deviation(pieces, mean, sampled),
        minimum=extreme(buckets.minimum, buckets.minimum_at, int(buckets.minimum.argmin()))
        if count
        else None,
        maximum=extreme(buckets.maximum, buckets.maximum_at, int(buckets.maximum.argmax()))
        if count
        else None,
        outside_percent=outside_percent(tag, pieces, within_us[1], sampled),
        gaps=gaps,
        resolution_s=resolution_s or None,
    )


def extreme(values: FloatArray, at_us: IntArray, i: int) -> Extreme:
    """Return the i-th of the values, with its time."""
    return Extreme(float(values[i]), from_micros(int(at_us[i])))


def mean_of(buckets: Buckets) -> float | None:
    """Return the mean of all measurements, within their extremes; None without one."""
    if not len(buckets):
        return None
    mean = float(buckets.total.sum() / buckets.count.sum())
    return min(max(mean, float(buckets.minimum.min())), float(buckets.maximum.max()))


def sample_of(stored: Stored, pieces: Pieces) -> dict[int, FloatArray]:
    """Return the values of the measurements of some intervals, evenly spread over the range, by index."""
    kept_us = stored.raw_from_us if stored.raw_from_us is not None else -np.inf
    usable = np.flatnonzero((pieces.buckets.count > 1) & (pieces.buckets.start >= kept_us))
    if not len(usable):
        return {}
    typical = float(pieces.buckets.count[usable].mean())
    number = int(np.clip(SAMPLED_ROWS / typical, 4, SAMPLES))
    chosen = usable[np.unique(np.linspace(0, len(usable) - 1, number).round().astype(int))]
    return {int(i): values_of(stored, pieces, int(i)) for i in chosen}


def values_of(stored: Stored, pieces: Pieces, i: int) -> FloatArray:
    """Return the values of the measurements of one interval, in order of time; shape (n,)."""
    start_us = int(pieces.buckets.start[i])
    return read_tag_rows(TagRange(stored.tag, start_us, start_us + int(pieces.length_us[i]))).values


def deviation(pieces: Pieces, mean: float, sampled: dict[int, FloatArray]) -> float:
    """Return the population standard deviation by the law of total variance.

    The variance of the means of intervals is exact, that within intervals is the mean of the sampled ones.
    """
    buckets = pieces.buckets
    between = float((buckets.count * (buckets.mean - mean) ** 2).sum())
    sizes = sum(len(values) for values in sampled.values())
    variance = sum(len(values) * float(values.var()) for values in sampled.values()) / max(1, sizes)
    within = variance * float(buckets.count[pieces.length_us > 0].sum())
    return float(np.sqrt((between + within) / buckets.count.sum()))


def outside_percent(
    tag: TagDefinition, pieces: Pieces, until_us: int, sampled: dict[int, FloatArray]
) -> float | None:
    """Return the share of the measured time outside the limits, in percent; None without limits or data.

    A measurement counts until the next one, for at most ``stale_after_s``; an interval counts whole. The
    share of an interval with values on both sides of a limit is that of its measurements if sampled, else the
    mean share of such intervals, else the share of anomalies.
    """
    buckets = pieces.buckets
    if not len(buckets) or (tag.lower_limit is None and tag.upper_limit is None):
        return None
    low = -np.inf if tag.lower_limit is None else tag.lower_limit
    high = np.inf if tag.upper_limit is None else tag.upper_limit
    until = np.append(buckets.start[1:], max(until_us, int(buckets.start[-1])))
    held = np.minimum(until - buckets.start, tag.stale_after_s * SECOND_US)
    weight = np.where(pieces.length_us > 0, pieces.length_us, held)
    is_out = (buckets.maximum < low) | (buckets.minimum > high)
    is_mixed = ~is_out & ((buckets.minimum < low) | (buckets.maximum > high))
    share = is_out.astype(np.float64)
    mixed = np.flatnonzero(is_mixed)
    share[mixed] = mixed_shares(buckets, mixed, sampled, low, high)
    total = float(weight.sum())
    return 100 * float((weight * share).sum()) / total if total else 100 * float(share.mean())


def mixed_shares(
    buckets: Buckets, mixed: IntArray, sampled: dict[int, FloatArray], low: float, high: float
) -> FloatArray:
    """Return the share of measurements outside the limits in each mixed interval; shape of ``mixed``."""
    read = {i: float(((sampled[i] < low) | (sampled[i] > high)).mean()) for i in mixed if i in sampled}
    if read:
        typical = np.full(len(mixed), sum(read.values()) / len(read))
    else:
        typical = np.clip(buckets.anomalies[mixed], 1, buckets.count[mixed] - 1) / buckets.count[mixed]
    return np.array([read.get(int(i), one) for i, one in zip(mixed, typical, strict=True)])


def gaps_of(pieces: Pieces, within_us: tuple[int, int], *, stale_after_s: int, resolution_s: int) -> Gaps:
    """Return the gaps between pieces, and those to the ends of the range.

    A gap is longer than ``stale_after_s``; between rollups it is at least one whole interval.
    """
    starts, ends = pieces.buckets.start, pieces.buckets.start + pieces.length_us
    begins = np.concatenate([[within_us[0]], ends])
    stops = np.concatenate([starts, [within_us[1]]])
    lengths = (stops - begins) / SECOND_US
    found = lengths[(lengths > stale_after_s) & (lengths >= resolution_s)]
    longest = float(found.max()) if len(found) else 0.0
    return Gaps(len(found), float(found.sum()), longest, max(stale_after_s, resolution_s))
