"""Columns of the tables ``rollups`` and ``series``, and the clauses that add a share to stored rows."""

from typing import Any

from numpy.typing import NDArray

from monitoring.kernel.rollups import Buckets

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
