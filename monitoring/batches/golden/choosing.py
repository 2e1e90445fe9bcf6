"""Choose the coordinate over which the batches of a phase agree best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from monitoring.batches.golden.alignment import curves_of, known_progress
from monitoring.batches.golden.coordinates import BY_TIME, GROWTH, TOTAL, Coordinate, candidates, progress
from monitoring.batches.golden.members import ChannelInfo, Member
from monitoring.batches.golden.references import FEW, places
from monitoring.batches.golden.scales import Scales, span

AS_GOOD = 1.15  # times the least spread: of three batches the difference is often chance


@dataclass(frozen=True, slots=True)
class ProfileChoice:
    """The coordinate of a phase and the reason.

    ``spreads`` are the leave-one-out spreads of the coordinates that were compared, as shares of the range.
    """

    coordinate: Coordinate
    reason: str
    spreads: Mapping[Coordinate, float]


def choose(
    members: Sequence[Member],
    phase: str,
    channels: Sequence[ChannelInfo],
    wish: Coordinate,
    scales: Scales,
) -> ProfileChoice:
    """Choose the coordinate of a phase.

    Of 3 batches or more, the one with the least leave-one-out spread, or the wish if about as good; of fewer,
    the wish. Without the values for a growth wish, a totaliser; without that, time.
    """
    usable = [
        each
        for each in candidates(channels, wish)
        if all(progress(member, phase, each) is not None for member in members)
    ]
    if len(members) < FEW:
        return by_wish(usable, wish, len(members))
    spreads = {each: spread(members, phase, each, channels, scales) for each in usable}
    best = min(usable, key=lambda each: spreads[each])
    if best != wish and spreads.get(wish, inf) <= AS_GOOD * spreads[best]:
        return ProfileChoice(wish, "the usual one: its spread is within 15 % of the least", spreads)
    return ProfileChoice(best, "least spread between the batches, each compared with the others", spreads)


def by_wish(usable: Sequence[Coordinate], wish: Coordinate, n: int) -> ProfileChoice:
    """Return the wish, or the next best if the batches lack its values."""
    number = "1 batch is" if n == 1 else f"{n} batches are"
    if wish in usable:
        return ProfileChoice(wish, f"the usual one: {number} too few to compare coordinates", {})
    totals = [each for each in usable if each.kind == TOTAL]
    found = totals[0] if wish.kind == GROWTH and totals else BY_TIME
    return ProfileChoice(found, f"the values for {wish.title} are missing", {})


def spread(
    members: Sequence[Member],
    phase: str,
    coordinate: Coordinate,
    channels: Sequence[ChannelInfo],
    scales: Scales,
) -> float:
    """Return the mean distance of each member from the mean of the others, as a share of the range.

    Over the minutes of the members, so that all coordinates are compared by the same values. The range of a
    channel is at least its tolerance, or the noise of a controlled one would hide all else.
    """
    curves = curves_of(members, phase, coordinate, channels, scales)
    values = [member.matrix(channels)[:, member.during(phase)] for member in members]
    distances = []
    for at, (member, own) in enumerate(zip(members, values, strict=True)):
        place = places(curves.grid, known_progress(member, phase, coordinate))
        distances.append(np.abs(own - curves.mean_of_all_but(at)[:, place]))
    ranges = np.maximum([span(row) for row in np.concatenate(values, axis=1)], scales.tolerance)
    scaled = np.concatenate(distances, axis=1) / ranges[:, None]
    by_channel = [float(np.mean(row[np.isfinite(row)])) for row in scaled if np.isfinite(row).any()]
    return float(np.mean(by_channel)) if by_channel else 0.0
