"""Causal means and changes of channels with gaps: arrays (channels, n), a value a minute, NaN in gaps."""

import numpy as np

from monitoring.kernel.arrays import FloatArray, IntArray

SHORT, GAP, FAR = 5, 25, 65  # minutes
SETTLED = GAP + SHORT
LONG, LONG_GAP, LONG_SKIP = 20, 45, 15
LONG_SETTLED = LONG_GAP + 30
RECENT = 10
FORGOTTEN = 1e-6


def exponential_mean(values: FloatArray, minutes: float) -> FloatArray:
    """Return the exponentially weighted mean up to each minute; missing values have no weight."""
    known = np.isfinite(values)
    total = decayed_sum(np.where(known, values, 0.0), minutes)
    if known.all():
        weight = decayed_sum(np.ones((1, values.shape[-1])), minutes)
    else:
        weight = decayed_sum(known.astype(np.float64), minutes)
    return np.where(known, total / np.where(weight > 0, weight, 1.0), np.nan)


def decayed_sum(values: FloatArray, minutes: float) -> FloatArray:
    """Return the sum of each value and its predecessors with weights exp(-age / minutes).

    Each pass doubles the number of predecessors: twelve passes replace a loop over all minutes.
    """
    found, age = values.copy(), 1
    while age < values.shape[-1] and np.exp(-age / minutes) > FORGOTTEN:
        later = found.copy()
        later[..., age:] += np.exp(-age / minutes) * found[..., :-age]
        found, age = later, 2 * age
    return found


class Sums:
    """Sums of a phase, for the means of any windows."""

    def __init__(self, values: FloatArray) -> None:
        known = np.isfinite(values)
        self.length = values.shape[-1]
        self.total = accumulated(np.where(known, values, 0.0))
        self.count = accumulated(known.astype(np.float64))

    def mean(self, begin: IntArray, stop: IntArray) -> FloatArray:
        """Return the means of the minutes from ``begin`` to ``stop`` (exclusive), one window a minute."""
        count = self.count[:, stop] - self.count[:, begin]
        total = self.total[:, stop] - self.total[:, begin]
        return np.where(count > 0, total / np.where(count > 0, count, 1.0), np.nan)


def accumulated(values: FloatArray) -> FloatArray:
    """Return the sums of the first 0, 1, ... n values; shape (channels, n + 1)."""
    found = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=found[:, 1:])
    return found


def recent_mean(values: FloatArray) -> FloatArray:
    """Return the mean of the last 10 minutes."""
    minute = np.arange(values.shape[-1])
    return Sums(values).mean(np.maximum(minute + 1 - RECENT, 0), minute + 1)


def change(values: FloatArray) -> FloatArray:
    """Return the mean of the last 5 minutes less that of 25 to 65 minutes ago; 0 in the first 30 minutes."""
    sums, minute = Sums(values), np.arange(values.shape[-1])
    now = sums.mean(np.maximum(minute + 1 - SHORT, 0), minute + 1)
    before = sums.mean(np.maximum(minute - FAR, 0), np.maximum(minute - GAP, 0))
    return np.where(minute < SETTLED, 0.0, now - before)


def long_change(values: FloatArray) -> FloatArray:
    """Return the mean of the last 20 minutes less that from the 15th minute to 45 minutes ago.

    0 in the first 75 minutes.
    """
    sums, minute = Sums(values), np.arange(values.shape[-1])
    now = sums.mean(np.maximum(minute + 1 - LONG, 0), minute + 1)
    stop = np.maximum(minute - LONG_GAP, 0)
    before = sums.mean(np.minimum(LONG_SKIP, stop), stop)
    return np.where(minute < LONG_SETTLED, 0.0, now - before)
