"""Minute values of a batch, as profiles are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from monitoring.batches.golden.curves import bridged
from monitoring.kernel.arrays import BoolArray, FloatArray, IntArray

SHORTEST = 10  # minutes of a phase, below which a batch counts as one without it


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """A channel of a profile: its name is the same in all batches.

    ``tolerance`` is how far good batches may differ, in ``unit``; None: by the range of the golden batches.
    ``is_total``: values are counted from the begin of the batch.
    """

    name: str
    title: str = ""
    unit: str = ""
    tolerance: float | None = None
    is_total: bool = False


@dataclass(frozen=True)
class Member:
    """One batch: values of all channels on a regular grid of minutes, all of shape (n,); NaN in gaps.

    ``hour`` is the elapsed time; ``phase`` the index into ``phases``, -1 outside of all phases; ``uptake`` is
    the oxygen uptake rate in mmol/L/h, None without off-gas.
    """

    hour: FloatArray
    phase: IntArray
    phases: tuple[str, ...]
    values: Mapping[str, FloatArray]
    uptake: FloatArray | None = None
    cache: dict[tuple[str, ...], FloatArray] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def starts(self) -> Mapping[str, FloatArray]:
        """Return the first value of each channel in the batch's phases; NaN if there is none."""
        return {name: first_value(values[self.phase >= 0]) for name, values in self.values.items()}

    def during(self, phase: str) -> BoolArray:
        """Return the minutes of a phase, shape (n,); none if the batch lacks the phase."""
        found: BoolArray = self.phase == (self.phases.index(phase) if phase in self.phases else -2)
        return found

    def matrix(self, channels: Sequence[ChannelInfo]) -> FloatArray:
        """Return the values of the channels, shape (channels, n), with gaps up to 10 minutes bridged.

        Totals are counted from their first value in the batch; a channel that the batch lacks is NaN.
        """
        key = tuple(channel.name for channel in channels)
        if key not in self.cache:
            rows = [self.row(channel) for channel in channels]
            self.cache[key] = np.stack(rows) if rows else np.empty((0, len(self.hour)))
        return self.cache[key]

    def row(self, channel: ChannelInfo) -> FloatArray:
        """Return the values of a channel, shape (n,)."""
        values = self.values.get(channel.name)
        if values is None:
            return np.full(len(self.hour), np.nan)
        return bridged(values - self.starts[channel.name] if channel.is_total else values)


def first_value(values: FloatArray) -> FloatArray:
    """Return the first finite value as an array of shape (); NaN if there is none."""
    finite = values[np.isfinite(values)]
    return np.asarray(finite[0] if len(finite) else np.nan)


def phases_of(members: Sequence[Member]) -> list[str]:
    """Return the names of all phases, in the order of the batches with the most."""
    by_number = sorted(members, key=lambda member: -len(member.phases))
    return list(dict.fromkeys(phase for member in by_number for phase in member.phases))


def with_phase(members: Sequence[Member], phase: str) -> list[int]:
    """Return the indices of the members with at least 10 minutes of the phase."""
    return [index for index, member in enumerate(members) if member.during(phase).sum() >= SHORTEST]
