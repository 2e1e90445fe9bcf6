"""An event: what a detector found over some time, as one thing with a beginning and an end."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """Consecutive findings of one detector on one tag; ``detector`` and ``start_us`` identify it.

    ``kind`` says what it is (as a step up), ``score`` how much at its worst: 1 is just enough to be
    found. ``start_us`` and ``end_us`` are microseconds since 1970, the end None while it lasts.
    """

    detector: str
    kind: str
    start_us: int
    end_us: int | None
    score: float
    explanation: str

    @property
    def is_open(self) -> bool:
        """Whether it still lasts."""
        return self.end_us is None
