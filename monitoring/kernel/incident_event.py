"""An event: findings of a detector over some time, with one start and one end."""

from dataclasses import dataclass

# Strengths of an event, weakest first, each with the score from which on it holds.
STRENGTHS = {"weak": 0.0, "clear": 1.5, "strong": 3.0}
WEAK = "weak"


def strength_of(score: float) -> str:
    """Return the strength of an event with this score."""
    return [name for name, least in STRENGTHS.items() if score >= least][-1]


@dataclass(frozen=True, slots=True)
class Event:
    """Consecutive findings of one detector on one tag; ``detector`` and ``start_us`` identify the event.

    ``kind`` names the fault (as a step up). ``score`` is the worst score; 1 is just enough for a finding.
    ``start_us`` and ``end_us`` are microseconds since 1970; the end is None while the event lasts.
    """

    detector: str
    kind: str
    start_us: int
    end_us: int | None
    score: float
    explanation: str

    @property
    def is_open(self) -> bool:
        """Return whether the event still lasts."""
        return self.end_us is None
