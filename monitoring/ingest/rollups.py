"""Update rollups and the totals of tags (``series``) in the transaction that stores the measurements."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from monitoring.ingest.bulk import insert
from monitoring.ingest.columns import StoredRows
from monitoring.kernel.arrays import BoolArray, FloatArray, IntArray
from monitoring.kernel.clock import SECOND_US
from monitoring.kernel.rollups import RESOLUTIONS_S, Buckets, buckets_of, rollups_of
from monitoring.kernel.run_lengths import run_lengths

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


Clock = tuple[bytes | None, int]  # the columns ``arrivals`` and ``clock_error`` of ``series``
Clocks = Mapping[int, Clock]  # by primary key of the tag


def update_rollups(
    pk: IntArray, rows: StoredRows, flags: BoolArray, recent: Mapping[int, bytes], clocks: Clocks
) -> int:
    """Add new rows, and stored rows whose flag turned, to rollups and totals; return how many flags turned.

    ``pk`` (k,) are the primary keys of the tags, ``flags`` (n,) the flags now; ``rows.is_anomaly`` still has
    the flags before. ``recent`` has ``series.recent_values`` by primary key, where they change.
    """
    is_new = rows.is_new
    tag = np.repeat(pk, rows.count)
    if is_new.any():
        new = tag[is_new], rows.time_us[is_new], flags[is_new]
        insert(ROLLUPS, rollup_columns(*new, rows.value[is_new]), otherwise=ADD)
        insert(SERIES, series_columns(*new, recent, clocks), otherwise=ADD_TO_SERIES)
    turned = ~is_new & (flags != rows.is_anomaly)
    count = int(turned.sum())
    if count:
        turned_tag, by = tag[turned], np.where(flags[turned], 1, -1)
        with connection.cursor() as cursor:
            cursor.executemany(TURN, list(turn_rows(turned_tag, rows.time_us[turned], by)))
            cursor.executemany(TURN_SERIES, list(zip(by.tolist(), turned_tag.tolist(), strict=True)))
    return count


def rollup_columns(
    tag: IntArray, time_us: IntArray, is_anomaly: BoolArray, value: FloatArray
) -> list[NDArray[Any]]:
    """Return the rollups of new measurements (n,), as columns of the table."""
    parts = [
        (of_tag, np.full(len(of_tag), resolution_s), *columns_of(buckets))
        for resolution_s, (buckets, of_tag) in rollups_of(buckets_of(time_us, value, is_anomaly), tag).items()
    ]
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def columns_of(buckets: Buckets) -> tuple[NDArray[Any], ...]:
    """Return the arrays of the buckets in the column order of the table."""
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


def turn_rows(tag: IntArray, time_us: IntArray, by: IntArray) -> Iterator[tuple[int, int, int, int]]:
    """Yield the parameters of ``TURN`` for flags that turned; ``by`` is 1 or -1."""
    for resolution_s in RESOLUTIONS_S:
        starts = time_us // (resolution_s * SECOND_US) * (resolution_s * SECOND_US)
        changes: Counter[tuple[int, int]] = Counter()
        for of_tag, start, turned in zip(tag.tolist(), starts.tolist(), by.tolist(), strict=True):
            changes[of_tag, start] += turned
        yield from (
            (turned, of_tag, resolution_s, start) for (of_tag, start), turned in changes.items() if turned
        )


def series_columns(
    tag: IntArray, time_us: IntArray, is_anomaly: BoolArray, recent: Mapping[int, bytes], clocks: Clocks
) -> list[NDArray[Any] | list[bytes | None]]:
    """Return the share of new measurements in the totals of the tags, as columns of ``series``."""
    first, count = run_lengths(tag)
    tags = tag[first]
    return [
        tags,
        count,
        np.add.reduceat(is_anomaly.astype(np.int64), first),
        time_us[first + count - 1],
        [recent.get(pk) for pk in tags.tolist()],
        [clocks[pk][0] for pk in tags.tolist()],
        np.array([clocks[pk][1] for pk in tags.tolist()], dtype=np.int64),
    ]
