"""Saturation: readings are cut off at a bound."""

import math
from array import array
from dataclasses import dataclass, field

from monitoring.detection.detectors.forecaster import BLOCK, Forecaster, Refit
from monitoring.detection.detectors.recurrence import Recurrence
from monitoring.kernel.number_format import Words
from monitoring.kernel.state import Stateful

WINDOW = 4  # blocks
FEWEST = 4  # readings
LAG = 112  # blocks
GRACE = 150  # blocks
SURPRISE = 22.0  # nats
FADE = 0.5 ** (1 / 2700)  # every 32 readings: half in a day's readings at 1 Hz


def counts() -> "array[int]":
    """Return an array without counts; a deque takes four times the memory."""
    return array("I")


@dataclass(slots=True)
class Saturation(Stateful):
    """Find k of 32 readings exactly at the recent highest or lowest value, where p is the usual share.

    Score: (k·ln(k / 32p) - (k - 32p)) / ``surprise``; the numerator bounds the logarithm of the Poisson tail.
    k also has to exceed ``margin`` times the normal maximum. A finding counts as normal only if there are
    more than 24 a day.

    Grace: 1,200 readings. Source: Chernoff (1952).
    """

    surprise: float = SURPRISE
    margin: float = 1.3
    highest: float = field(default=-math.inf, init=False)
    lowest: float = field(default=math.inf, init=False)
    highest_before: float = field(default=-math.inf, init=False)  # over the 32 readings before
    lowest_before: float = field(default=math.inf, init=False)
    ties: int = field(default=0, init=False)  # readings of this block at a bound
    blocks: "array[int]" = field(default_factory=counts, init=False)  # ties of the last 116 blocks
    count: int = field(default=0, init=False)  # blocks
    usual: int = field(default=0, init=False)
    learned: int = field(default=0, init=False)
    most: float = field(default=0.0, init=False)
    recents: "array[int]" = field(default_factory=counts, init=False)
    calm: int = field(default=LAG, init=False)  # blocks since the last finding
    recurrence: Recurrence = field(default_factory=Recurrence, init=False)

    STATE = (
        *("highest", "lowest", "highest_before", "lowest_before", "ties", "blocks", "count", "usual"),
        *("learned", "most", "recents", "calm", "recurrence"),
    )

    def note(self, value: float) -> None:
        """Count a reading that is at a bound; call this for each reading.

        A constant signal is at both bounds, so a constant signal that stays at another level is not unusual.
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
        """Return how many of the last 32 readings were at a bound."""
        return sum(self.blocks[-index] for index in range(1, min(WINDOW, len(self.blocks)) + 1))

    def score(self, forecaster: Forecaster) -> float:
        """See ``Detector.score``; only the reading that ends a block can be a finding."""
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
                self.recurrence.add()
            self.calm = 0
        return score

    def learn(self, forecaster: Forecaster) -> None:
        """See ``Detector.learn``: learn from readings that are more than 900 readings old."""
        self.recurrence.fade()
        self.calm += 1
        teaches = self.calm > WINDOW or self.recurrence.is_frequent
        if len(self.blocks) > LAG + WINDOW:
            ties = self.blocks.pop(0)
            if teaches:
                self.usual += ties
                self.learned += BLOCK
        if self.count % WINDOW:
            return
        if teaches:
            self.recents.append(self.recent)
            if len(self.recents) > LAG // WINDOW:
                self.most = max(self.most * FADE, self.recents.pop(0))
        self.highest_before, self.lowest_before = self.highest, self.lowest
        self.highest, self.lowest = -math.inf, math.inf

    def to_go(self, forecaster: Forecaster) -> int:
        """See ``Detector.to_go``."""
        return max(0, GRACE - self.count) * BLOCK

    def adjust(self, refit: Refit) -> None:
        """Do nothing: saturation is independent of the harmonics."""

    def explain(self, forecaster: Forecaster, words: Words) -> tuple[str, str]:
        """See ``Detector.explain``."""
        highest = max(self.highest, self.highest_before)
        lowest = min(self.lowest, self.lowest_before)
        bound = highest if highest - forecaster.value < forecaster.value - lowest else lowest
        return (
            "saturated",
            f"{words.name} is cut off at {words.amount(forecaster.origin + bound)}:"
            f" {self.recent} of the last {WINDOW * BLOCK} readings are exactly at a bound",
        )
