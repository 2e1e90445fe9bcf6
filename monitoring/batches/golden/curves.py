"""Arithmetic on minute values with gaps: bridge, smooth, resample. Gaps are NaN."""

import numpy as np

from monitoring.kernel.arrays import FloatArray

LONGEST_BRIDGE = 10  # minutes
# A mean with a time constant of one minute: older values have weights below 1e-5.
WEIGHTS = np.exp(-np.arange(12.0))
RAMP = 1e-9  # makes a coordinate strictly increasing where the process stands still


def bridged(values: FloatArray, longest: int = LONGEST_BRIDGE) -> FloatArray:
    """Return values, shape (n,), with gaps of up to ``longest`` minutes bridged by straight lines."""
    known = np.flatnonzero(np.isfinite(values))
    if len(known) in (0, len(values)):
        return values
    index = np.arange(len(values))
    after = np.searchsorted(known, index)
    gap = known[np.minimum(after, len(known) - 1)] - known[np.maximum(after - 1, 0)]
    is_inside = (index >= known[0]) & (index <= known[-1]) & (gap <= longest + 1)
    is_inside[known] = True
    return np.where(is_inside, np.interp(index, known, values[known]), np.nan)


def smoothed(values: FloatArray) -> FloatArray:
    """Return the exponentially weighted mean, time constant 60 s, along the last axis; gaps stay gaps."""
    return weighted(values, WEIGHTS)


def box_mean(values: FloatArray, minutes: int) -> FloatArray:
    """Return the mean of the last ``minutes`` values along the last axis; gaps stay gaps."""
    return weighted(values, np.ones(minutes))


def weighted(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the mean of each value and its predecessors, weighted by age; missing values weigh nothing."""
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    total, weight = np.zeros(values.shape), np.zeros(values.shape)
    length = values.shape[-1]
    for age, share in enumerate(weights[:length]):
        total[..., age:] += share * filled[..., : length - age]
        weight[..., age:] += share * known[..., : length - age]
    return np.where(known, total / np.where(known, weight, 1.0), np.nan)


def resampled(values: FloatArray, coordinate: FloatArray, grid: FloatArray) -> FloatArray:
    """Return ``values`` (j, n) over ``coordinate`` (n,) at the points of ``grid`` (g,); shape (j, g).

    ``coordinate`` does not decrease. NaN beyond its end, and beside a gap.
    """
    steady = coordinate + np.arange(len(coordinate)) * RAMP
    place = np.clip(np.searchsorted(steady, grid, "right") - 1, 0, len(steady) - 2)
    share = np.clip((grid - steady[place]) / (steady[place + 1] - steady[place]), 0.0, 1.0)
    left, right = values[:, place], values[:, place + 1]
    found = np.where(share == 0, left, np.where(share == 1, right, left + share * (right - left)))
    return np.where(grid <= steady[-1], found, np.nan)


def box_smoothed(curves: FloatArray, half: int) -> FloatArray:
    """Return the centred mean over ``2 * half + 1`` points along the last axis; edges repeat."""
    padded = np.concatenate(
        (np.repeat(curves[..., :1], half + 1, -1), curves, np.repeat(curves[..., -1:], half, -1)), axis=-1
    )
    total = np.cumsum(padded, axis=-1)
    return (total[..., 2 * half + 1 :] - total[..., : -2 * half - 1]) / (2 * half + 1)


def without_gaps(curves: FloatArray) -> FloatArray:
    """Return curves (j, g) with gaps interpolated and the ends held; a curve without any value stays NaN."""
    if np.isfinite(curves).all():
        return curves
    index = np.arange(curves.shape[-1])
    found = curves.copy()
    for row in found:
        known = np.isfinite(row)
        if known.any():
            row[:] = np.interp(index, index[known], row[known])
    return found
