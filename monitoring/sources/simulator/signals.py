"""Simulated sensors: pure functions of (seed, tag, time)."""

import math
import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from monitoring.kernel.tag_definition import DefaultTag
from monitoring.sources.simulator.faults import (
    LASTING_PERIOD_S,
    LASTING_S,
    LASTING_SHARE,
    Episode,
    FaultKind,
    faulty_values,
    lasting_excursion,
    plan_episodes,
)

BLOCK_S = 600
CACHED_BLOCKS = 64
EDGE_SIGMAS = 4


@dataclass(frozen=True, slots=True)
class Signal:
    """Simulated readings at consecutive whole seconds; all arrays of shape (n,).

    ``fault`` is the kind of fault of each reading, empty where the signal is normal.
    """

    second: NDArray[np.int64]
    value: NDArray[np.float64]
    fault: NDArray[np.str_]


def simulate(tag: DefaultTag, *, seed: int, start: int, stop: int) -> Signal:
    """Return the readings of the tag from ``start`` to ``stop`` (exclusive, whole seconds of Unix time)."""
    if stop <= start:
        return Signal(np.empty(0, np.int64), np.empty(0), np.empty(0, "U1"))
    blocks = [
        simulate_block(tag, seed, number) for number in range(start // BLOCK_S, (stop - 1) // BLOCK_S + 1)
    ]
    whole = Signal(
        *(
            np.concatenate(column)
            for column in zip(*((b.second, b.value, b.fault) for b in blocks), strict=True)
        )
    )
    chosen = slice(start - int(whole.second[0]), stop - int(whole.second[0]))
    return Signal(whole.second[chosen], whole.value[chosen], whole.fault[chosen])


@lru_cache(maxsize=CACHED_BLOCKS)
def simulate_block(tag: DefaultTag, seed: int, number: int) -> Signal:
    """Return block ``number`` of the signal, 600 s long; all random numbers depend on the arguments only."""
    name = zlib.crc32(tag.definition.name.encode())
    rng = np.random.default_rng([seed, name, abs(number), int(number < 0)])
    second = np.arange(number * BLOCK_S, (number + 1) * BLOCK_S)
    value = normal_signal(tag, rng, second)
    fault = np.full(BLOCK_S, "", dtype="U16")
    for episode in plan_episodes(rng, length=BLOCK_S, rate=tag.profile.fault_rate - LASTING_SHARE):
        during = slice(episode.start, episode.stop)
        value[during] = faulty_values(
            rng, episode, value[during], tag=tag.definition, noise=tag.profile.noise
        )
        fault[during] = FaultKind(episode.kind).value
    for period in {int(second[0]) // LASTING_PERIOD_S, int(second[-1]) // LASTING_PERIOD_S}:
        add_lasting(tag, seed, period, second, value, fault)
    value = np.clip(value, tag.definition.valid_min, tag.definition.valid_max)
    return Signal(second, np.round(value, tag.profile.decimals), fault)


def add_lasting(
    tag: DefaultTag,
    seed: int,
    period: int,
    second: NDArray[np.int64],
    value: NDArray[np.float64],
    fault: NDArray[np.str_],
) -> None:
    """Replace the readings of a block that lie in the lasting excursion of a period, in place."""
    name = zlib.crc32(tag.definition.name.encode())
    rng = np.random.default_rng([seed, name, abs(period), int(period < 0), LASTING_S])
    start, kind = lasting_excursion(rng, period, tag.definition)
    everything = faulty_values(
        rng,
        Episode(kind, 0, LASTING_S),
        np.full(LASTING_S, np.nan),
        tag=tag.definition,
        noise=tag.profile.noise,
    )
    during = (second >= start) & (second < start + LASTING_S) & ~np.isnan(everything[0])
    value[during] = everything[second[during] - start]
    fault[during] = FaultKind.LASTING.value


def normal_signal(
    tag: DefaultTag, rng: np.random.Generator, second: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return middle + amplitude · sin(2π t / period) + noise, clipped to [low, high]; shape of ``second``."""
    profile = tag.profile
    middle = (profile.low + profile.high) / 2
    amplitude = (profile.high - profile.low) / 2 - EDGE_SIGMAS * profile.noise
    wave = middle + amplitude * np.sin(2 * math.pi * second / profile.period_s)
    signal: NDArray[np.float64] = wave + rng.normal(0, profile.noise, second.shape)
    return signal.clip(profile.low, profile.high)
