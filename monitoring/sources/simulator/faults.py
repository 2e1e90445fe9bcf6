"""Faults of the simulated signal: labelled episodes and their effect."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from monitoring.kernel.tag_definition import TagDefinition

FloatArray = NDArray[np.float64]
EXCURSION_S = (2, 7)
MARGIN = 0.02


class FaultKind(StrEnum):
    """The kind of fault of a simulated reading."""

    SPIKE = "spike"
    BELOW_LIMIT = "below_limit"
    ABOVE_LIMIT = "above_limit"
    LASTING = "lasting"


# One excursion of a tag in each period, long enough for an alarm with the standard delays.
LASTING_S = 90
LASTING_PERIOD_S = 4 * 3600
LASTING_SHARE = LASTING_S / LASTING_PERIOD_S
SHARES = {FaultKind.SPIKE: 0.5, FaultKind.BELOW_LIMIT: 0.25, FaultKind.ABOVE_LIMIT: 0.25}


@dataclass(frozen=True, slots=True)
class Episode:
    """A fault over the readings ``start`` to ``stop`` (exclusive) of a block."""

    kind: FaultKind
    start: int
    stop: int


def plan_episodes(rng: np.random.Generator, *, length: int, rate: float) -> list[Episode]:
    """Return episodes over a block of ``length`` readings, with a share of about ``rate`` faulty readings.

    Episodes and gaps alternate; gaps are geometrically distributed, with the mean that gives ``rate``.
    """
    kinds, shares = list(SHARES), list(SHARES.values())
    mean_excursion = sum(EXCURSION_S) / 2 - 0.5
    spikes = SHARES[FaultKind.SPIKE]
    mean_episode = spikes + (1 - spikes) * mean_excursion
    mean_gap = mean_episode * (1 - rate) / rate
    episodes: list[Episode] = []
    start = int(rng.geometric(1 / mean_gap))
    while start < length:
        kind = FaultKind(kinds[int(rng.choice(len(kinds), p=shares))])
        duration = 1 if kind is FaultKind.SPIKE else int(rng.integers(*EXCURSION_S))
        episodes.append(Episode(kind, start, min(start + duration, length)))
        start += duration + int(rng.geometric(1 / mean_gap))
    return episodes


def lasting_excursion(rng: np.random.Generator, period: int, tag: TagDefinition) -> tuple[int, FaultKind]:
    """Return the first second of the lasting excursion in a period, and beyond which limit the excursion is.

    ``rng`` must depend on tag and period only. The excursion lies within one period.
    """
    start = period * LASTING_PERIOD_S + int(rng.integers(0, LASTING_PERIOD_S - LASTING_S))
    limits = {FaultKind.BELOW_LIMIT: tag.lower_limit, FaultKind.ABOVE_LIMIT: tag.upper_limit}
    kinds = [kind for kind, limit in limits.items() if limit is not None]
    return start, kinds[int(rng.integers(len(kinds)))] if kinds else FaultKind.ABOVE_LIMIT


def faulty_values(
    rng: np.random.Generator, episode: Episode, normal: FloatArray, *, tag: TagDefinition, noise: float
) -> FloatArray:
    """Return the faulty signal that replaces ``normal`` during the episode; same shape.

    A spike adds or subtracts 8 to 15 times the noise. An excursion lies between a limit and the end of the
    valid range, a margin away from both; a tag without that limit keeps the normal signal.
    """
    if episode.kind is FaultKind.SPIKE:
        jump: FloatArray = noise * rng.uniform(8, 15, normal.shape)
        return normal + jump if rng.random() < 0.5 else normal - jump
    if episode.kind is FaultKind.BELOW_LIMIT:
        limit, end = tag.lower_limit, tag.valid_min
    else:
        limit, end = tag.upper_limit, tag.valid_max
    if limit is None:
        return normal
    depth: FloatArray = rng.uniform(MARGIN, 1 - MARGIN, normal.shape)
    return limit + (end - limit) * depth
