"""Expected end of a phase, from past batches that had the phase; and how often that was right.

Each past batch gives the time that it still needed from the same progress on; the forecast is their median,
with the 10 % and 90 % quantiles as range. Past batches that ended the phase at less progress say nothing.
Progress is measured by several coordinates; the one whose forecasts were right most often counts.

A past batch is one try: when its own forecast, made from the other batches, first came down to what is
forecast now, the phase had to end within ± 10 % of the forecast time, at least ± 15 min.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from monitoring.batches.forecast.crossing import HitRate
from monitoring.kernel.arrays import FloatArray

POINTS = 51  # of a curve of progress
LEAST_BATCHES = 3  # that were longer in the phase
LOW_SHARE, HIGH_SHARE = 0.1, 0.9
SHARE, LEAST_H = 0.1, 0.25
TIME, ELAPSED = "time", "elapsed"  # coordinates: hours in the phase, hours since the inoculation


@dataclass(frozen=True, slots=True)
class PastPhase:
    """A phase of a past batch: its duration in hours, and progress by name of the coordinate.

    ``along`` has the progress at 51 equal steps of the duration, shape (51,), never decreasing.
    """

    hours: float
    along: Mapping[str, FloatArray] = field(default_factory=dict)

    def progress(self, coordinate: str) -> FloatArray | None:
        """Return the progress at 51 equal steps of the duration; None if the batch lacks the coordinate."""
        if coordinate == TIME:
            return np.linspace(0.0, self.hours, POINTS)
        return self.along.get(coordinate)

    def remaining(self, progress: FloatArray, coordinate: str) -> FloatArray:
        """Return the hours from each progress to the end of the phase; NaN beyond the end."""
        own = self.progress(coordinate)
        if own is None:
            return np.full(len(progress), np.nan)
        hours = np.interp(progress, own, np.linspace(self.hours, 0.0, POINTS))
        return np.where(progress < own[-1], hours, np.nan)


@dataclass(frozen=True, slots=True)
class PhaseForecast:
    """Hours until the end of a phase, with range, and how often such forecasts were right."""

    hours: float
    low: float
    high: float
    record: HitRate


def forecast_phase_end(past: Sequence[PastPhase], made: Mapping[str, float]) -> PhaseForecast | None:
    """Return the forecast at the progress ``made`` by coordinate: the one that was right most often.

    None if fewer than three past batches were longer in the phase, by each coordinate. Of equals, the first.
    """
    found = [forecast_by(past, coordinate, progress) for coordinate, progress in made.items()]
    known = [each for each in found if each is not None]
    return max(known, key=lambda each: (each.record.is_shown, each.record.share), default=None)


def forecast_by(past: Sequence[PastPhase], coordinate: str, progress: float) -> PhaseForecast | None:
    """Return the forecast by one coordinate; None if fewer than three past batches were longer."""
    remaining = remaining_hours(past, coordinate, np.array([progress]))[:, 0]
    known = remaining[np.isfinite(remaining)]
    if len(known) < LEAST_BATCHES:
        return None
    hours, low, high = np.quantile(known, (0.5, LOW_SHARE, HIGH_SHARE)).tolist()
    return PhaseForecast(hours, low, high, hit_rate(past, coordinate, hours))


def remaining_hours(past: Sequence[PastPhase], coordinate: str, progress: FloatArray) -> FloatArray:
    """Return the hours that each batch still needed at each progress, shape (batches, progress)."""
    rows = [each.remaining(progress, coordinate) for each in past]
    return np.stack(rows) if rows else np.empty((0, len(progress)))


def hit_rate(past: Sequence[PastPhase], coordinate: str, hours: float) -> HitRate:
    """Return how often a forecast of ``hours`` was right, each past batch forecast from the others."""
    found = HitRate()
    for index, phase in enumerate(past):
        others = [*past[:index], *past[index + 1 :]]
        found += try_of(phase, others, coordinate, hours)
    return found


def try_of(phase: PastPhase, others: Sequence[PastPhase], coordinate: str, hours: float) -> HitRate:
    """Return the try of one past batch; none if its forecast never came down to ``hours``."""
    own = phase.progress(coordinate)
    if own is None:
        return HitRate()
    expected = medians(remaining_hours(others, coordinate, own))
    reached = np.flatnonzero(expected <= hours)
    if not len(reached):
        return HitRate()
    at = reached[0]
    actual = phase.hours * (1 - at / (POINTS - 1))
    is_right = abs(actual - expected[at]) <= max(SHARE * expected[at], LEAST_H)
    return HitRate(int(is_right), 1)


def medians(remaining: FloatArray) -> FloatArray:
    """Return the median of each column; NaN where fewer than three batches have a value."""
    is_enough = np.isfinite(remaining).sum(axis=0) >= LEAST_BATCHES
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # columns without any value
        return np.where(is_enough, np.nanmedian(remaining, axis=0), np.nan)
