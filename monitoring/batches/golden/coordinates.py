"""Progress of a batch within a phase: the coordinate over which batches are aligned."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.batches.golden.members import ChannelInfo, Member
from monitoring.batches.vessel_roles import ROLES
from monitoring.kernel.arrays import FloatArray

TIME, GROWTH, TOTAL = "time", "growth", "total"
HALF_UPTAKE = 0.5  # mmol/L: below, growth counts linearly; above, logarithmically
REST_UPTAKE = 1.0  # mmol/L/h: the error of the gas balance before growth
TOTALS = ("base_total", "acid_total")  # totalisers that grow with the culture
LEAST_KNOWN = 0.5  # share of the minutes of a phase that have a value


@dataclass(frozen=True, slots=True)
class Coordinate:
    """A measure of progress: time in hours, or ln(1 + u/0.5) of the oxygen taken up, or ln(1 + total)."""

    kind: str
    channel: str = ""

    @property
    def title(self) -> str:
        """Return the name of the coordinate for people."""
        if self.kind == TOTAL:
            return f"ln(1 + {self.channel} since the phase began)"
        return "time in the phase" if self.kind == TIME else "oxygen taken up, ln(1 + u / 0.5 mmol/L)"

    @property
    def unit(self) -> str:
        """Return the unit of the coordinate; empty for logarithms."""
        return "h" if self.kind == TIME else ""


BY_TIME, BY_GROWTH = Coordinate(TIME), Coordinate(GROWTH)


def candidates(channels: Sequence[ChannelInfo], wish: Coordinate) -> list[Coordinate]:
    """Return the coordinates to compare, the wish first."""
    totals = [
        Coordinate(TOTAL, channel.name)
        for channel in channels
        if channel.name in TOTALS or (channel.is_total and channel.name not in ROLES)
    ]
    return list(dict.fromkeys([wish, BY_GROWTH, *totals, BY_TIME]))


def progress(member: Member, phase: str, coordinate: Coordinate) -> FloatArray | None:
    """Return the progress in each minute of the phase, from 0 on, never decreasing; shape (minutes,).

    None if the batch lacks the values, or the coordinate does not move.
    """
    found = KINDS[coordinate.kind](member, phase, coordinate.channel)
    return found if found is not None and len(found) and found[-1] > 0 else None


def time_in_phase(member: Member, phase: str, channel: str = "") -> FloatArray:
    """Return hours since the begin of the phase."""
    hour = member.hour[member.during(phase)]
    return hour - hour[:1]


def growth(member: Member, phase: str, channel: str) -> FloatArray | None:
    """Return ln(1 + u/0.5), with u the integral of max(OUR - 1, 0) in mmol/L since the phase began."""
    if member.uptake is None:
        return None
    rate = complete(member.uptake[member.during(phase)])
    if rate is None:
        return None
    uptake: FloatArray = np.cumsum(np.maximum(rate - REST_UPTAKE, 0.0)) / 60
    found: FloatArray = np.log1p(uptake / HALF_UPTAKE)
    return found


def total(member: Member, phase: str, channel: str) -> FloatArray | None:
    """Return ln(1 + increase of a totaliser since the phase began); resets count nothing."""
    values = member.values.get(channel)
    known = None if values is None else complete(values[member.during(phase)])
    if known is None:
        return None
    found: FloatArray = np.log1p(np.cumsum(np.maximum(np.diff(known, prepend=known[:1]), 0.0)))
    return found


KINDS: Mapping[str, Callable[[Member, str, str], FloatArray | None]] = {
    TIME: time_in_phase,
    GROWTH: growth,
    TOTAL: total,
}


def complete(values: FloatArray) -> FloatArray | None:
    """Return values with all gaps interpolated; None if less than half of them are known."""
    known = np.isfinite(values)
    if not len(values) or known.mean() < LEAST_KNOWN:
        return None
    index = np.arange(len(values))
    return np.interp(index, index[known], values[known])
