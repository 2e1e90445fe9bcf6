"""Changes of the balances of a batch against the golden course, and their usual spread in good batches.

d is the change (families S and L) of residual - golden mean at the same progress, in units of the residual.
Its standard deviation is local in progress: from the largest |d| of the golden batches, each compared with
the others, as the limits of ``limits.py``; 0.7 of that, because the largest of so slow a signal is about 1.4
standard deviations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.batches.golden.members import ChannelInfo
from monitoring.batches.golden.references import Reference
from monitoring.batches.watch.changes import change, long_change
from monitoring.batches.watch.families import (
    CHANGED,
    DRIFTED,
    Statistics,
    Track,
    by_phase,
    usual_course,
)
from monitoring.batches.watch.limits import BINS, local_limits, local_maxima
from monitoring.batches.watch.residuals import BALANCES
from monitoring.kernel.arrays import FloatArray, IntArray

CHANGES = {CHANGED: change, DRIFTED: long_change}
LARGEST = 3.0  # in log units, and g/min
SD_PER_MAXIMUM = 0.7
SHRINKAGE = 0.5  # batches
CORRELATION_SHARE = 0.5  # the rest is that of independent channels
FLOORS = {"rK": 0.02, "rH": 0.012, "rB": 0.004, "rQ": 0.006, "rF": 0.010, "rW": 0.12}


@dataclass(frozen=True)
class BalanceSpread:
    """The usual spread of the changes of k balances, by family.

    ``names`` are those that the golden batches have, ``rows`` their places among the channels. ``sd`` has
    shape (k, phases * 120), in the units of the residuals; ``correlation`` (k, k).
    """

    names: tuple[str, ...]
    rows: IntArray
    sd: Mapping[str, FloatArray]
    correlation: Mapping[str, FloatArray]


def balance_rows(channels: Sequence[ChannelInfo]) -> IntArray:
    """Return the places of the balances among the channels."""
    return np.array([row for row, channel in enumerate(channels) if channel.name in BALANCES], dtype=np.int64)


def balance_changes(
    values: FloatArray, track: Track, references: Sequence[Reference], rows: IntArray
) -> Statistics:
    """Return the changes (k, m) of some rows of ``values`` (channels, m) along the track, by family."""
    beyond = values[rows] - usual_course(len(values), track, references)[rows]
    return changes_of(beyond, track)


def changes_of(beyond: FloatArray, track: Track) -> Statistics:
    """Return the changes (k, m) of differences from the usual course, by family."""
    clipped = np.clip(beyond, -LARGEST, LARGEST)
    return {family: by_phase(function, clipped, track) for family, function in CHANGES.items()}


def fit_balances(
    channels: Sequence[ChannelInfo], changes: Sequence[Statistics], bins: Sequence[IntArray], phases: int
) -> BalanceSpread:
    """Fit the spread to the changes of golden batches, each compared with the others."""
    rows = balance_rows(channels)
    names = tuple(channels[row].name for row in rows)
    sd = {
        family: standard_deviations(names, [each[family] for each in changes], bins, phases)
        for family in CHANGES
    }
    correlation = {
        family: correlation_of(
            [each[family] / sd[family][:, place] for each, place in zip(changes, bins, strict=True)]
        )
        for family in CHANGES
    }
    return BalanceSpread(names, rows, sd, correlation)


def standard_deviations(
    names: Sequence[str], changes: Sequence[FloatArray], bins: Sequence[IntArray], phases: int
) -> FloatArray:
    """Return the standard deviation of each balance, local in progress; shape (k, phases * 120)."""
    if not names:
        return np.zeros((0, phases * BINS))
    squares = np.sum(
        [local_maxima(each, place, phases) ** 2 for each, place in zip(changes, bins, strict=True)], axis=0
    )
    largest = local_limits(squares, len(changes), 0.0, SHRINKAGE)
    floors = np.array([FLOORS[name] for name in names])[:, None]
    found: FloatArray = np.maximum(SD_PER_MAXIMUM * largest, floors)
    return found


def correlation_of(standardised: Sequence[FloatArray]) -> FloatArray:
    """Return the correlation of changes in standard deviations, half of it that of independent channels."""
    every = np.nan_to_num(np.clip(np.concatenate(standardised, axis=1), -3.0, 3.0))
    moved = every[:, np.abs(every).sum(axis=0) > 0]
    independent = np.eye(len(every))
    if moved.shape[1] < 2:
        return independent
    size = np.sqrt((moved**2).sum(axis=1))
    size[size == 0] = 1.0
    found: FloatArray = (
        CORRELATION_SHARE * (moved @ moved.T) / np.outer(size, size) + (1 - CORRELATION_SHARE) * independent
    )
    np.fill_diagonal(found, 1.0)
    return found
