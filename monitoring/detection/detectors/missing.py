"""Missing data: readings stop coming."""

from dataclasses import dataclass, field

from monitoring.detection.detectors.forecaster import Forecaster
from monitoring.detection.detectors.recurrence import Recurrence
from monitoring.kernel.number_format import Words, duration
from monitoring.kernel.state import Stateful

GRACE = 30  # readings
FADE = 0.5 ** (8 / 86_400)  # a block of readings


@dataclass(slots=True)
class Missing(Stateful):
    """Find a time without a reading longer than ``intervals`` times the usual interval between readings.

    The time also has to exceed ``margin`` times the longest normal one, which fades by half in a day's
    readings at 1 Hz. A finding counts as normal only if there are more than 24 a day. Times in s.

    Grace: 30 readings.

    Source: the usual interval is an exponential mean over 64 intervals, each at most 4 times the mean.
    """

    intervals: float = 10.0
    margin: float = 1.5
    longest: float = field(default=0.0, init=False)

    recurrence: Recurrence = field(default_factory=Recurrence, init=False)

    STATE = ("longest", "recurrence")

    def control_limit(self, forecaster: Forecaster) -> float:
        """Return the time without a reading, in s, after which readings are missing."""
        return max(self.intervals * forecaster.interval, self.margin * self.longest)

    def score(self, forecaster: Forecaster, silence: float) -> float:
        """Return the time without a reading, ``silence`` in s, over its control limit."""
        if forecaster.count < GRACE or not forecaster.interval:
            return 0.0
        return silence / self.control_limit(forecaster)

    def fade(self) -> None:
        """Fade by a block of 8 readings."""
        self.longest *= FADE
        self.recurrence.fade()

    def learn(self, forecaster: Forecaster, silence: float) -> None:
        """Learn from the time without a reading before the present one."""
        if silence <= self.longest:
            return
        if self.score(forecaster, silence) > 1:
            self.recurrence.add()
            if not self.recurrence.is_frequent:
                return
        self.longest = silence

    def to_go(self, forecaster: Forecaster) -> int:
        """See ``Detector.to_go``."""
        return max(0, GRACE - forecaster.count)

    def explain(self, forecaster: Forecaster, words: Words, silence: float) -> tuple[str, str]:
        """Return kind and sentence."""
        return (
            "missing",
            f"no reading of {words.name} for {duration(silence)};"
            f" one normally comes every {duration(forecaster.interval)}",
        )
