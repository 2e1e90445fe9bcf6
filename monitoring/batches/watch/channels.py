"""Channels of a watched batch: its measured tags, and the residuals of its balances."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from monitoring.batches.golden.coordinates import TOTALS
from monitoring.batches.golden.members import ChannelInfo, Member
from monitoring.batches.soft_sensors.filters import running_total, slope
from monitoring.batches.soft_sensors.gas import oxygen_uptake
from monitoring.batches.soft_sensors.inputs import SensorInputs, unsampled_weight
from monitoring.batches.vessel_roles import ROLES
from monitoring.batches.watch.residuals import RESIDUALS, residuals
from monitoring.kernel.arrays import FloatArray, IntArray

RATE = ".rate"
RATE_MINUTES = 10
NOT_COMPARED = ("antifoam_total",)  # dosed by need at any time


@dataclass(frozen=True)
class BatchMinutes:
    """Minute values of one batch on a regular grid, all arrays of shape (n,); NaN in gaps.

    ``inputs.measured`` has the roles, besides those of soft sensors also ``ph`` and ``acid_total``.
    ``others`` has tags without a usable role by name; ``other_totals`` are the totalisers among these.
    ``setpoints`` are by role, in the units of the roles. ``phase`` is the index into ``phases``, -1 outside
    of all phases. ``tolerances`` are those of bindings, by role or name: of totalisers that of the rate.
    """

    inputs: SensorInputs
    phase: IntArray
    phases: tuple[str, ...]
    setpoints: Mapping[str, FloatArray] = field(default_factory=dict)
    others: Mapping[str, FloatArray] = field(default_factory=dict)
    other_totals: frozenset[str] = frozenset()
    tolerances: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class WatchedBatch:
    """A batch with the values of all its channels: those of tags, then residuals.

    ``totals`` are totalisers that may measure its progress.
    """

    inputs: SensorInputs
    member: Member
    tags: Sequence[ChannelInfo]
    residuals: Sequence[ChannelInfo]
    totals: Sequence[ChannelInfo]


def watched(batch: BatchMinutes) -> WatchedBatch:
    """Return the batch with its channels that have any value; a channel's name is the same in all batches."""
    measured = dict(tag_channels(batch))
    balances = residuals(batch.inputs, batch.setpoints)
    values = {info.name: row for info, row in measured.items()} | balances
    totals = {name: batch.inputs.role(name) for name in TOTALS if batch.inputs.has(name)}
    totals |= {name: values for name, values in batch.others.items() if name in batch.other_totals}
    uptake = oxygen_uptake(batch.inputs)
    member = Member(
        hour=batch.inputs.hour,
        phase=batch.phase,
        phases=batch.phases,
        values={**values, **totals},
        uptake=uptake if np.isfinite(uptake).any() else None,
    )
    known = [name for name, row in balances.items() if np.isfinite(row).any()]
    return WatchedBatch(
        batch.inputs,
        member,
        [info for info, row in measured.items() if np.isfinite(row).any()],
        [residual_info(name) for name in known],
        [ChannelInfo(name, is_total=True) for name in totals],
    )


def residual_info(name: str) -> ChannelInfo:
    """Return a residual as a channel."""
    residual = RESIDUALS[name]
    return ChannelInfo(name, residual.title, residual.unit, residual.tolerance)


def tag_channels(batch: BatchMinutes) -> Iterator[tuple[ChannelInfo, FloatArray]]:
    """Yield the channels of measured tags with their values.

    Of totalisers the rate; of the weight the course since the begin as if no sample had been drawn.
    """
    for name in batch.inputs.measured:
        if name not in NOT_COMPARED:
            yield role_channel(batch, name)
    for name, values in batch.others.items():
        is_total, tolerance = name in batch.other_totals, batch.tolerances.get(name)
        yield ChannelInfo(name + RATE * is_total, tolerance=tolerance), rate(values) if is_total else values


def role_channel(batch: BatchMinutes, name: str) -> tuple[ChannelInfo, FloatArray]:
    """Return the channel of a role with its values."""
    role = ROLES[name]
    tolerance = batch.tolerances.get(name, role.tolerance)
    if role.is_total:
        info = ChannelInfo(name + RATE, f"{role.title}, rate", f"{role.unit}/min", tolerance)
        return info, rate(batch.inputs.role(name))
    if name == "weight":  # since the begin: how far a vessel was filled says nothing about the course
        info = ChannelInfo(name, f"{role.title} since the begin", role.unit, tolerance, is_total=True)
        return info, unsampled_weight(batch.inputs)
    return ChannelInfo(name, role.title, role.unit, tolerance), batch.inputs.role(name)


def rate(total: FloatArray) -> FloatArray:
    """Return the rate a minute of a totaliser: the slope over 10 minutes."""
    return np.maximum(slope(running_total(total), RATE_MINUTES), 0.0)
