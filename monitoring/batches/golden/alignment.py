"""Put the curves of batches on one grid of progress."""

from collections.abc import Sequence

import numpy as np

from monitoring.batches.golden.coordinates import Coordinate, progress
from monitoring.batches.golden.curves import resampled, smoothed
from monitoring.batches.golden.members import ChannelInfo, Member
from monitoring.batches.golden.references import POINTS, Curves
from monitoring.batches.golden.scales import Scales
from monitoring.kernel.arrays import FloatArray


def curves_of(
    members: Sequence[Member],
    phase: str,
    coordinate: Coordinate,
    channels: Sequence[ChannelInfo],
    scales: Scales,
) -> Curves:
    """Return the curves of members that have the phase and the coordinate, on one grid."""
    along = [known_progress(member, phase, coordinate) for member in members]
    grid = np.linspace(0.0, max(float(each[-1]) for each in along), POINTS)
    stack = [
        resampled(smoothed(member.matrix(channels)[:, member.during(phase)]), each, grid)
        for member, each in zip(members, along, strict=True)
    ]
    return Curves(grid, np.stack(stack), scales)


def known_progress(member: Member, phase: str, coordinate: Coordinate) -> FloatArray:
    """Return the progress of a member by a coordinate that it has."""
    found = progress(member, phase, coordinate)
    if found is None:
        raise ValueError(f"a batch has no {coordinate.title} in phase {phase}")
    return found


def hours_along(member: Member, phase: str, coordinate: Coordinate, grid: FloatArray) -> FloatArray:
    """Return the hours in the phase at each point of the grid, shape (g,); NaN beyond the member's end."""
    hour = member.hour[member.during(phase)]
    along = known_progress(member, phase, coordinate)
    found: FloatArray = resampled((hour - hour[0])[None], along, grid)[0]
    return found
