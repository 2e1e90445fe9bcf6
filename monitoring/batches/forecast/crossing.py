"""Time until a tag crosses a limit, by its trend; and how often that was right in the past.

A forecast is given when the trend has reached the limit within 30 minutes in three successive minutes. It was
right if the first minute mean beyond the limit came within ± 50 % of the forecast time, at least ± 3 min.
Successive forecasts of one approach are one try: the first of them counts. A forecast whose time the data do
not cover is no try, whatever came.
"""

from dataclasses import dataclass

import numpy as np

from monitoring.batches.forecast.trend import Trends
from monitoring.kernel.arrays import BoolArray, FloatArray

LOW, HIGH = "low", "high"
HORIZON = 30.0  # minutes
CONFIRMED = 3  # successive minutes
PAUSE = 10  # minutes without a forecast, after which the next one is a new try
SHARE, LEAST = 0.5, 3.0  # of the forecast time, and minutes
LEAST_KNOWN = 0.8  # share of the minutes with a value


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of a tag, in the tag's unit: violated by values below (``side`` "low") or above ("high")."""

    side: str
    value: float

    def is_violated(self, values: FloatArray) -> BoolArray:
        """Return whether each value is beyond the limit; not where there is none."""
        found: BoolArray = values < self.value if self.side == LOW else values > self.value
        return found


@dataclass(frozen=True, slots=True)
class HitRate:
    """How often forecasts were right, of how many."""

    hits: int = 0
    tries: int = 0

    def __add__(self, other: "HitRate") -> "HitRate":
        """Return both together."""
        return HitRate(self.hits + other.hits, self.tries + other.tries)

    @property
    def is_shown(self) -> bool:
        """Return whether forecasts are good enough to be shown: right 8 times in 10, of 10 tries or more."""
        return self.tries >= LEAST_TRIES and self.hits >= LEAST_HIT_RATE * self.tries

    @property
    def share(self) -> float:
        """Return the share of right forecasts; 0 without any."""
        return self.hits / self.tries if self.tries else 0.0


LEAST_TRIES, LEAST_HIT_RATE = 10, 0.8


def minutes_until(found: Trends, values: FloatArray, limit: Limit) -> FloatArray:
    """Return at each minute the time in minutes until the limit is crossed, shape (n,); NaN: no forecast."""
    away = limit.value - found.level
    toward = found.slope < 0 if limit.side == LOW else found.slope > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        minutes = away / found.slope
    is_given = found.is_significant & toward & (minutes > 0) & (minutes <= HORIZON)
    return np.where(confirmed(is_given & ~limit.is_violated(values)), minutes, np.nan)


def confirmed(is_given: BoolArray) -> BoolArray:
    """Return where a condition has held in three successive minutes."""
    found = is_given.copy()
    for age in range(1, CONFIRMED):
        found[age:] &= is_given[:-age]
        found[:age] = False
    return found


def hindcast(minutes: FloatArray, values: FloatArray, limit: Limit) -> HitRate:
    """Return how often the forecasts ``minutes`` (n,) were right for the minute values (n,)."""
    outcomes = [outcome(at, minutes[at], values, limit) for at in first_of_each(minutes)]
    decided = [each for each in outcomes if each is not None]
    return HitRate(sum(decided), len(decided))


def first_of_each(minutes: FloatArray) -> list[int]:
    """Return the index of the first forecast of each approach."""
    given = np.flatnonzero(np.isfinite(minutes))
    return given[np.diff(given, prepend=-PAUSE - 2) > PAUSE].tolist() if len(given) else []


def outcome(at: int, expected: float, values: FloatArray, limit: Limit) -> bool | None:
    """Return whether a forecast was right; None if the data end, or have gaps, before that is decided."""
    reach = max(SHARE * expected, LEAST)
    ahead = values[at + 1 : at + 1 + int(np.ceil(expected + reach))]
    if len(ahead) < expected + reach or np.isfinite(ahead).mean() < LEAST_KNOWN:
        return None
    beyond = np.flatnonzero(limit.is_violated(ahead))
    return bool(len(beyond) and abs(beyond[0] + 1 - expected) <= reach)
