"""Thinning of minute values for charts."""

import numpy as np

from monitoring.kernel.arrays import FloatArray, IntArray


def thinned(values: FloatArray, points: int) -> IntArray:
    """Return the indices of at most ``points`` values, in order; gaps and extremes are kept.

    Values are taken in buckets of equal length: of each the smallest and the largest, or one gap where all
    are missing. Fewer values than ``points`` all stay; none are returned if all are missing.
    """
    if not np.isfinite(values).any():
        return np.zeros(0, dtype=np.int64)
    if len(values) <= points:
        return np.arange(len(values))
    length = -(-len(values) // max(points // 2, 1))
    padded = np.full(-(-len(values) // length) * length, np.nan)
    padded[: len(values)] = values
    rows = padded.reshape(-1, length)
    lowest = np.where(np.isnan(rows), np.inf, rows).argmin(axis=1)
    highest = np.where(np.isnan(rows), -np.inf, rows).argmax(axis=1)
    chosen = np.stack((lowest, highest), axis=1) + (np.arange(len(rows)) * length)[:, None]
    return np.unique(chosen)[:points]
