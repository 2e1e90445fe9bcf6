"""Changes of the balances of a batch against the golden course, and their usual spread in good batches.

The balances are the residuals rK rH rB rQ rF rW, and rO = ln(OUR / OUR of the golden course at the same
progress) while the batch is not fed: the growth rate against that of golden batches. Differences from the
golden course at the same progress are taken three ways, in the units of the residuals: E, their mean over
10 minutes; S and L, their changes since the hour before and since the phase began.

The standard deviation of each is local in progress: from the largest of the golden batches, each compared
with the others, as the limits of ``limits.py``; 0.7 of that, because the largest of so slow a signal is about
1.4 standard deviations.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.batches.golden.members import ChannelInfo
from monitoring.batches.golden.references import Reference, places
from monitoring.batches.soft_sensors.gas import oxygen_uptake
from monitoring.batches.soft_sensors.inputs import SensorInputs
from monitoring.batches.watch.changes import change, long_change, recent_mean
from monitoring.batches.watch.families import (
    CHANGED,
    DRIFTED,
    OFF_COURSE,
    Statistics,
    Track,
    by_phase,
)
from monitoring.batches.watch.limits import BINS, local_limits, local_maxima
from monitoring.batches.watch.residuals import BALANCES, LEAST_UPTAKE, clear_share
from monitoring.kernel.arrays import BoolArray, FloatArray, IntArray

GROWTH = "rO"
VOLUME_ROLES = ("weight", "volume")
GAS_ROLES = ("air_flow", "offgas_o2", "offgas_co2")
LARGEST = 3.0  # in log units, and g/min
SD_PER_MAXIMUM = 0.7
SHRINKAGE = 0.5  # batches
CORRELATION_SHARE = 0.5  # the rest is that of independent balances
LARGEST_SDS = 3.0  # in correlations

WAYS: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    OFF_COURSE: recent_mean,
    CHANGED: change,
    DRIFTED: long_change,
}
# Least standard deviations: of levels about a third of the tolerance between batches.
LEVEL_FLOORS = {"rK": 0.06, "rH": 0.025, "rB": 0.015, "rQ": 0.015, "rF": 0.04, "rW": 0.2, GROWTH: 0.08}
CHANGE_FLOORS = {"rK": 0.02, "rH": 0.012, "rB": 0.004, "rQ": 0.006, "rF": 0.01, "rW": 0.12, GROWTH: 0.03}
FLOORS = {OFF_COURSE: LEVEL_FLOORS, CHANGED: CHANGE_FLOORS, DRIFTED: CHANGE_FLOORS}


@dataclass(frozen=True)
class BalanceSpread:
    """The usual spread of the k balances that golden batches have, by way (E, S, L).

    ``sd`` has shape (k, phases * 120), in the units of the residuals; ``correlation`` (k, k). ``uptake`` is
    the OUR of the golden course of each phase, shape (1201,).
    """

    names: tuple[str, ...]
    uptake: Sequence[FloatArray]
    sd: Mapping[str, FloatArray]
    correlation: Mapping[str, FloatArray]


def balance_rows(channels: Sequence[ChannelInfo]) -> IntArray:
    """Return the places of the residuals among the channels, in the order of ``BALANCES``."""
    names = [channel.name for channel in channels]
    return np.array([names.index(name) for name in BALANCES if name in names], dtype=np.int64)


def balance_names(channels: Sequence[ChannelInfo]) -> tuple[str, ...]:
    """Return the balances that a model with these channels has, rO last."""
    found = tuple(channels[row].name for row in balance_rows(channels))
    return (*found, GROWTH) if {channel.name for channel in channels}.issuperset(GAS_ROLES) else found


def beyond_usual(
    values: FloatArray, usual: FloatArray, growth: FloatArray, names: tuple[str, ...]
) -> FloatArray:
    """Return balance - golden course, shape (k, m); ``values`` and ``usual`` are those of the residuals.

    ``growth`` (m,) is that of OUR, and counts while the batch is not fed.
    """
    found = values - usual
    if GROWTH in names:
        unfed = np.where(fed_minutes(values, usual, names), 0.0, growth)
        found = np.concatenate((found, unfed[None]))
    return np.clip(found, -LARGEST, LARGEST)


def fed_minutes(values: FloatArray, usual: FloatArray, names: tuple[str, ...]) -> BoolArray:
    """Return the minutes (m,) in which the batch is fed, or golden ones are: those with a residual rF.

    Without a feed rate all, as a change of OUR may then come from the feed.
    """
    if "rF" not in names:
        return np.ones(values.shape[1], dtype=bool)
    row = names.index("rF")
    found: BoolArray = (np.nan_to_num(values[row]) != 0) | (np.nan_to_num(usual[row]) != 0)
    return found


def golden_uptake(
    reference: Reference, channels: Sequence[ChannelInfo], constants: Mapping[str, float]
) -> FloatArray:
    """Return the OUR of the golden course of a phase, shape (1201,); NaN without off-gas."""
    means = zip((channel.name for channel in channels), reference.mean, strict=True)
    measured = {name: mean for name, mean in means if name in (*GAS_ROLES, *VOLUME_ROLES)}
    with np.errstate(all="ignore"):
        return oxygen_uptake(SensorInputs(reference.grid, measured, constants))


def growth_beyond(
    inputs: SensorInputs, golden: Sequence[FloatArray], references: Sequence[Reference], track: Track
) -> FloatArray:
    """Return ln(OUR / OUR of the golden course) along the track, shape (m,): 0 at rest.

    ``golden`` has the OUR of the golden course of each phase.
    """
    uptake, usual = oxygen_uptake(inputs)[track.minute], np.full(len(track.minute), np.nan)
    for phase, part in track.runs():
        usual[part] = golden[phase][places(references[phase].grid, track.along[part])]
    ratio = np.maximum(uptake, LEAST_UPTAKE) / np.maximum(usual, LEAST_UPTAKE)
    found: FloatArray = np.log(ratio) * clear_share(uptake)
    return found


def changes_of(beyond: FloatArray, track: Track) -> Statistics:
    """Return the differences from the golden course (k, m) taken the three ways."""
    return {way: change_of(way, beyond, track) for way in WAYS}


def change_of(way: str, beyond: FloatArray, track: Track) -> FloatArray:
    """Return the differences from the golden course (k, m) taken one way."""
    return by_phase(WAYS[way], beyond, track)


def fit_balances(
    names: tuple[str, ...],
    uptake: Sequence[FloatArray],
    changes: Sequence[Statistics],
    bins: Sequence[IntArray],
) -> BalanceSpread:
    """Fit the spread to the changes of golden batches, each compared with the others."""
    phases = len(uptake)
    sd = {
        way: standard_deviations([each[way] for each in changes], bins, phases, floors_of(way, names))
        for way in WAYS
    }
    correlation = {
        way: correlation_of(
            [each[way] / sd[way][:, place] for each, place in zip(changes, bins, strict=True)]
        )
        for way in WAYS
    }
    return BalanceSpread(names, uptake, sd, correlation)


def floors_of(way: str, names: Sequence[str]) -> FloatArray:
    """Return the least standard deviations of some balances, shape (k, 1)."""
    return np.array([FLOORS[way][name] for name in names]).reshape(-1, 1)


def standard_deviations(
    changes: Sequence[FloatArray], bins: Sequence[IntArray], phases: int, floors: FloatArray
) -> FloatArray:
    """Return the standard deviation of each balance, local in progress; shape (k, phases * 120)."""
    if not len(floors):
        return np.zeros((0, phases * BINS))
    squares = np.sum(
        [local_maxima(each, place, phases) ** 2 for each, place in zip(changes, bins, strict=True)], axis=0
    )
    largest = local_limits(squares, len(changes), 0.0, SHRINKAGE)
    found: FloatArray = np.maximum(SD_PER_MAXIMUM * largest, floors)
    return found


def correlation_of(standardised: Sequence[FloatArray]) -> FloatArray:
    """Return the correlation of changes in standard deviations, half of it that of independent balances."""
    every = np.nan_to_num(np.clip(np.concatenate(standardised, axis=1), -LARGEST_SDS, LARGEST_SDS))
    size = np.sqrt((every**2).sum(axis=1))
    size[size == 0] = 1.0
    found: FloatArray = CORRELATION_SHARE * (every @ every.T) / np.outer(size, size)
    np.fill_diagonal(found, 1.0)
    return found
