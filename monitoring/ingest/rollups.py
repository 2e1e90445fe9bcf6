"""Keeps rollups and series current, in the transaction that stores what they are made of."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from monitoring.domain.clock import SECOND_US
from monitoring.domain.rollups import RESOLUTIONS_S, Buckets, buckets_of, rollups_of

# Of equal extremes the earliest counts, whatever the order in which they come.
LOWER = """(excluded.minimum < rollups.minimum
    OR (excluded.minimum = rollups.minimum AND excluded.minimum_at < rollups.minimum_at))"""
HIGHER = """(excluded.maximum > rollups.maximum
    OR (excluded.maximum = rollups.maximum AND excluded.maximum_at < rollups.maximum_at))"""
ADD = f"""
    INSERT INTO rollups
        (tag, resolution_s, start, count, total, minimum, minimum_at, maximum, maximum_at, anomalies)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (tag, resolution_s, start) DO UPDATE SET
        count = rollups.count + excluded.count,
        total = rollups.total + excluded.total,
        minimum_at = CASE WHEN {LOWER} THEN excluded.minimum_at ELSE rollups.minimum_at END,
        minimum = CASE WHEN {LOWER} THEN excluded.minimum ELSE rollups.minimum END,
        maximum_at = CASE WHEN {HIGHER} THEN excluded.maximum_at ELSE rollups.maximum_at END,
        maximum = CASE WHEN {HIGHER} THEN excluded.maximum ELSE rollups.maximum END,
        anomalies = rollups.anomalies + excluded.anomalies
"""  # noqa: S608 - made of nothing but the text above
TURN = """
    UPDATE rollups SET anomalies = anomalies + %s WHERE tag = %s AND resolution_s = %s AND start = %s
"""
ADD_TO_SERIES = """
    INSERT INTO series (tag, measurements, anomalies, last) VALUES (%s, %s, %s, %s)
    ON CONFLICT (tag) DO UPDATE SET
        measurements = series.measurements + excluded.measurements,
        anomalies = series.anomalies + excluded.anomalies,
        last = CASE WHEN series.last IS NULL OR excluded.last > series.last
            THEN excluded.last ELSE series.last END
"""


@dataclass(frozen=True, slots=True)
class Change:
    """What a transaction does to the measurements of a tag.

    It adds those of the columns ``time_us``, ``value`` and ``is_anomaly``, in order of time, and
    turns the flags of stored ones at ``turned_us``: ``turned_by`` is 1 or -1.
    """

    tag: int
    time_us: NDArray[np.int64]
    value: NDArray[np.float64]
    is_anomaly: NDArray[np.bool_]
    turned_us: NDArray[np.int64]
    turned_by: NDArray[np.int64]


def keep_rollups(changes: Sequence[Change]) -> None:
    """Moves rollups and series by what was really changed, in the caller's transaction."""
    rows = rollup_rows([change for change in changes if len(change.time_us)])
    turns = [row for change in changes if len(change.turned_us) for row in turn_rows(change)]
    totals = [series_row(change) for change in changes if len(change.time_us) or len(change.turned_us)]
    with connection.cursor() as cursor:
        if rows:
            cursor.executemany(ADD, rows)
        if turns:
            cursor.executemany(TURN, turns)
        if totals:
            cursor.executemany(ADD_TO_SERIES, totals)


def rollup_rows(changes: Sequence[Change]) -> list[tuple[float, ...]]:
    """What the new measurements add, as rows of the table."""
    if not changes:
        return []
    measurements = buckets_of(
        np.concatenate([change.time_us for change in changes]),
        np.concatenate([change.value for change in changes]),
        np.concatenate([change.is_anomaly for change in changes]),
    )
    tag = np.repeat([change.tag for change in changes], [len(change.time_us) for change in changes])
    return [
        row
        for resolution_s, (buckets, tags) in rollups_of(measurements, tag).items()
        for row in zip(tags.tolist(), repeat(resolution_s), *columns_of(buckets), strict=False)
    ]


def columns_of(buckets: Buckets) -> Iterable[list[float]]:
    """The buckets' columns in the order of the table's."""
    return (
        column.tolist()
        for column in (
            buckets.start,
            buckets.count,
            buckets.total,
            buckets.minimum,
            buckets.minimum_at,
            buckets.maximum,
            buckets.maximum_at,
            buckets.anomalies,
        )
    )


def turn_rows(change: Change) -> Iterator[tuple[int, int, int, int]]:
    """What the turned flags add to the anomalies of each interval."""
    for resolution_s in RESOLUTIONS_S:
        starts = change.turned_us // (resolution_s * SECOND_US) * (resolution_s * SECOND_US)
        for start in np.unique(starts):
            by = int(change.turned_by[starts == start].sum())
            if by:
                yield (by, change.tag, resolution_s, int(start))


def series_row(change: Change) -> tuple[int, int, int, int | None]:
    """What the change adds to the tag's totals."""
    anomalies = int(change.is_anomaly.sum()) + int(change.turned_by.sum())
    last = int(change.time_us[-1]) if len(change.time_us) else None
    return change.tag, len(change.time_us), anomalies, last
