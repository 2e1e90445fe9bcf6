"""Recurrence and time in alarm: a finding that recurs often, or lasts very long, counts as normal."""

from monitoring.kernel.state import Stateful

GAIN = 1 / 512  # blocks of 8 readings
TOO_MUCH = 0.6
FADE = 0.5 ** (8 / 86_400)  # a block of readings


class Recurrence(Stateful):
    """Count findings; the count fades by half in a day's readings at 1 Hz."""

    STATE = ("found",)

    __slots__ = ("found", "often")

    def __init__(self, often: float = 24.0) -> None:
        self.often = often  # findings a day
        self.found = 0.0

    def fade(self) -> None:
        """Fade by a block of 8 readings."""
        self.found *= FADE

    def add(self) -> None:
        self.found += 1

    @property
    def is_frequent(self) -> bool:
        """Whether there are more findings than ``often``."""
        return self.found > self.often


class TimeInAlarmFraction(Stateful):
    """Fraction of the last hour or so that was in fault.

    Above a limit the learned model no longer fits the signal and is learned anew, until the fraction has
    halved. A single fault that does not end exceeds the limit after an hour.
    """

    STATE = ("fraction", "is_too_much")

    __slots__ = ("fraction", "is_too_much")

    def __init__(self) -> None:
        self.fraction = 0.0
        self.is_too_much = False

    def add(self, *, in_fault: bool) -> None:
        """Add a block of 8 readings, in fault or not."""
        self.fraction += (in_fault - self.fraction) * GAIN
        self.is_too_much = self.fraction > (TOO_MUCH / 2 if self.is_too_much else TOO_MUCH)
