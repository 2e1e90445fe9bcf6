"""Statistics of a tag over a batch and its phases, and its course for a chart, in one pass of windows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from monitoring.kernel.arrays import FloatArray, IntArray
from monitoring.kernel.clock import SECOND_US
from monitoring.kernel.rollups import Buckets

MINUTE_S = 60
MINUTE_US = MINUTE_S * SECOND_US
CHART_POINTS = 240
DIGITS = 9  # sums of floats differ in the last digits by the order of addition


@dataclass(frozen=True, slots=True)
class PhaseSpan:
    """A phase, half-open, in microseconds since 1970. The empty name is the whole batch."""

    name: str
    start_us: int
    stop_us: int


@dataclass(slots=True)
class PhaseSums:
    """The sums of a tag's minutes in a phase, from which the statistics follow."""

    span: PhaseSpan
    count: int = 0
    total: float = 0.0
    minimum: float = np.inf
    maximum: float = -np.inf
    minutes: int = 0
    outside_s: float = 0.0

    def add(self, minutes: Buckets, outside: FloatArray) -> None:
        """Add minutes of the phase; ``outside`` (n,) has the seconds outside the limits of each."""
        if not len(minutes):
            return
        self.count += int(minutes.count.sum())
        self.total += float(minutes.total.sum())
        self.minimum = min(self.minimum, float(minutes.minimum.min()))
        self.maximum = max(self.maximum, float(minutes.maximum.max()))
        self.minutes += len(minutes)
        self.outside_s += float(outside.sum())

    def as_json(self, *, has_limits: bool) -> dict[str, Any]:
        """Return the statistics; None where there is no measurement, or no limit."""
        mean = min(max(self.total / self.count, self.minimum), self.maximum) if self.count else None
        return {
            "phase": self.span.name or None,
            "count": self.count,
            "min": shortened(self.minimum) if self.count else None,
            "mean": None if mean is None else shortened(mean),
            "max": shortened(self.maximum) if self.count else None,
            "outside_s": round(self.outside_s) if has_limits and self.count else None,
            "measured_s": self.minutes * MINUTE_S,
        }


@dataclass(slots=True)
class ChartSums:
    """The course of a tag in at most ``CHART_POINTS`` buckets of whole minutes, from ``first_us`` on."""

    first_us: int
    step_us: int
    count: FloatArray
    total: FloatArray
    minimum: FloatArray
    maximum: FloatArray

    def add(self, minutes: Buckets) -> None:
        """Add minutes; extremes are kept."""
        place = (minutes.start - self.first_us) // self.step_us
        np.add.at(self.count, place, minutes.count)
        np.add.at(self.total, place, minutes.total)
        np.minimum.at(self.minimum, place, minutes.minimum)
        np.maximum.at(self.maximum, place, minutes.maximum)

    def as_json(self) -> dict[str, Any]:
        """Return the buckets with measurements as columns; ``t`` in milliseconds since 1970."""
        filled = np.flatnonzero(self.count)
        mean = np.clip(self.total[filled] / self.count[filled], self.minimum[filled], self.maximum[filled])
        return {
            "resolution_s": self.step_us // SECOND_US,
            "t": ((self.first_us + filled * self.step_us) // 1_000).tolist(),
            "min": [shortened(value) for value in self.minimum[filled].tolist()],
            "mean": [shortened(value) for value in mean.tolist()],
            "max": [shortened(value) for value in self.maximum[filled].tolist()],
        }


@dataclass(slots=True)
class GapSums:
    """Minutes of the bound time without a measurement, and the longest such stretch, in microseconds."""

    missing_us: int = 0
    longest_us: int = 0
    _end_us: int | None = field(default=None)

    def begin(self, first_us: int) -> None:
        """Begin a span in which the tag is bound."""
        self._end_us = first_us

    def add(self, minutes: Buckets) -> None:
        """Add minutes of the span."""
        before = np.concatenate([[self._end_us or 0], minutes.start + MINUTE_US])
        self._count(minutes.start - before[:-1])
        self._end_us = int(before[-1])

    def end(self, stop_us: int) -> None:
        """End the span."""
        self._count(np.array([stop_us - (self._end_us or 0)]))

    def _count(self, lengths: IntArray) -> None:
        self.missing_us += int(lengths.sum())
        self.longest_us = max(self.longest_us, int(lengths.max(initial=0)))


def chart_of(first_us: int, stop_us: int) -> ChartSums:
    """Return an empty course of the half-open range of whole minutes."""
    minutes = (stop_us - first_us) // MINUTE_US
    step = -(-minutes // CHART_POINTS)
    size = -(-minutes // step)
    filled = [np.full(size, value) for value in (0.0, 0.0, np.inf, -np.inf)]
    return ChartSums(first_us, step * MINUTE_US, *filled)


def add_to_phases(sums: Iterable[PhaseSums], minutes: Buckets, low: float | None, high: float | None) -> None:
    """Add minutes to the phases that they begin in; a minute in which a phase begins belongs to it."""
    outside = outside_s(minutes, low, high)
    for each in sums:
        first = each.span.start_us // MINUTE_US * MINUTE_US
        begin, stop = np.searchsorted(minutes.start, [first, each.span.stop_us // MINUTE_US * MINUTE_US])
        each.add(part_of(minutes, begin, stop), outside[begin:stop])


def part_of(minutes: Buckets, begin: int, stop: int) -> Buckets:
    """Return the minutes from place ``begin`` to before ``stop``."""
    return Buckets(*(getattr(minutes, name)[begin:stop] for name in Buckets.__dataclass_fields__))


def outside_s(minutes: Buckets, low: float | None, high: float | None) -> FloatArray:
    """Return the seconds of each minute outside the limits (None: no limit); shape (n,).

    A minute with values on both sides of a limit counts by its share of anomalies, since the measurements
    themselves may be deleted some day, and the report stays the same.
    """
    below = -np.inf if low is None else low
    above = np.inf if high is None else high
    is_out = (minutes.maximum < below) | (minutes.minimum > above)
    is_mixed = ~is_out & ((minutes.minimum < below) | (minutes.maximum > above))
    share = is_out.astype(np.float64)
    anomalies = np.clip(minutes.anomalies[is_mixed], 1, np.maximum(minutes.count[is_mixed] - 1, 1))
    share[is_mixed] = anomalies / minutes.count[is_mixed]
    return MINUTE_S * share


def phases_of(spans: Sequence[PhaseSpan], first_us: int, stop_us: int) -> list[PhaseSums]:
    """Return empty sums for the whole batch and for each phase."""
    return [PhaseSums(span) for span in (PhaseSpan("", first_us, stop_us), *spans)]


def shortened(value: float) -> float:
    """Return the value with ``DIGITS`` significant digits: equal also if a sum was added in another order."""
    return float(f"{value:.{DIGITS}g}")
