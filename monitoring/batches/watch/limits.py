"""Limits of the statistics, local in progress, from golden batches that are each compared with the others.

A limit is the root mean square over the batches of the largest statistic within ± 5 % of the phase, shrunk to
the mean of the phase as if three batches more had that, and at least a floor. The scale of a family makes the
limits of all its channels together a limit for the largest: 1.3 x the median of the batches' largest ratios,
each batch against limits of the others. The room widens limits from few batches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from monitoring.batches.golden.fitting import PhaseProfile
from monitoring.batches.watch.families import CHANGED, DRIFTED, FOREST, OFF_COURSE, SURPRISE, Track
from monitoring.kernel.arrays import FloatArray, IntArray

BINS = 120  # a phase
HALF = 6
SHRINKAGE = 3.0  # batches
FLOORS: Mapping[str, float] = {OFF_COURSE: 1.0, CHANGED: 0.35, DRIFTED: 0.3, SURPRISE: 2.0, FOREST: 0.5}
SCALES: Mapping[str, tuple[float, float]] = {
    OFF_COURSE: (2.5, 4.0),
    CHANGED: (2.8, 4.5),
    DRIFTED: (3.2, 5.0),
    SURPRISE: (1.8, 3.0),
    FOREST: (1.2, 2.5),
}
ABOVE_MEDIAN = 1.3
FEW = 3
WARM_UP = 60  # minutes without deviations
# Set on six simulated plants: on average 0.6 false alarms a batch from one golden batch, 0.2 to 0.5 of more.
ROOMS: Mapping[int, float] = {1: 1.9, 2: 1.5, 3: 1.5, 4: 1.4, 5: 1.35, 6: 1.25, 7: 1.15, 8: 1.1}
LEAST_ROOM = 1.05


@dataclass(frozen=True, slots=True)
class FamilyLimits:
    """Limits of one family.

    ``local`` has shape (rows, phases * 120). ``maxima`` are the largest ratios of the golden batches to
    limits of the others, without scale and room; empty for one batch.
    """

    local: FloatArray
    scale: float
    maxima: tuple[float, ...]

    def ratios(self, statistic: FloatArray, bins: IntArray, room: float) -> FloatArray:
        """Return |statistic| / (limit x scale x room), shape (rows, m); NaN where the value is missing."""
        found: FloatArray = np.abs(statistic) / (self.local[:, bins] * (self.scale * room))
        return found


def room_of(members: int) -> float:
    """Return the factor for limits from this number of batches."""
    return ROOMS.get(members, LEAST_ROOM)


def bins_of(track: Track, phases: Sequence[PhaseProfile]) -> IntArray:
    """Return the bin of each minute, shape (m,); beyond the golden batches the phase's last."""
    longest = np.array([phase.reference.grid[-1] for phase in phases])
    place = np.clip(track.along / longest[track.phase] * BINS, 0, BINS - 1)
    found: IntArray = track.phase * BINS + place.astype(np.int64)
    return found


def local_maxima(statistic: FloatArray, bins: IntArray, phases: int) -> FloatArray:
    """Return the largest |statistic| (rows, m) within ± 6 bins of its phase; shape (rows, phases * 120)."""
    rows = len(statistic)
    largest = np.zeros((rows, phases * BINS))
    order = np.argsort(bins, kind="stable")
    present, begins = np.unique(bins[order], return_index=True)
    if len(present):
        size = np.nan_to_num(np.abs(statistic[:, order]))
        largest[:, present] = np.maximum.reduceat(size, begins, axis=1)
    padded = np.pad(largest.reshape(rows, phases, BINS), ((0, 0), (0, 0), (HALF, HALF)))
    around = sliding_window_view(padded, 2 * HALF + 1, axis=2).max(axis=-1)
    found: FloatArray = around.reshape(rows, phases * BINS)
    return found


def local_limits(squares: FloatArray, members: int, floor: float, shrinkage: float = SHRINKAGE) -> FloatArray:
    """Return the limits from the sum of squared local maxima (rows, phases * 120) of some batches."""
    mean = squares.reshape(len(squares), -1, BINS) / members
    shrunk = (members * mean + shrinkage * mean.mean(axis=2, keepdims=True)) / (members + shrinkage)
    found: FloatArray = np.maximum(np.sqrt(shrunk), floor).reshape(squares.shape)
    return found


def fit_limits(
    family: str, statistics: Sequence[FloatArray], bins: Sequence[IntArray], phases: int
) -> FamilyLimits:
    """Fit the limits of a family to the statistics of golden batches, each compared with the others."""
    members = len(statistics)
    floor = FLOORS[family] * (1 + 1 / members)
    each = [local_maxima(row, place, phases) ** 2 for row, place in zip(statistics, bins, strict=True)]
    total = np.sum(each, axis=0)
    maxima = [
        largest_ratio(statistic, local_limits(total - own, members - 1, floor)[:, place])
        for statistic, own, place in zip(statistics, each, bins, strict=True)
        if members > 1
    ]
    lowest, highest = SCALES[family]
    scale = float(np.clip(ABOVE_MEDIAN * np.median(maxima), lowest, highest)) if members >= FEW else highest
    return FamilyLimits(local_limits(total, members, floor), scale, tuple(maxima))


def largest_ratio(statistic: FloatArray, limits: FloatArray) -> float:
    """Return the largest ratio after the first hour; 0 without any."""
    ratios = np.nan_to_num(np.abs(statistic) / limits)[:, WARM_UP:]
    return float(ratios.max(initial=0.0))
