"""Step: the level of the last few readings differs from the level before."""

from array import array
from dataclasses import dataclass, field
from typing import Any

from monitoring.detection.detectors.forecaster import LONG_AGO, Forecaster, Refit
from monitoring.detection.detectors.residual_scale import ForecastSelector
from monitoring.detection.detectors.sentences import change_and_clause
from monitoring.detection.detectors.window_forecast import HARMONIC, ROW, WindowForecast
from monitoring.kernel.number_format import Words, duration
from monitoring.kernel.state import flat, rows_of

WINDOW = 8  # readings
EVERY = 2  # readings between two comparisons
CENTRE = (WINDOW + 1) / 2  # readings ahead of the forecast
TEACHES_EVERY = 8  # readings: windows in between overlap
SETTLING = 256  # readings
BEGINNING = 4  # residuals


def make_selector() -> ForecastSelector:
    """Select among exponential means over 4 and 32 values, level and slope, and harmonics."""
    return ForecastSelector(4, lag=112, memory=1000, half_life=3 * 86_400 / TEACHES_EVERY, least=75)


@dataclass(slots=True)
class Step(WindowForecast):
    """Find |e| > max(threshold · σ, margin · peak), e the mean of the last 8 readings less its forecast.

    The forecast was made before these readings, by the one of four with the least σ. Outliers count up to 4.5
    σ of the one-step residual, so that one spike is no step.

    Grace: about 1,800 readings (900 in the lag buffer, 600 learned). Source: two-sided mean shift in a moving
    window against a forecast, Basseville & Nikiforov, Detection of Abrupt Changes (1993).
    """

    threshold: float = 5.5
    margin: float = 1.25
    selector: ForecastSelector = field(default_factory=make_selector, init=False)

    def state(self) -> list[Any]:
        """See ``Stateful.state``."""
        return [
            *(self.selector.state(), self.values.tolist(), self.rests.tolist()),
            *(rows_of(self.forecasts, ROW), self.usual),
        ]

    def restore(self, state: list[Any]) -> None:
        """See ``Stateful.restore``."""
        residuals, values, rests, forecasts, self.usual = state
        self.selector.restore(residuals)
        self.values, self.rests = array("d", values), array("d", rests)
        self.forecasts = flat(forecasts)

    def score(self, forecaster: Forecaster) -> float:
        """See ``Detector.score``."""
        self.present = ()
        if forecaster.is_reset:
            self.begin()
        elif forecaster.has_moved and not forecaster.sigma:
            self._move(forecaster)
        if forecaster.count % EVERY:
            return 0.0
        values, rests, forecasts, score = self.values, self.rests, self.forecasts, 0.0
        values.append(forecaster.winsorised_before + forecaster.winsorised)
        rests.append(forecaster.winsorised_rest_before + forecaster.winsorised_rest)
        if len(values) > WINDOW // EVERY:
            del values[0], rests[0]
        if len(forecasts) > WINDOW // EVERY * ROW:
            score = self._score_window(forecaster)
        if forecasts or forecaster.since >= LONG_AGO:
            forecasts.extend((*forecaster.levels, forecaster.slope))
        return score

    def _score_window(self, forecaster: Forecaster) -> float:
        """Compare the window's mean with the forecast made before the window; return the score."""
        self.compare(forecaster, sum(self.values) / WINDOW, sum(self.rests) / WINDOW, ahead=CENTRE)
        del self.forecasts[:ROW]
        best = self.selector.best
        residual, selected = self.present[best], self.selector.scales[best]
        margin = self.margin_of(forecaster, self.margin)
        score = selected.score(residual, self.threshold, margin, floor=forecaster.sigma)
        if score <= 1:
            return score
        self.allowed = selected.control_limit(self.threshold, margin)
        return score if abs(residual) > forecaster.rounding else 0.0

    def _move(self, forecaster: Forecaster) -> None:
        """Take over the level to which a constant has moved: set all readings of the window to this level."""
        for index in range(len(self.values)):
            self.values[index], self.rests[index] = (
                EVERY * forecaster.winsorised,
                EVERY * forecaster.winsorised_rest,
            )

    def discard_recent(self) -> None:
        """Undo learning from the beginning of a fault."""
        self.selector.discard_recent(BEGINNING)

    def learn(self, forecaster: Forecaster) -> None:
        """See ``Detector.learn``."""
        if self.present and forecaster.count > SETTLING and forecaster.count % TEACHES_EVERY == 0:
            self.selector.learn(self.present, forecaster.learning_mode)

    def to_go(self, forecaster: Forecaster) -> int:
        """See ``Detector.to_go``."""
        lacking = self.selector.selected.lacking * TEACHES_EVERY
        return lacking + max(0, SETTLING - forecaster.count) if lacking else 0

    def adjust(self, refit: Refit) -> None:
        """See ``Detector.adjust``."""
        self.rests = array("d", (rest + EVERY * refit.shift for rest in self.rests))
        self.usual += refit.shift
        for index in range(HARMONIC, len(self.forecasts), ROW):
            self.forecasts[index] += refit.shift
        if not refit.is_steady:
            self.selector.forget(HARMONIC)

    def explain(self, forecaster: Forecaster, words: Words) -> tuple[str, str]:
        """See ``Detector.explain``."""
        residual = self.present[self.selector.best]
        direction = "up" if residual > 0 else "down"
        change, usual = change_and_clause(words, abs(residual), self.allowed)
        return (
            f"step {direction}",
            f"{words.name} went {direction} by {change} within"
            f" {duration(WINDOW * forecaster.interval)}; {usual}",
        )
