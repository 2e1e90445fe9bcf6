"""Saturation: readings that are cut off at a bound."""

import math
from collections import deque
from dataclasses import dataclass, field

from monitoring.domain.detectors.course import Course, Refit
from monitoring.domain.detectors.habit import Habit
from monitoring.domain.detectors.state import Stateful
from monitoring.domain.detectors.words import Words

WINDOW = 32  # readings
FEWEST = 4
HELD = 900  # readings
GRACE = HELD + 300  # readings
SURPRISE = 22.0  # nats
RECORD_EVERY = 32  # readings
FADE = 0.5 ** (1 / 2700)  # of the record, each time it is looked at: half in a day's readings at 1 Hz


@dataclass(slots=True)
class Saturation(Stateful):
    """Finds k of 32 readings exactly at the recent highest or lowest value, where p is the usual share.

    Score: (k·ln(k / 32p) - (k - 32p)) / ``surprise``; the numerator bounds the logarithm of the Poisson
    tail. k is also more than ``margin`` times the most that is normal. What was found is normal only if it
    is found more than 24 times a day.

    Grace: 1,200 readings. Source: Chernoff (1952).
    """

    surprise: float = SURPRISE
    margin: float = 1.3
    highest: tuple[float, float] = field(default=(-math.inf, -math.inf), init=False)
    lowest: tuple[float, float] = field(default=(math.inf, math.inf), init=False)
    ties: deque[int] = field(
        default_factory=deque, init=False
    )  # of the last 932 readings, 1 where at a bound
    recent: int = field(default=0, init=False)  # ties among the last 32
    usual: int = field(default=0, init=False)
    learned: int = field(default=0, init=False)
    most: float = field(default=0.0, init=False)
    held: deque[int] = field(default_factory=deque, init=False)
    count: int = field(default=0, init=False)
    calm: int = field(default=HELD, init=False)  # readings since the last finding
    habit: Habit = field(default_factory=Habit, init=False)

    STATE = (
        "highest",
        "lowest",
        "ties",
        "recent",
        "usual",
        "learned",
        "most",
        "held",
        "count",
        "calm",
        "habit",
    )

    def score(self, course: Course) -> float:
        """See ``Detector.score``."""
        value = course.value
        before, now = self.highest
        lower_before, lower_now = self.lowest
        if self.count % WINDOW == 0:
            tie = 0
            self.highest, self.lowest = (now, value), (lower_now, value)
        else:
            highest, lowest = max(before, now), min(lower_before, lower_now)
            tie = int(value in (highest, lowest) and lowest < highest)
            if value > now:
                self.highest = (before, value)
            if value < lower_now:
                self.lowest = (lower_before, value)
        self.count += 1
        self.ties.append(tie)
        self.recent += tie
        if len(self.ties) > WINDOW:
            self.recent -= self.ties[-1 - WINDOW]
        k = self.recent
        if k < FEWEST or self.count < GRACE or k <= self.margin * self.most:
            return 0.0
        expected = WINDOW * (self.usual + 1) / (self.learned + 50)
        score = (k * math.log(k / expected) - (k - expected)) / self.surprise if k > expected else 0.0
        if score > 1:
            if self.calm > WINDOW:
                self.habit.add()
            self.calm = 0
        return score

    def fade(self) -> None:
        """A block of 8 readings has passed."""
        self.habit.fade()

    def learn(self, course: Course) -> None:
        """See ``Detector.learn``: what is older than 900 readings teaches."""
        self.calm += 1
        teaches = self.calm > WINDOW or self.habit.is_formed
        if len(self.ties) > HELD + WINDOW:
            tie = self.ties.popleft()
            if teaches:
                self.usual += tie
                self.learned += 1
        if teaches and self.count % RECORD_EVERY == 0:
            self.held.append(self.recent)
            if len(self.held) > HELD // RECORD_EVERY:
                self.most = max(self.most * FADE, self.held.popleft())

    def adjust(self, refit: Refit) -> None:
        """Nothing of it hangs on the cycles."""

    def explain(self, course: Course, words: Words) -> tuple[str, str]:
        """See ``Detector.explain``."""
        is_high = course.value >= max(self.highest)
        bound = max(self.highest) if is_high else min(self.lowest)
        return (
            "saturated",
            f"{words.name} is cut off at {words.amount(course.origin + bound)}:"
            f" {self.recent} of the last {WINDOW} readings are exactly at a bound",
        )
