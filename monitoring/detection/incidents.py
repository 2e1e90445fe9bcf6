"""Findings that belong together become one event, which ends when it has been quiet for a while."""

from monitoring.kernel.incident_event import Event
from monitoring.kernel.state import Stateful

GROWN = 1.5  # so much worse is worth telling anew
PLAIN = 2  # the rank from which on a kind is given up only for a finding with a higher score


class Incident(Stateful):
    """The event that one kind of trouble makes, if there is one now.

    It lasts until ``quiet`` readings have come without a finding, and ended with the last finding: so
    what comes and goes is one event. A finding of a higher rank takes over its kind and its sentence.

    An incident without quiet readings ends at once, and is resumed by what begins soon after its end.
    """

    STATE = (
        *("detector", "kind", "explanation", "teller", "rank", "score", "told"),
        *("start_us", "last_us", "calm"),
    )

    __slots__ = (*STATE, "quiet")

    def __init__(self, quiet: int) -> None:
        self.quiet = quiet
        self.detector, self.kind, self.explanation = "", "", ""
        self.teller = ""  # the detector that gave kind and sentence
        self.rank = 0
        self.start_us = self.last_us = 0
        self.calm = 0
        self.score = self.told = 0.0

    @property
    def is_open(self) -> bool:
        """Whether there is an event that lasts."""
        return bool(self.detector)

    def is_news(self, detector: str, score: float, rank: int) -> bool:
        """Whether a finding would change what is told, so that it needs its sentence."""
        if detector == self.teller:
            return score > GROWN * self.told
        return rank > self.rank and (score > self.told or self.rank < PLAIN)

    def tell(self, detector: str, told: tuple[str, str], *, score: float, rank: int) -> None:
        """What it is as far as is known now, by kind and sentence."""
        self.kind, self.explanation = told
        self.teller, self.told, self.rank = detector, score, rank

    def begin(self, detector: str, start_us: int) -> None:
        """Opens the event."""
        self.detector, self.start_us, self.score = detector, start_us, 0.0
        self.teller, self.rank, self.told = "", -1, 0.0

    def resume(self, detector: str) -> None:
        """Opens the event again that ended last: it is told anew, and its score stays."""
        self.detector = detector
        self.teller, self.rank, self.told = "", -1, 0.0

    def retell(self, told: tuple[str, str]) -> None:
        """The same, only worse: not worth telling by itself, but what the event says when it ends."""
        self.kind, self.explanation = told

    def note(self, score: float, time_us: int) -> bool:
        """One more finding; whether it is the worst so far."""
        is_worst = score > self.score
        self.score = max(self.score, score)
        self.last_us, self.calm = time_us, 0
        return is_worst

    def rest(self) -> bool:
        """A reading without a finding; whether that was enough of them."""
        self.calm += 1
        return self.calm > self.quiet

    def end(self) -> Event:
        """Closes the event."""
        event = self.event(self.last_us)
        self.detector = ""
        return event

    def event(self, end_us: int | None = None) -> Event:
        """The event as it is now."""
        return Event(self.detector, self.kind, self.start_us, end_us, self.score, self.explanation)
