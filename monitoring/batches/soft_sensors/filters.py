"""Causal filters on minute values with gaps.

All arrays have shape (n,), one value a minute, NaN where there is none. A result has no value where its own
input has none. Each filter depends on a bounded time before: a part of a course has the values of the whole.
"""

import numpy as np

from monitoring.kernel.arrays import BoolArray, FloatArray

MINUTE_S = 60.0
LONGEST_HOLD = 15
LONGEST_BRIDGE = 60
FORGOTTEN = 1e-5  # relative weight at which the memory of a smoothed value ends


def past_sum(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the sum of each value and its predecessors, weighted by age in minutes; shape (n,)."""
    return np.convolve(values, weights)[: len(values)]


def smooth(values: FloatArray, time_constant_s: float) -> FloatArray:
    """Return the exponentially weighted mean of the values up to each minute.

    Missing values have no weight, so neither the start of a course nor a gap biases the mean.
    """
    ages_s = MINUTE_S * np.arange(np.ceil(-np.log(FORGOTTEN) * time_constant_s / MINUTE_S) + 1)
    weights = np.exp(-ages_s / time_constant_s)
    known = np.isfinite(values)
    total = past_sum(np.where(known, values, 0.0), weights)
    weight = past_sum(known.astype(np.float64), weights)
    return np.where(known, total / np.where(known, weight, 1.0), np.nan)


def slope(values: FloatArray, minutes: int) -> FloatArray:
    """Return the slope of the least-squares line through the last ``minutes`` values, per minute.

    Needs values in more than half of the minutes. The slope belongs to the middle of the window, so it
    lags by ``(minutes - 1) / 2`` minutes.
    """
    known = np.isfinite(values)
    if not known.any():
        return np.full(len(values), np.nan)
    # Values far from zero, as of totalisers, would lose digits in the sums of squares.
    centred = np.where(known, values - values[known][0], 0.0)
    ages = np.arange(minutes, dtype=np.float64)
    count, age, age_squared = (past_sum(known.astype(np.float64), ages**power) for power in (0, 1, 2))
    total, aged = (past_sum(centred, ages**power) for power in (0, 1))
    spread = count * age_squared - age**2
    enough = known & (count > minutes / 2) & (spread > 0)
    return np.where(enough, (age * total - count * aged) / np.where(enough, spread, 1.0), np.nan)


def hold(values: FloatArray) -> FloatArray:
    """Carry values forward to the next one of a tag that reports less than once a minute.

    A value holds for 1.5 times the median distance of the tag's values, and at most 15 minutes: a tag with
    a value each minute is left as it is, and longer gaps stay gaps.
    """
    at = np.isfinite(values).nonzero()[0]
    if len(at) < 2:
        return values
    longest = min(int(1.5 * np.median(np.diff(at))), LONGEST_HOLD)
    index = np.arange(len(values))
    last = np.maximum.accumulate(np.where(np.isfinite(values), index, -1))
    return np.where((last >= 0) & (index - last < longest), values[last], np.nan)


def running_total(totaliser: FloatArray) -> FloatArray:
    """Return a totaliser without its resets: where the total falls, counting goes on from there."""
    known = np.isfinite(totaliser)
    total = totaliser.copy()
    steps = np.diff(totaliser[known])
    total[known] -= np.concatenate(([0.0], np.cumsum(np.minimum(steps, 0.0))))[: known.sum()]
    return total


def bridged(values: FloatArray, is_counted: BoolArray) -> tuple[FloatArray, BoolArray]:
    """Return the values with gaps of up to 60 minutes bridged by straight lines, and where they are valid.

    Minutes before the first counted one are 0. From the first longer gap on nothing is valid.
    """
    known = np.isfinite(values) & is_counted
    at = known.nonzero()[0]
    if not len(at):
        return np.zeros(len(values)), known
    line = np.where(is_counted, np.interp(np.arange(len(values)), at, values[at]), 0.0)
    before = np.concatenate(([is_counted.argmax() - 1], at[:-1]))
    too_long = at[(at - before) > LONGEST_BRIDGE]
    end = too_long[0] if len(too_long) else len(values)
    return line, known & (np.arange(len(values)) < end)


def integral(values: FloatArray, is_counted: BoolArray) -> FloatArray:
    """Return the integral of hourly rates over the counted minutes up to each minute (trapezoids)."""
    line, is_valid = bridged(values, is_counted)
    return np.where(is_valid, accumulated(line, 0.0), np.nan)


def accumulated(rates: FloatArray, decay_per_h: float) -> FloatArray:
    """Return the solution y of y' = rate - decay * y, y(0) = 0, for hourly rates without gaps.

    The exact solution for rates that are constant over each minute: the mean of the minute's two ends.
    """
    if len(rates) < 2:
        return np.zeros(len(rates))
    minute_h = MINUTE_S / 3600
    factor = np.exp(-decay_per_h * minute_h)
    share = minute_h if decay_per_h == 0 else (1 - factor) / decay_per_h
    steps = share * (rates[1:] + rates[:-1]) / 2
    if decay_per_h == 0:
        return np.concatenate(([0.0], np.cumsum(steps)))
    found = [0.0]
    for step in steps.tolist():
        found.append(found[-1] * factor + step)
    return np.array(found)
