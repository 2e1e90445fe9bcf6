"""What is found again and again is the signal's habit, and teaches as anything else."""

from monitoring.domain.detectors.state import Stateful

FADE = 0.5 ** (1 / 86_400)  # a reading


class Habit(Stateful):
    """Counts findings; the count fades by half in a day's readings at 1 Hz."""

    STATE = ("found",)

    def __init__(self, often: float = 5.0) -> None:
        self.often = often  # times a day
        self.found = 0.0

    def fade(self) -> None:
        """A reading has passed."""
        self.found *= FADE

    def add(self) -> None:
        """Something was found."""
        self.found += 1

    @property
    def is_formed(self) -> bool:
        """Whether it was found often."""
        return self.found > self.often
