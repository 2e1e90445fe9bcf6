"""Process-like signals of many tags at once."""

import math

import numpy as np
from numpy.typing import NDArray

from monitoring.lab.load.tags import pattern_of

EDGE_SIGMAS = 4
GOLDEN = (math.sqrt(5) - 1) / 2  # spreads the phases evenly, however many tags there are


class Signals:
    """Slow waves with noise, within the range of the simulated tags.

    The simulator's own signals are a pure function of time, and have to generate 600 s of each tag first: too
    much for ten thousand tags on the machine of the server under load.
    """

    def __init__(self, tags: int, *, seed: int = 0) -> None:
        profiles = [pattern_of(index).profile for index in range(tags)]
        self._low = np.array([profile.low for profile in profiles])
        self._high = np.array([profile.high for profile in profiles])
        self._noise = np.array([profile.noise for profile in profiles])
        self._scale = 10.0 ** np.array([profile.decimals for profile in profiles])
        self._speed = 2 * math.pi / np.array([profile.period_s for profile in profiles])
        self._phase = 2 * math.pi * (np.arange(tags) * GOLDEN % 1)
        self._random = np.random.default_rng(seed)

    def values(self, tag: NDArray[np.int64], time_us: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the values of tags, by their indices, at microseconds since 1970; all of shape (n,)."""
        low, high, noise = self._low[tag], self._high[tag], self._noise[tag]
        amplitude = (high - low) / 2 - EDGE_SIGMAS * noise
        wave = np.sin(time_us / 1e6 * self._speed[tag] + self._phase[tag])
        value = (low + high) / 2 + amplitude * wave + noise * self._random.standard_normal(len(tag))
        rounded: NDArray[np.float64] = np.round(value.clip(low, high) * self._scale[tag]) / self._scale[tag]
        return rounded
