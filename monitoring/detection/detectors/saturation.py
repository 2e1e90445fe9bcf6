"""Saturation: readings that are cut off at a bound."""

import math
from collections import deque
from dataclasses import dataclass, field

from monitoring.detection.detectors.course import BLOCK, Course, Refit
from monitoring.detection.detectors.habit import Habit
from monitoring.kernel.number_format import Words
from monitoring.kernel.state import Stateful

WINDOW = 4  # blocks
FEWEST = 4  # readings
HELD = 112  # blocks
GRACE = 150  # blocks
SURPRISE = 22.0  # nats
FADE = 0.5 ** (1 / 2700)  # of the most, each 32 readings: half in a day's readings at 1 Hz


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
    highest: float = field(default=-math.inf, init=False)
    lowest: float = field(default=math.inf, init=False)
    highest_before: float = field(default=-math.inf, init=False)  # of the 32 readings before
    lowest_before: float = field(default=math.inf, init=False)
    ties: int = field(default=0, init=False)  # readings of this block at a bound
    blocks: deque[int] = field(default_factory=deque, init=False)  # ties of the last 116 blocks
    count: int = field(default=0, init=False)  # blocks
    usual: int = field(default=0, init=False)
    learned: int = field(default=0, init=False)
    most: float = field(default=0.0, init=False)
    recents: deque[int] = field(default_factory=deque, init=False)
    calm: int = field(default=HELD, init=False)  # blocks since the last finding
    habit: Habit = field(default_factory=Habit, init=False)

    STATE = (
        *("highest", "lowest", "highest_before", "lowest_before", "ties", "blocks", "count", "usual"),
        *("learned", "most", "recents", "calm", "habit"),
    )

    def note(self, value: float) -> None:
        """Looks whether a reading is at a bound; each one is to be shown to it.

        A constant signal is at both: so it is nothing unusual for it to stay at another level.
        """
        highest = self.highest if self.highest > self.highest_before else self.highest_before
        lowest = self.lowest if self.lowest < self.lowest_before else self.lowest_before
        if (value >= highest or value <= lowest) and value in (highest, lowest):
            self.ties += 1
        if value > self.highest:
            self.highest = value
        if value < self.lowest:
            self.lowest = value

    @property
    def recent(self) -> int:
        """How many of the last 32 readings were at a bound."""
        return sum(self.blocks[-place] for place in range(1, min(WINDOW, len(self.blocks)) + 1))

    def score(self, course: Course) -> float:
        """See ``Detector.score``; only the reading that ends a block can be found."""
        self.blocks.append(self.ties)
        self.ties = 0
        self.count += 1
        recent = self.recent
        if recent < FEWEST or self.count < GRACE or recent <= self.margin * self.most:
            return 0.0
        expected = WINDOW * BLOCK * (self.usual + 1) / (self.learned + 50)
        if recent <= expected:
            return 0.0
        score = (recent * math.log(recent / expected) - (recent - expected)) / self.surprise
        if score > 1:
            if self.calm > WINDOW:
                self.habit.add()
            self.calm = 0
        return score

    def learn(self, course: Course) -> None:
        """See ``Detector.learn``: what is older than 900 readings teaches."""
        self.habit.fade()
        self.calm += 1
        teaches = self.calm > WINDOW or self.habit.is_formed
        if len(self.blocks) > HELD + WINDOW:
            ties = self.blocks.popleft()
            if teaches:
                self.usual += ties
                self.learned += BLOCK
        if self.count % WINDOW:
            return
        if teaches:
            self.recents.append(self.recent)
            if len(self.recents) > HELD // WINDOW:
                self.most = max(self.most * FADE, self.recents.popleft())
        self.highest_before, self.lowest_before = self.highest, self.lowest
        self.highest, self.lowest = -math.inf, math.inf

    def adjust(self, refit: Refit) -> None:
        """Nothing of it hangs on the cycles."""

    def explain(self, course: Course, words: Words) -> tuple[str, str]:
        """See ``Detector.explain``."""
        highest = max(self.highest, self.highest_before)
        lowest = min(self.lowest, self.lowest_before)
        bound = highest if highest - course.value < course.value - lowest else lowest
        return (
            "saturated",
            f"{words.name} is cut off at {words.amount(course.origin + bound)}:"
            f" {self.recent} of the last {WINDOW * BLOCK} readings are exactly at a bound",
        )
