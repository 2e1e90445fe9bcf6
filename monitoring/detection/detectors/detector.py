"""What a detector is: it learns as readings come, and says of each how far it is from normal."""

from typing import Protocol

from monitoring.detection.detectors.course import Course, Refit
from monitoring.kernel.number_format import Words


class Detector(Protocol):
    """Learns what is normal for a tag, reading by reading, and says how far each one is from it.

    A reading is scored before it teaches. A score above 1 is a finding; during its grace period a
    detector scores 0. It is O(1) or O(log window) a reading, but for what it does now and then.
    What detectors find becomes events.
    """

    def score(self, course: Course) -> float:
        """How far the present reading is from normal."""
        ...

    def learn(self, course: Course) -> None:
        """Lets the present reading teach."""
        ...

    def adjust(self, refit: Refit) -> None:
        """Takes over new cycles."""
        ...

    def explain(self, course: Course, words: Words) -> tuple[str, str]:
        """Kind and sentence of what was found in the present reading."""
        ...
