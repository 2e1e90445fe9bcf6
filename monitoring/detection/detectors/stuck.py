"""Stuck: a value that repeats more often than chance lets it."""

import math
from dataclasses import dataclass, field

from monitoring.detection.detectors.course import DAY, Course, Refit
from monitoring.detection.detectors.habit import Habit
from monitoring.kernel.number_format import Words, duration
from monitoring.kernel.state import Stateful

SHORTEST = 3  # repeats
GRACE = 300  # readings
FADE = 0.5 ** (8 / DAY)  # a block of readings


@dataclass(slots=True)
class Stuck(Stateful):
    """Finds a run of n repeats with p^n < ``chance``, p the share of readings that repeat the one before.

    A run is also longer than ``margin`` times the longest normal one, which fades by half in a day's
    readings at 1 Hz: so a signal of few levels may. A run that was found is normal only if such are found
    more than 24 times a day: then the signal rests now and then.

    Grace: 300 readings before the run. Source: runs of independent trials, Feller (1968).
    """

    chance: float = 1e-8
    margin: float = 1.5
    run: int = field(default=0, init=False)
    repeats: int = field(default=0, init=False)
    count: int = field(default=0, init=False)
    longest: float = field(default=0.0, init=False)
    last: float | None = field(default=None, init=False)
    began_us: int = field(default=0, init=False)
    is_found: bool = field(default=False, init=False)
    habit: Habit = field(default_factory=Habit, init=False)

    STATE = ("run", "repeats", "count", "longest", "last", "began_us", "is_found", "habit")

    def score(self, course: Course) -> float:
        """See ``Detector.score``; ``began_us`` is when the run began."""
        if course.value != self.last or course.is_fresh:
            return 0.0
        run = self.run + 1
        if run < SHORTEST or self.count - self.run < GRACE or run <= self.margin * self.longest:
            return 0.0
        share = (self.repeats - self.run + 1) / (self.count - self.run + 2)
        score = run * math.log(share) / math.log(self.chance)
        self.is_found = self.is_found or score > 1
        return score

    def fade(self) -> None:
        """A block of 8 readings has passed."""
        self.longest *= FADE
        self.habit.fade()

    def learn(self, course: Course) -> None:
        """See ``Detector.learn``."""
        self.count += 1
        if course.value == self.last and not course.is_fresh:
            self.run += 1
            self.repeats += 1
            return
        if self.is_found:
            self.habit.add()
            if not self.habit.is_formed:
                self.count, self.repeats, self.run = self.count - self.run, self.repeats - self.run, 0
        if self.run > self.longest:
            self.longest = self.run
        self.is_found = False
        self.run, self.last, self.began_us = 0, course.value, course.last_us or 0

    def adjust(self, refit: Refit) -> None:
        """Nothing of it hangs on the cycles."""

    def explain(self, course: Course, words: Words) -> tuple[str, str]:
        """See ``Detector.explain``."""
        for_s = ((course.last_us or 0) - self.began_us) / 1e6
        usual = course.interval * self.count / max(1, self.count - self.repeats + self.run)
        return (
            "stuck",
            f"{words.name} has not changed from {words.amount(course.origin + course.value)} for"
            f" {duration(for_s)}; it normally changes every {duration(usual)}",
        )
