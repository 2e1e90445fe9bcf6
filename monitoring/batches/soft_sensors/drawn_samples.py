"""Samples drawn from a vessel, seen in the minute values of its weight."""

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from monitoring.kernel.arrays import FloatArray, IntArray

SAMPLE_KG = 0.012
KNOWN_SAMPLE_KG = 0.005  # near the time of a sample that a person has entered
NEAR_H = 10 / 60
AROUND = 11


def with_samples_back(weight_kg: FloatArray, hour: FloatArray, taken_h: Sequence[float] = ()) -> FloatArray:
    """Return the weight as if no sample had been drawn; shape (n,), gaps stay gaps.

    A sample is a fall by at least 12 g within two minutes (5 g within 10 minutes of a time in ``taken_h``)
    beyond the median change of the 11 minutes around it, which pumps and evaporation explain. Two minutes,
    because a sample in the middle of a minute falls into the means of this minute and the next.
    """
    known = np.isfinite(weight_kg)
    if known.sum() < AROUND:
        return weight_kg
    level = weight_kg[known]
    beyond = excess_steps(level, np.diff(known.nonzero()[0]))
    pair = beyond[:-1] + beyond[1:]
    is_drawn = pair <= -smallest_sample(hour[known][1:-1], taken_h)
    is_part = np.concatenate((is_drawn, [False])) | np.concatenate(([False], is_drawn))
    found = weight_kg.copy()
    found[known] = level + np.concatenate(([0.0], np.cumsum(np.where(is_part, -beyond, 0.0))))
    return found


def excess_steps(level: FloatArray, minutes: IntArray) -> FloatArray:
    """Return each change from value to value beyond the usual change in its ``minutes``; shape (n - 1,).

    The usual change a minute is the median of the 11 changes around.
    """
    steps = np.diff(level)
    padded = np.pad(steps / minutes, AROUND // 2, mode="reflect")
    return steps - minutes * np.median(sliding_window_view(padded, AROUND), axis=1)


def smallest_sample(hour: FloatArray, taken_h: Sequence[float]) -> FloatArray:
    """Return the smallest fall in kg that counts as a sample at each time; shape (n,)."""
    if not taken_h:
        return np.full(len(hour), SAMPLE_KG)
    times = np.concatenate(([-np.inf], np.sort(taken_h), [np.inf]))
    after = np.searchsorted(times, hour)
    distance = np.minimum(hour - times[after - 1], times[after] - hour)
    return np.where(distance <= NEAR_H, KNOWN_SAMPLE_KG, SAMPLE_KG)
