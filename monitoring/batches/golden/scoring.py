"""Score a batch against a reference of others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.batches.golden.alignment import known_progress
from monitoring.batches.golden.coordinates import Coordinate
from monitoring.batches.golden.curves import box_mean
from monitoring.batches.golden.members import ChannelInfo, Member
from monitoring.batches.golden.references import Reference, places

SCORED_MINUTES = 5


@dataclass(frozen=True, slots=True)
class Largest:
    """The largest deviation of a member: of a channel in a phase, at an elapsed time.

    ``difference`` is value - mean of the others in the channel's unit, ``z`` the same in standard deviations;
    both of means over 5 minutes.
    """

    channel: str
    phase: str
    hour: float
    z: float
    difference: float


@dataclass(frozen=True, slots=True)
class MemberScore:
    """The distance of a member from the others.

    ``mean`` is that of |z| over all channels and minutes, ``values`` in number; ``largest`` is where |z| is
    largest. z is averaged over 5 minutes.
    """

    mean: float
    values: int
    largest: Largest


def score(
    member: Member,
    phase: str,
    coordinate: Coordinate,
    reference: Reference,
    channels: Sequence[ChannelInfo],
) -> MemberScore | None:
    """Return the distance of a member from a reference in one phase; None without a common channel."""
    during = member.during(phase)
    values, along = member.matrix(channels)[:, during], known_progress(member, phase, coordinate)
    z = box_mean(reference.standardised(values, along), SCORED_MINUTES)
    size = np.abs(z)
    known = np.isfinite(size)
    if not known.any():
        return None
    row, column = divmod(int(np.where(known, size, -1.0).argmax()), size.shape[1])
    difference = box_mean(values[row] - reference.mean[row, places(reference.grid, along)], SCORED_MINUTES)
    largest = Largest(
        channel=channels[row].name,
        phase=phase,
        hour=float(member.hour[during][column]),
        z=float(z[row, column]),
        difference=float(difference[column]),
    )
    return MemberScore(float(size[known].mean()), int(known.sum()), largest)


def combined(scores: Sequence[MemberScore | None]) -> MemberScore | None:
    """Return the score over all phases of a member; None without any."""
    found = [each for each in scores if each is not None]
    if not found:
        return None
    values = sum(each.values for each in found)
    mean = sum(each.mean * each.values for each in found) / values
    return MemberScore(mean, values, max((each.largest for each in found), key=lambda each: abs(each.z)))
