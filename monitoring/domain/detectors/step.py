"""Step: the level of the last few readings is not the one before them."""

from collections import deque
from dataclasses import dataclass, field

from monitoring.domain.detectors.course import LONG_AGO, Course, Refit
from monitoring.domain.detectors.scale import Candidates, Lesson
from monitoring.domain.detectors.state import Stateful
from monitoring.domain.detectors.words import Words, duration

WINDOW = 8  # readings
EVERY = 2  # readings it looks
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
    values: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW // EVERY), init=False)
    rests: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW // EVERY), init=False)
    forecasts: deque[tuple[float, ...]] = field(
        default_factory=lambda: deque(maxlen=WINDOW // EVERY + 1), init=False
    )
    usual: float = field(default=0.0, init=False)  # the level of the cycles, as before a fault
    present: tuple[float, ...] = field(default=(), init=False)
    allowed: float = field(default=0.0, init=False)  # the reach when the present reading was found

    STATE = ("errors", "values", "rests", "forecasts", "usual")

    def score(self, course: Course) -> float:
        """See ``Detector.score``."""
        self.present = ()
        if course.is_fresh:
            self.begin()
        if course.count % EVERY:
            return 0.0
        self.values.append(course.clean_before + course.clean)
        self.rests.append(course.clean_cycle_before + course.clean_cycle)
        score = 0.0
        if len(self.forecasts) > WINDOW // EVERY:
            fast, slow, trend, cycle_level, slope = self.forecasts[0]
            mean = sum(self.values) / WINDOW
            if course.lesson is not Lesson.FAULT:
                self.usual = cycle_level
            rest = sum(self.rests) / WINDOW - self.usual
            self.present = (mean - fast, mean - slow, mean - trend - CENTRE * slope, rest)
            error = self.present[self.errors.best]
            score = self.errors.believed.score(error, self.threshold, self.margin)
            if score > 1:
                self.allowed = self.errors.believed.reach(self.threshold, self.margin)
        if course.since >= LONG_AGO or self.forecasts:
            self.forecasts.append((*course.levels, course.slope))
        return score

    def begin(self) -> None:
        """Begins anew: what was before says nothing of what comes."""
        for window in (self.values, self.rests, self.forecasts):
            window.clear()

    def recant(self) -> None:
        """Takes back what the beginning of a fault may have taught."""
        self.errors.recant(BEGINNING)

    def learn(self, course: Course) -> None:
        """See ``Detector.learn``."""
        if self.present and course.count > SETTLING and course.count % TEACHES_EVERY == 0:
            self.errors.learn(self.present, course.lesson)

    def adjust(self, refit: Refit) -> None:
        """See ``Detector.adjust``."""
        self.rests = deque((rest + EVERY * refit.shift for rest in self.rests), WINDOW // EVERY)
        self.usual += refit.shift
        self.forecasts = deque(
            ((*levels, cycle_level + refit.shift, slope) for *levels, cycle_level, slope in self.forecasts),
            WINDOW // EVERY + 1,
        )
        if not refit.is_steady:
            self.errors.forget(CYCLE)

    def explain(self, course: Course, words: Words) -> tuple[str, str]:
        """See ``Detector.explain``."""
        error = self.present[self.errors.best]
        direction = "up" if error > 0 else "down"
        return (
            f"step {direction}",
            f"{words.name} went {direction} by {words.reach(abs(error))} within"
            f" {duration(WINDOW * course.interval)}; up to {words.reach(self.allowed)} is usual",
        )
