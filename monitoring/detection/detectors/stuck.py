"""Stuck: a value repeats more often than by chance."""

import math
from dataclasses import dataclass, field

from monitoring.detection.detectors.forecaster import DAY, Forecaster, Refit
from monitoring.detection.detectors.recurrence import Recurrence
from monitoring.kernel.number_format import Words, duration
from monitoring.kernel.state import Stateful

SHORTEST = 3  # repeats
GRACE = 300  # readings
FADE = 0.5 ** (8 / DAY)  # a block of readings


@dataclass(slots=True)
class Stuck(Stateful):
    """Find a run of n repeats with p^n < ``chance``, p the share of readings that repeat the one before.

    The run also has to exceed ``margin`` times the longest normal one, which fades by half in a day's
    readings at 1 Hz; this spares signals with few levels. A run that was a finding counts as normal only if
    there are more than 24 a day: then the signal rests now and then.

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
    recurrence: Recurrence = field(default_factory=Recurrence, init=False)

    STATE = ("run", "repeats", "count", "longest", "last", "began_us", "is_found", "recurrence")

    def score(self, forecaster: Forecaster) -> float:
        """See ``Detector.score``; ``began_us`` is the start of the run."""
        if forecaster.value != self.last or forecaster.is_reset:
            return 0.0
        run = self.run + 1
        if run < SHORTEST or self.count - self.run < GRACE or run <= self.margin * self.longest:
            return 0.0
        share = (self.repeats - self.run + 1) / (self.count - self.run + 2)
        score = run * math.log(share) / math.log(self.chance)
        self.is_found = self.is_found or score > 1
        return score

    def fade(self) -> None:
        """Fade by a block of 8 readings."""
        self.longest *= FADE
        self.recurrence.fade()

    def learn(self, forecaster: Forecaster) -> None:
        """See ``Detector.learn``."""
        self.count += 1
        if forecaster.value == self.last and not forecaster.is_reset:
            self.run += 1
            self.repeats += 1
            return
        if self.is_found:
            self.recurrence.add()
            if not self.recurrence.is_frequent:
                self.count, self.repeats, self.run = self.count - self.run, self.repeats - self.run, 0
        if self.run > self.longest:
            self.longest = self.run
        self.is_found = False
        self.run, self.last, self.began_us = 0, forecaster.value, forecaster.last_us or 0

    def to_go(self, forecaster: Forecaster) -> int:
        """See ``Detector.to_go``."""
        return max(0, GRACE - self.count)

    def adjust(self, refit: Refit) -> None:
        """Do nothing: a run is independent of the harmonics."""

    def explain(self, forecaster: Forecaster, words: Words) -> tuple[str, str]:
        """See ``Detector.explain``."""
        for_s = ((forecaster.last_us or 0) - self.began_us) / 1e6
        usual = forecaster.interval * self.count / max(1, self.count - self.repeats + self.run)
        return (
            "stuck",
            f"{words.name} has not changed from {words.amount(forecaster.origin + forecaster.value)} for"
            f" {duration(for_s)}; it normally changes every {duration(usual)}",
        )
