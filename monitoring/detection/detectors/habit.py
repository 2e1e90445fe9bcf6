"""What is found again and again, or for very long, is how the signal is now: it teaches as anything else."""

from monitoring.kernel.state import Stateful

BURDEN_GAIN = 1 / 512  # blocks of 8 readings
TOO_MUCH = 0.6
FADE = 0.5 ** (8 / 86_400)  # a block of readings


class Habit(Stateful):
    """Counts findings; the count fades by half in a day's readings at 1 Hz."""

    STATE = ("found",)

    __slots__ = ("found", "often")

    def __init__(self, often: float = 24.0) -> None:
        self.often = often  # times a day
        self.found = 0.0

    def fade(self) -> None:
        """A block of 8 readings has passed."""
        self.found *= FADE

    def add(self) -> None:
        """Something was found."""
        self.found += 1

    @property
    def is_formed(self) -> bool:
        """Whether it was found often."""
        return self.found > self.often


class Burden(Stateful):
    """For which share of the last hour or so there was trouble.

    Where it is too much, what is learned no longer fits the signal, and it has to be learned anew: that
    goes on until the share has halved. One trouble that does not end is too much after an hour.
    """

    STATE = ("share", "is_too_much")

    __slots__ = ("is_too_much", "share")

    def __init__(self) -> None:
        self.share = 0.0
        self.is_too_much = False

    def add(self, *, is_troubled: bool) -> None:
        """A block of 8 readings has passed, with trouble or without."""
        self.share += (is_troubled - self.share) * BURDEN_GAIN
        self.is_too_much = self.share > (TOO_MUCH / 2 if self.is_too_much else TOO_MUCH)
