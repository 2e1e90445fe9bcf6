"""Step: the level of the last few readings is not the one before them."""

from array import array
from dataclasses import dataclass, field
from typing import Any

from monitoring.detection.detectors.course import LONG_AGO, Course, Refit
from monitoring.detection.detectors.scale import FAULT, Candidates
from monitoring.kernel.number_format import Words, duration
from monitoring.kernel.state import Stateful, flat, rows_of

WINDOW = 8  # readings
EVERY = 2  # readings it looks
ROW = 5  # numbers of a forecast: the four levels and the slope
CENTRE = (WINDOW + 1) / 2  # readings ahead of the forecast
TEACHES_EVERY = 8  # readings: the windows between overlap anyway
SETTLING = 256  # readings
BEGINNING = 4  # errors
CYCLE = 3


def candidates() -> Candidates:
    """Of the forecasts from an exponential mean over 4, over 32, of level and slope, of the cycles."""
    return Candidates(4, held=112, memory=1000, half_life=3 * 86_400 / TEACHES_EVERY, least=75)


@dataclass(slots=True)
class Step(Stateful):
    """Finds |e| > max(threshold · σ, margin · record), e the mean of the last 8 readings less its forecast.

    The forecast was made before them, by the one of four that has the least σ. Outliers count up to
    4.5 σ of the one-step error, so that one spike is no step.

    Grace: about 1,800 readings (900 held back, 600 learned). Source: two-sided mean shift in a moving
    window against a forecast, Basseville & Nikiforov, Detection of Abrupt Changes (1993).
    """

    threshold: float = 5.5
    margin: float = 1.25
    errors: Candidates = field(default_factory=candidates, init=False)
    values: "array[float]" = field(default_factory=lambda: array("d"), init=False)
    rests: "array[float]" = field(default_factory=lambda: array("d"), init=False)
    forecasts: "array[float]" = field(default_factory=lambda: array("d"), init=False)  # in rows
    usual: float = field(default=0.0, init=False)  # the level of the cycles, as before a fault
    present: tuple[float, ...] = field(default=(), init=False)
    allowed: float = field(default=0.0, init=False)  # the reach when the present reading was found

    def state(self) -> list[Any]:
        """See ``Stateful.state``."""
        return [
            *(self.errors.state(), self.values.tolist(), self.rests.tolist()),
            *(rows_of(self.forecasts, ROW), self.usual),
        ]

    def restore(self, state: list[Any]) -> None:
        """See ``Stateful.restore``."""
        errors, values, rests, forecasts, self.usual = state
        self.errors.restore(errors)
        self.values, self.rests = array("d", values), array("d", rests)
        self.forecasts = flat(forecasts)

    def score(self, course: Course) -> float:
        """See ``Detector.score``."""
        self.present = ()
        if course.is_fresh:
            self.begin()
        elif course.has_moved and not course.sigma:
            self._move(course)
        if course.count % EVERY:
            return 0.0
        values, rests, forecasts, score = self.values, self.rests, self.forecasts, 0.0
        values.append(course.clean_before + course.clean)
        rests.append(course.clean_cycle_before + course.clean_cycle)
        if len(values) > WINDOW // EVERY:
            del values[0], rests[0]
        if len(forecasts) > WINDOW // EVERY * ROW:
            score = self._compare(course)
        if forecasts or course.since >= LONG_AGO:
            forecasts.extend((*course.levels, course.slope))
        return score

    def _compare(self, course: Course) -> float:
        """Compare the window's mean with what was foretold before it; the score."""
        fast, slow, trend, cycle_level, slope = self.forecasts[:ROW]
        del self.forecasts[:ROW]
        mean = sum(self.values) / WINDOW
        if course.lesson is not FAULT:
            self.usual = cycle_level
        rest = sum(self.rests) / WINDOW - self.usual
        self.present = (mean - fast, mean - slow, mean - trend - CENTRE * slope, rest)
        best = self.errors.best
        error, believed = self.present[best], self.errors.scales[best]
        score = believed.score(error, self.threshold, self.margin, floor=course.sigma)
        if score <= 1:
            return score
        self.allowed = believed.reach(self.threshold, self.margin)
        return score if abs(error) > course.rounding else 0.0

    def _move(self, course: Course) -> None:
        """Take over the level to which a constant has moved: the window's readings are all there."""
        for place in range(len(self.values)):
            self.values[place], self.rests[place] = EVERY * course.clean, EVERY * course.clean_cycle

    def begin(self) -> None:
        """Begins anew: what was before says nothing of what comes."""
        for window in (self.values, self.rests, self.forecasts):
            del window[:]

    def recant(self) -> None:
        """Takes back what the beginning of a fault may have taught."""
        self.errors.recant(BEGINNING)

    def learn(self, course: Course) -> None:
        """See ``Detector.learn``."""
        if self.present and course.count > SETTLING and course.count % TEACHES_EVERY == 0:
            self.errors.learn(self.present, course.lesson)

    def adjust(self, refit: Refit) -> None:
        """See ``Detector.adjust``."""
        self.rests = array("d", (rest + EVERY * refit.shift for rest in self.rests))
        self.usual += refit.shift
        for place in range(CYCLE, len(self.forecasts), ROW):
            self.forecasts[place] += refit.shift
        if not refit.is_steady:
            self.errors.forget(CYCLE)

    def explain(self, course: Course, words: Words) -> tuple[str, str]:
        """See ``Detector.explain``."""
        error = self.present[self.errors.best]
        direction = "up" if error > 0 else "down"
        return (
            f"step {direction}",
            f"{words.name} went {direction} by {words.reach(abs(error))} within"
            f" {duration(WINDOW * course.interval)}; {words.usual(self.allowed)}",
        )
