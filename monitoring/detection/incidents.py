"""Group findings into events: related findings are one event, which ends after an off-delay without any."""

from monitoring.kernel.incident_event import Event
from monitoring.kernel.state import Stateful

GROWN = 1.5  # a score that grew by this factor is reported again
PLAIN = 2  # from this rank on, only a finding with a higher score changes the kind
OUTSHINING = 3.0  # times the reported score: a finding of a lower rank with more changes the kind, too
COMPARABLE = 0.5  # of the reported score: a finding with less never changes the kind


class Incident(Stateful):
    """The event of one kind of trouble, open or closed.

    The event stays open until ``off_delay`` readings have come without a finding, and ends at the last
    finding; so flapping is one event. A finding of a higher rank replaces kind and explanation.

    With an off-delay of 0 the event ends at once, and resumes if a finding follows soon.

    ``primary_detector`` gave the reported kind and explanation; ``reported_score`` and ``rank`` are those
    of that finding. ``score`` is the highest of all findings. Times are in
    microseconds since 1970.
    """

    STATE = (
        *("detector", "kind", "explanation", "primary_detector", "rank", "score", "reported_score"),
        *("start_us", "last_us", "quiet_readings"),
    )

    __slots__ = (*STATE, "off_delay")

    def __init__(self, off_delay: int) -> None:
        self.off_delay = off_delay
        self.detector, self.kind, self.explanation = "", "", ""
        self.primary_detector = ""
        self.rank = 0
        self.start_us = self.last_us = 0
        self.quiet_readings = 0
        self.score = self.reported_score = 0.0

    @property
    def is_open(self) -> bool:
        """Return whether the event has begun and not ended."""
        return bool(self.detector)

    def is_reportable(self, detector: str, score: float, rank: int) -> bool:
        """Return whether a finding changes the report, which then needs an explanation."""
        if detector == self.primary_detector:
            return score > GROWN * self.reported_score
        if rank < self.rank:
            return score > OUTSHINING * self.reported_score
        least = self.reported_score * (COMPARABLE if self.rank < PLAIN else 1.0)
        return rank > self.rank and score > least

    def report(self, detector: str, description: tuple[str, str], *, score: float, rank: int) -> None:
        """Set kind and explanation (``description``) to those of the detector's finding."""
        self.kind, self.explanation = description
        self.primary_detector, self.reported_score, self.rank = detector, score, rank

    def begin(self, detector: str, start_us: int) -> None:
        """Open a new event."""
        self.detector, self.start_us, self.score = detector, start_us, 0.0
        self.primary_detector, self.rank, self.reported_score = "", -1, 0.0

    def resume(self, detector: str) -> None:
        """Open the last event again. It is reported anew; start and score stay."""
        self.detector = detector
        self.primary_detector, self.rank, self.reported_score = "", -1, 0.0

    def redescribe(self, description: tuple[str, str]) -> None:
        """Replace kind and explanation by those of a worse finding, for the report at the event's end."""
        self.kind, self.explanation = description

    def add_finding(self, score: float, time_us: int) -> bool:
        """Add a finding. Return whether the score is the highest so far."""
        is_worst = score > self.score
        self.score = max(self.score, score)
        self.last_us, self.quiet_readings = time_us, 0
        return is_worst

    def add_quiet_reading(self) -> bool:
        """Count a reading without a finding. Return whether the off-delay is over."""
        self.quiet_readings += 1
        return self.quiet_readings > self.off_delay

    def end(self) -> Event:
        """Close and return the event; the last finding is the end."""
        event = self.event(self.last_us)
        self.detector = ""
        return event

    def event(self, end_us: int | None = None) -> Event:
        """Return the present event."""
        return Event(self.detector, self.kind, self.start_us, end_us, self.score, self.explanation)
