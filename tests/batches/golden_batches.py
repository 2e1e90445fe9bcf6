"""Synthetic batches by formula: exponential growth, then a linear feed, each batch at its own speed."""

from collections.abc import Sequence

import numpy as np

from monitoring.batches.golden.members import ChannelInfo, Member
from monitoring.kernel.arrays import FloatArray

CHANNELS = (
    ChannelInfo("temperature", "Temperature", "°C", 0.3),
    ChannelInfo("dissolved_oxygen", "Dissolved oxygen", "%", 8),
    ChannelInfo("base_total", "Base added", "mL", None, is_total=True),
    ChannelInfo("other.colour", "Colour", ""),
)
GROWTH, FEED = "growth", "feed"


def batch(
    seed: int,
    *,
    rate: float | None = None,
    feed_hours: float = 6.0,
    with_gas: bool = True,
    offset: float = 0.0,
    channels: Sequence[ChannelInfo] = CHANNELS,
    noise: float = 1.0,
) -> Member:
    """Growth until the uptake is 60 mmol/L/h, then a feed. ``rate`` is the growth rate in 1/h.

    ``offset`` is added to the dissolved oxygen of the feed phase, in %.
    """
    random = np.random.default_rng(seed)
    rate = rate or 0.5 * (1 + 0.1 * random.standard_normal())
    growth_hours = np.log(60 / 0.5) / rate
    hour = np.arange(-0.5, growth_hours + feed_hours, 1 / 60)
    grown = np.clip(hour, 0, growth_hours)
    uptake = 0.5 * np.exp(rate * grown) + 2 * np.maximum(hour - growth_hours, 0)
    phase = np.where(hour < 0, -1, np.where(hour < growth_hours, 0, 1))
    return Member(
        hour=hour,
        phase=phase,
        phases=(GROWTH, FEED),
        values=values(uptake, phase, offset, noise, random, [each.name for each in channels]),
        uptake=uptake + 0.3 * noise * random.standard_normal(len(hour)) if with_gas else None,
    )


def values(
    uptake: FloatArray,
    phase: np.ndarray,
    offset: float,
    noise: float,
    random: np.random.Generator,
    names: Sequence[str],
) -> dict[str, FloatArray]:
    """The channels as functions of the oxygen uptake."""
    white = noise * random.standard_normal((4, len(uptake)))
    found = {
        "temperature": 37 + 0.02 * white[0],
        "dissolved_oxygen": 95 - uptake + np.where(phase == 1, offset, 0) + 0.3 * white[1],
        "base_total": 500 + np.cumsum(uptake) / 60 + 0.05 * white[2],
        "other.colour": np.sqrt(uptake) + 0.02 * white[3],
    }
    return {name: found[name] for name in names}
