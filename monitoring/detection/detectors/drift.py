"""Drift: the signal slowly departs from its forecast."""

from array import array
from dataclasses import dataclass, field
from operator import mul
from typing import Any

from monitoring.detection.detectors.forecaster import BEGINNING, BLOCK, Forecaster, Refit
from monitoring.detection.detectors.residual_scale import FREEZE, ForecastSelector
from monitoring.detection.detectors.sentences import change_and_clause
from monitoring.detection.detectors.window_forecast import HARMONIC, ROW, WindowForecast
from monitoring.kernel.number_format import Words, duration
from monitoring.kernel.state import flat, rows_of

WINDOW = 17  # blocks
TOTAL = WINDOW * (WINDOW + 1) / 2
WEIGHTS = tuple((index + 1) / TOTAL for index in range(WINDOW))
CENTRE = (2 * WINDOW + 1) / 3  # blocks ahead of the forecast
SETTLING = 256  # readings
FIRST = 8  # blocks before the levels are used as forecasts
FAST_GAIN, SLOW_GAIN, TREND_GAIN, SLOPE_GAIN = 1 / 4, 1 / 64, 0.2, 0.01
INFLATION = 1.15  # factor for a variance measured on the data of the fit


def make_selector() -> ForecastSelector:
    """Select among exponential means over 4 and 64 blocks, level and slope, and harmonics."""
    return ForecastSelector(4, lag=112, memory=2000, half_life=3 * 86_400 / BLOCK, least=100)


@dataclass(slots=True)
class Drift(WindowForecast):
    """Find |e| > max(threshold · σ, margin · peak): e = Σ w·m less its forecast, over 17 blocks of 8.

    m are the blocks' means and w grows evenly from the oldest to the newest: the filter that is matched to a
    ramp in white noise. The forecast was made before the 17 blocks, by the one of four with the least σ. A
    signal with harmonics is forecast by these: only a fault makes it depart from them.

    Grace: about 1,700 readings. Source: matched filter, North (1943); Basseville & Nikiforov (1993).
    """

    threshold: float = 4.4
    margin: float = 1.2
    selector: ForecastSelector = field(default_factory=make_selector, init=False)
    levels: tuple[float, ...] = field(default=(), init=False)
    slope: float = field(default=0.0, init=False)
    since: int = field(default=0, init=False)  # blocks since the levels started

    def state(self) -> list[Any]:
        """See ``Stateful.state``."""
        return [
            *(
                self.selector.state(),
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
        residuals, self.levels, self.slope, self.since, values, rests, forecasts, self.usual = state
        self.selector.restore(residuals)
        self.values, self.rests = array("d", values), array("d", rests)
        self.forecasts = flat(forecasts)

    def score(self, forecaster: Forecaster) -> float:
        """See ``Detector.score``; only the reading that ends a block can be a finding."""
        if forecaster.is_reset:
            self.begin()
        self.present = ()
        if not forecaster.has_block:
            return 0.0
        self.values.append(forecaster.block)
        self.rests.append(forecaster.block_rest)
        if len(self.values) > WINDOW:
            del self.values[0], self.rests[0]
        score = 0.0
        if len(self.forecasts) > WINDOW * ROW:
            mean, rest = sum(map(mul, WEIGHTS, self.values)), sum(map(mul, WEIGHTS, self.rests))
            self.compare(forecaster, mean, rest, ahead=CENTRE)
            selected = self.selector.selected
            margin = self.margin_of(forecaster, self.margin)
            score = selected.score(self.present[self.selector.best], self.threshold, margin)
            if score > 1:
                self.allowed = selected.control_limit(self.threshold, margin)
        self._forecast(
            forecaster.block, self.usual if forecaster.learning_mode is FREEZE else forecaster.block_rest
        )
        return score

    def begin(self) -> None:
        """Empty the window and restart the levels."""
        WindowForecast.begin(self)
        self.levels, self.slope, self.since = (), 0.0, 0

    def _forecast(self, value: float, rest: float) -> None:
        fast, slow, trend, rest_level = self.levels or (value, value, value, rest)
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
            rest_level + (rest - rest_level) * slow_gain,
        )
        if self.since >= FIRST:
            if len(self.forecasts) > WINDOW * ROW:
                del self.forecasts[:ROW]
            self.forecasts.extend((*self.levels, self.slope))

    def discard_recent(self) -> None:
        """Undo learning from the beginning of a fault."""
        self.selector.discard_recent(BEGINNING)
        if self.forecasts:
            self.levels = (*self.levels[:HARMONIC], self.forecasts[HARMONIC])

    def learn(self, forecaster: Forecaster) -> None:
        """See ``Detector.learn``."""
        if self.present and forecaster.count > SETTLING:
            self.selector.learn(self.present, forecaster.learning_mode)

    def to_go(self, forecaster: Forecaster) -> int:
        """See ``Detector.to_go``."""
        lacking = self.selector.selected.lacking * BLOCK
        return lacking + max(0, SETTLING - forecaster.count) if lacking else 0

    def adjust(self, refit: Refit) -> None:
        """See ``Detector.adjust``: recompute the rests and their levels from the blocks less the new
        harmonics.
        """
        if not self.levels:
            return
        rests = refit.rest.tolist()
        levels = slow_levels(rests)
        self.rests = array("d", rests[-len(self.rests) :] if self.rests else ())
        self.levels = (*self.levels[:HARMONIC], levels[-1])
        indices = range(HARMONIC, len(self.forecasts), ROW)
        for index, level in zip(indices, levels[len(levels) - len(indices) :], strict=True):
            self.forecasts[index] = level
        if not refit.is_steady:
            self.selector.forget(HARMONIC)
        elif refit.is_proven:
            self._seed(rests, levels)

    def _seed(self, rests: list[float], levels: list[float]) -> None:
        """Learn the residuals of the blocks less the harmonics, as if the harmonics had been known from the
        start.
        """
        first = SETTLING // BLOCK + WINDOW
        residuals = [
            sum(map(mul, WEIGHTS, rests[end - WINDOW : end])) - levels[end - WINDOW - 1]
            for end in range(first, len(rests) + 1)
        ]
        if len(residuals) >= self.selector.scales[HARMONIC].least // 2:
            self.selector.seed(HARMONIC, residuals, inflation=INFLATION)

    def explain(self, forecaster: Forecaster, words: Words) -> tuple[str, str]:
        """See ``Detector.explain``."""
        residual = self.present[self.selector.best]
        direction = "up" if residual > 0 else "down"
        change, usual = change_and_clause(words, abs(residual), self.allowed)
        return (
            f"drift {direction}",
            f"{words.name} has drifted {direction} by {change} within"
            f" {duration(WINDOW * BLOCK * forecaster.interval)}; {usual}",
        )


def slow_levels(rests: list[float]) -> list[float]:
    """Return the exponential mean over 64 blocks after each block."""
    level = sum(rests[:64]) / len(rests[:64])
    levels = []
    for rest in rests:
        level += (rest - level) * SLOW_GAIN
        levels.append(level)
    return levels
