"""Drift: the signal slowly leaves its course."""

from array import array
from dataclasses import dataclass, field
from operator import mul
from typing import Any

from monitoring.detection.detectors.course import BEGINNING, BLOCK, Course, Refit
from monitoring.detection.detectors.scale import FAULT, Candidates
from monitoring.kernel.number_format import Words, duration
from monitoring.kernel.state import Stateful, flat, rows_of

WINDOW = 17  # blocks
TOTAL = WINDOW * (WINDOW + 1) / 2
WEIGHTS = tuple((place + 1) / TOTAL for place in range(WINDOW))
CENTRE = (2 * WINDOW + 1) / 3  # blocks ahead of the forecast
ROW = 5  # numbers of a forecast: the four levels and the slope
SETTLING = 256  # readings
CYCLE = 3
FIRST = 8  # blocks: before, the levels are not worth much
FAST_GAIN, SLOW_GAIN, TREND_GAIN, SLOPE_GAIN = 1 / 4, 1 / 64, 0.2, 0.01
INFLATION = 1.15  # of a variance that was measured on what the cycles were fitted to


def candidates() -> Candidates:
    """Of the forecasts from an exponential mean over 4 blocks, over 64, of level and slope, of the cycles."""
    return Candidates(4, held=112, memory=2000, half_life=3 * 86_400 / BLOCK, least=100)


@dataclass(slots=True)
class Drift(Stateful):
    """Finds |e| > max(threshold · σ, margin · record): e = Σ w·m less its forecast, over 17 blocks of 8.

    m are the blocks' means and w grows evenly from the oldest to the newest: the filter that is matched
    to a ramp in white noise. The forecast was made before the 17 blocks, by the one of four that has the
    least σ; where the signal has cycles, that is theirs, for which nothing but a fault leaves them.

    Grace: about 1,700 readings. Source: matched filter, North (1943); Basseville & Nikiforov (1993).
    """

    threshold: float = 4.4
    margin: float = 1.2
    errors: Candidates = field(default_factory=candidates, init=False)
    levels: tuple[float, ...] = field(default=(), init=False)
    slope: float = field(default=0.0, init=False)
    since: int = field(default=0, init=False)  # blocks since the levels began
    values: "array[float]" = field(default_factory=lambda: array("d"), init=False)
    rests: "array[float]" = field(default_factory=lambda: array("d"), init=False)
    forecasts: "array[float]" = field(default_factory=lambda: array("d"), init=False)  # in rows
    usual: float = field(default=0.0, init=False)  # the level of the cycles, as before a fault
    present: tuple[float, ...] = field(default=(), init=False)
    allowed: float = field(default=0.0, init=False)  # the reach when the present reading was found

    def state(self) -> list[Any]:
        """See ``Stateful.state``."""
        return [
            *(
                self.errors.state(),
                self.levels,
                self.slope,
                self.since,
                self.values.tolist(),
                self.rests.tolist(),
            ),
            *(rows_of(self.forecasts, ROW), self.usual),
        ]

    def restore(self, state: list[Any]) -> None:
        """See ``Stateful.restore``."""
        errors, self.levels, self.slope, self.since, values, rests, forecasts, self.usual = state
        self.errors.restore(errors)
        self.values, self.rests = array("d", values), array("d", rests)
        self.forecasts = flat(forecasts)

    def score(self, course: Course) -> float:
        """See ``Detector.score``; only the reading that ends a block can be found."""
        if course.is_fresh:
            self.begin()
        self.present = ()
        if not course.has_block:
            return 0.0
        self.values.append(course.block)
        self.rests.append(course.block_cycle)
        if len(self.values) > WINDOW:
            del self.values[0], self.rests[0]
        score = 0.0
        if len(self.forecasts) > WINDOW * ROW:
            fast, slow, trend, cycle_level, slope = self.forecasts[:ROW]
            mean = sum(map(mul, WEIGHTS, self.values))
            if course.lesson is not FAULT:
                self.usual = cycle_level
            rest = sum(map(mul, WEIGHTS, self.rests)) - self.usual
            self.present = (mean - fast, mean - slow, mean - trend - CENTRE * slope, rest)
            believed = self.errors.believed
            score = believed.score(self.present[self.errors.best], self.threshold, self.margin)
            if score > 1:
                self.allowed = believed.reach(self.threshold, self.margin)
        self._forecast(course.block, self.usual if course.lesson is FAULT else course.block_cycle)
        return score

    def begin(self) -> None:
        """Begins anew: what was before says nothing of what comes."""
        for window in (self.values, self.rests, self.forecasts):
            del window[:]
        self.levels, self.slope, self.since = (), 0.0, 0

    def _forecast(self, value: float, rest: float) -> None:
        fast, slow, trend, cycle_level = self.levels or (value, value, value, rest)
        trend += self.slope
        surprise = value - trend
        self.since += 1
        early = 1 / self.since
        slow_gain = max(SLOW_GAIN, early)
        self.slope += surprise * SLOPE_GAIN
        self.levels = (
            fast + (value - fast) * max(FAST_GAIN, early),
            slow + (value - slow) * slow_gain,
            trend + surprise * max(TREND_GAIN, early),
            cycle_level + (rest - cycle_level) * slow_gain,
        )
        if self.since >= FIRST:
            if len(self.forecasts) > WINDOW * ROW:
                del self.forecasts[:ROW]
            self.forecasts.extend((*self.levels, self.slope))

    def recant(self) -> None:
        """Takes back what the beginning of a fault may have taught."""
        self.errors.recant(BEGINNING)
        if self.forecasts:
            self.levels = (*self.levels[:CYCLE], self.forecasts[CYCLE])

    def learn(self, course: Course) -> None:
        """See ``Detector.learn``."""
        if self.present and course.count > SETTLING:
            self.errors.learn(self.present, course.lesson)

    def adjust(self, refit: Refit) -> None:
        """See ``Detector.adjust``: what the new cycles leave is gone through again."""
        if not self.levels:
            return
        rests = refit.rest.tolist()
        levels = slow_levels(rests)
        self.rests = array("d", rests[-len(self.rests) :] if self.rests else ())
        self.levels = (*self.levels[:CYCLE], levels[-1])
        places = range(CYCLE, len(self.forecasts), ROW)
        for place, level in zip(places, levels[len(levels) - len(places) :], strict=True):
            self.forecasts[place] = level
        if not refit.is_steady:
            self.errors.forget(CYCLE)
        elif refit.is_proven:
            self._seed(rests, levels)

    def _seed(self, rests: list[float], levels: list[float]) -> None:
        """Learns from what the cycles leave as if they had been known all along."""
        first = SETTLING // BLOCK + WINDOW
        errors = [
            sum(map(mul, WEIGHTS, rests[end - WINDOW : end])) - levels[end - WINDOW - 1]
            for end in range(first, len(rests) + 1)
        ]
        if len(errors) >= self.errors.scales[CYCLE].least // 2:
            self.errors.seed(CYCLE, errors, inflation=INFLATION)

    def explain(self, course: Course, words: Words) -> tuple[str, str]:
        """See ``Detector.explain``."""
        error = self.present[self.errors.best]
        direction = "up" if error > 0 else "down"
        return (
            f"drift {direction}",
            f"{words.name} has drifted {direction} by {words.reach(abs(error))} within"
            f" {duration(WINDOW * BLOCK * course.interval)}; {words.usual(self.allowed)}",
        )


def slow_levels(rests: list[float]) -> list[float]:
    """The exponential mean over 64 blocks behind each block."""
    level = sum(rests[:64]) / len(rests[:64])
    levels = []
    for rest in rests:
        level += (rest - level) * SLOW_GAIN
        levels.append(level)
    return levels
