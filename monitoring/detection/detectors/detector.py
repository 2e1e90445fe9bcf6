"""Interface of a detector: score each reading, then learn from it."""

from typing import Protocol

from monitoring.detection.detectors.forecaster import Forecaster, Refit
from monitoring.kernel.number_format import Words


class Detector(Protocol):
    """Learn reading by reading what is normal for a tag, and score each reading's distance from normal.

    A reading is scored before the detector learns from it. A score above 1 is a finding; during its grace
    period a detector returns 0. Apart from rare refits the cost is O(1) or O(log window) a reading. Findings
    become events.
    """

    def score(self, forecaster: Forecaster) -> float:
        """Return the distance of the present reading from normal."""
        ...

    def learn(self, forecaster: Forecaster) -> None:
        """Learn from the present reading."""
        ...

    def to_go(self, forecaster: Forecaster) -> int:
        """Return how many further readings the detector needs before it can find anything, about."""
        ...

    def adjust(self, refit: Refit) -> None:
        """Adapt to new harmonics."""
        ...

    def explain(self, forecaster: Forecaster, words: Words) -> tuple[str, str]:
        """Return kind and sentence of the finding in the present reading."""
        ...
