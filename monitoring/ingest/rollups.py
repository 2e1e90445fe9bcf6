"""Keeps rollups and series current, in the transaction that stores what they are made of."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from monitoring.ingest.bulk import insert
from monitoring.kernel.arrays import BoolArray, FloatArray, IntArray
from monitoring.kernel.clock import SECOND_US
from monitoring.kernel.rollups import RESOLUTIONS_S, Buckets, buckets_of, rollups_of
from monitoring.kernel.run_lengths import stretches

# Of equal extremes the earliest counts, whatever the order in which they come.
LOWER = """(excluded.minimum < rollups.minimum
    OR (excluded.minimum = rollups.minimum AND excluded.minimum_at < rollups.minimum_at))"""
HIGHER = """(excluded.maximum > rollups.maximum
    OR (excluded.maximum = rollups.maximum AND excluded.maximum_at < rollups.maximum_at))"""
ROLLUPS = (
    "rollups (tag, resolution_s, start, count, total, minimum, minimum_at, maximum, maximum_at, anomalies)"
)
ADD = f"""
    ON CONFLICT (tag, resolution_s, start) DO UPDATE SET
        count = rollups.count + excluded.count,
        total = rollups.total + excluded.total,
        minimum_at = CASE WHEN {LOWER} THEN excluded.minimum_at ELSE rollups.minimum_at END,
        minimum = CASE WHEN {LOWER} THEN excluded.minimum ELSE rollups.minimum END,
        maximum_at = CASE WHEN {HIGHER} THEN excluded.maximum_at ELSE rollups.maximum_at END,
        maximum = CASE WHEN {HIGHER} THEN excluded.maximum ELSE rollups.maximum END,
        anomalies = rollups.anomalies + excluded.anomalies
"""
TURN = """
    UPDATE rollups SET anomalies = anomalies + %s WHERE tag = %s AND resolution_s = %s AND start = %s
"""
TURN_SERIES = "UPDATE series SET anomalies = anomalies + %s WHERE tag = %s"
SERIES = "series (tag, measurements, anomalies, last, recent_values, arrivals, clock_error)"
ADD_TO_SERIES = """
    ON CONFLICT (tag) DO UPDATE SET
        measurements = series.measurements + excluded.measurements,
        anomalies = series.anomalies + excluded.anomalies,
        last = CASE WHEN series.last IS NULL OR excluded.last > series.last
            THEN excluded.last ELSE series.last END,
        recent_values = COALESCE(excluded.recent_values, series.recent_values),
        arrivals = excluded.arrivals,
        clock_error = excluded.clock_error
"""


# By tag's id: what ``series`` has as ``arrivals`` and ``clock_error``.
Clocks = Mapping[int, tuple[bytes | None, int]]


@dataclass(frozen=True, slots=True)
class Change:
    """What a transaction does to measurements.

    It adds those of the columns ``tag``, ``time_us``, ``value`` and ``is_anomaly`` (n,), tag behind
    tag in order of time, and turns the flags of stored ones (m,), of ``turned_tag`` at ``turned_us``:
    ``turned_by`` is 1 or -1. ``recent`` are a tag's ``recent_values`` afterwards, where they changed, and
    ``clocks`` its ``arrivals`` and ``clock_error``.
    """

    tag: IntArray
    time_us: IntArray
    value: FloatArray
    is_anomaly: BoolArray
    turned_tag: IntArray
    turned_us: IntArray
    turned_by: IntArray
    recent: Mapping[int, bytes]
    clocks: Clocks


def keep_rollups(change: Change) -> None:
    """Moves rollups and series by what was really changed, in the caller's transaction."""
    if len(change.tag):
        insert(ROLLUPS, rollup_columns(change), otherwise=ADD)
        insert(SERIES, series_columns(change), otherwise=ADD_TO_SERIES)
    if len(change.turned_tag):
        tags = zip(change.turned_by.tolist(), change.turned_tag.tolist(), strict=True)
        with connection.cursor() as cursor:
            cursor.executemany(TURN, list(turn_rows(change)))
            cursor.executemany(TURN_SERIES, list(tags))


def rollup_columns(change: Change) -> list[NDArray[Any]]:
    """What the new measurements add, as columns of the table."""
    measurements = buckets_of(change.time_us, change.value, change.is_anomaly)
    parts = [
        (tag, np.full(len(tag), resolution_s), *columns_of(buckets))
        for resolution_s, (buckets, tag) in rollups_of(measurements, change.tag).items()
    ]
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def columns_of(buckets: Buckets) -> tuple[NDArray[Any], ...]:
    """The buckets' columns in the order of the table's."""
    return (
        buckets.start,
        buckets.count,
        buckets.total,
        buckets.minimum,
        buckets.minimum_at,
        buckets.maximum,
        buckets.maximum_at,
        buckets.anomalies,
    )


def turn_rows(change: Change) -> Iterator[tuple[int, int, int, int]]:
    """What the turned flags add to the anomalies of each interval."""
    for resolution_s in RESOLUTIONS_S:
        starts = change.turned_us // (resolution_s * SECOND_US) * (resolution_s * SECOND_US)
        by: Counter[tuple[int, int]] = Counter()
        for tag, start, turned in zip(
            change.turned_tag.tolist(), starts.tolist(), change.turned_by.tolist(), strict=True
        ):
            by[tag, start] += turned
        yield from ((turned, tag, resolution_s, start) for (tag, start), turned in by.items() if turned)


def series_columns(change: Change) -> list[NDArray[Any] | list[bytes | None]]:
    """What the new measurements add to their tags' totals, as columns of the table."""
    first, count = stretches(change.tag)
    tags = change.tag[first]
    return [
        tags,
        count,
        np.add.reduceat(change.is_anomaly.astype(np.int64), first),
        change.time_us[first + count - 1],
        [change.recent.get(tag) for tag in tags.tolist()],
        [change.clocks[tag][0] for tag in tags.tolist()],
        np.array([change.clocks[tag][1] for tag in tags.tolist()], dtype=np.int64),
    ]
