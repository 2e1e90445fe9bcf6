"""Fit a golden profile to batches: coordinates, references, leave-one-out scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.batches.golden.alignment import curves_of, hours_along
from monitoring.batches.golden.choosing import ProfileChoice, choose
from monitoring.batches.golden.coordinates import BY_GROWTH, BY_TIME, Coordinate, progress, time_in_phase
from monitoring.batches.golden.members import ChannelInfo, Member, phases_of, with_phase
from monitoring.batches.golden.references import Curves, Reference
from monitoring.batches.golden.scales import scales_of
from monitoring.batches.golden.scoring import MemberScore, combined, score
from monitoring.kernel.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class PhaseProfile:
    """A phase of a profile. All curves have shape (channels, 1201), in the units of the channels.

    ``reference`` has the grid of progress (1201,), mean and sd; ``low`` and ``high`` are the band of the
    members; ``hour`` (1201,) is the mean time since the begin of the phase in hours.
    ``members`` is the number of batches that had the phase.
    """

    name: str
    choice: ProfileChoice
    reference: Reference
    median: FloatArray
    low: FloatArray
    high: FloatArray
    hour: FloatArray
    members: int


@dataclass(frozen=True, slots=True)
class FittedProfile:
    """A profile: its channels, phases and the score of each member (None: nothing to compare with)."""

    channels: tuple[ChannelInfo, ...]
    phases: tuple[PhaseProfile, ...]
    scores: tuple[MemberScore | None, ...]


def fit_profile(
    members: Sequence[Member], channels: Sequence[ChannelInfo], wishes: Mapping[str, Coordinate]
) -> FittedProfile:
    """Fit a profile to one batch or more. ``wishes`` has the coordinates that the recipe names, by phase."""
    scales = scales_of(members, channels)
    names = phases_of(members)
    phases: list[PhaseProfile] = []
    scores: list[list[MemberScore | None]] = [[] for _ in members]
    for place, name in enumerate(names):
        present = with_phase(members, name)
        if not present:
            continue
        own = [members[index] for index in present]
        usual = BY_GROWTH if place == 0 and len(names) > 1 else BY_TIME
        choice = choose(own, name, channels, wishes.get(name, usual), scales)
        curves = curves_of(own, name, choice.coordinate, channels, scales)
        phases.append(profile_of(own, name, choice, curves))
        if len(own) > 1:
            for at, index in enumerate(present):
                others = curves.all_but(at)
                scores[index].append(score(members[index], name, choice.coordinate, others, channels))
    return FittedProfile(tuple(channels), tuple(phases), tuple(combined(each) for each in scores))


def profile_of(members: Sequence[Member], name: str, choice: ProfileChoice, curves: Curves) -> PhaseProfile:
    """Return the profile of a phase from the curves of its members."""
    median = curves.median()
    low, high = curves.band(median)
    hours = np.stack([hours_along(member, name, choice.coordinate, curves.grid) for member in members])
    known = np.isfinite(hours)
    count = np.maximum(known.sum(axis=0), 1)
    hour = np.where(known, hours, 0.0).sum(axis=0) / count
    return PhaseProfile(
        name, choice, curves.all(), median, low, high, np.maximum.accumulate(hour), len(members)
    )


def progress_in(member: Member, phase: PhaseProfile) -> FloatArray:
    """Return the progress in each minute of the phase; by mean time if the coordinate has no values."""
    along = progress(member, phase.name, phase.choice.coordinate)
    if along is not None:
        return along
    hours = time_in_phase(member, phase.name)
    found: FloatArray = np.interp(hours, phase.hour, phase.reference.grid, right=np.inf)
    return found
