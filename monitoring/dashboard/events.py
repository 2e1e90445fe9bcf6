"""The events as the page shows them: those that last, and then the newest of those that have ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitoring.dashboard import words
from monitoring.dashboard.moments import Moment, age_s, moment
from monitoring.domain.tags import TagDefinition
from monitoring.queries.events import StoredEvent, newest_events, open_events

EVENT_ROWS = 20
SHORTEST_S = 1


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event in the list; ``address`` shows what was measured then.

    ``until`` is None while it lasts, and where it was over as soon as it was there: that has no ``length``.
    """

    kind: str
    is_open: bool
    tag: str
    length: str
    start: Moment
    until: Moment | None
    explanation: str
    address: str


@dataclass(frozen=True, slots=True)
class Events:
    """What is shown: ``open`` began last first, ``ended`` ended last first."""

    open: list[StoredEvent] = field(default_factory=list)
    ended: list[StoredEvent] = field(default_factory=list)

    @property
    def all(self) -> list[StoredEvent]:
        """What the scripts start from."""
        return [*self.open, *self.ended]

    def open_of(self, tag: str) -> list[StoredEvent]:
        """The tag's events that last."""
        return [event for event in self.open if event.tag == tag]

    def rows(self, now: datetime) -> list[EventRow]:
        """The list."""
        return [event_row(event, now) for event in self.all[:EVENT_ROWS]]


def read_events(tags: Mapping[str, TagDefinition]) -> Events:
    """The events now."""
    ended = [event for event in newest_events(EVENT_ROWS) if event.end is not None and event.tag in tags]
    return Events(open_events(), sorted(ended, key=lambda event: event.end or event.start, reverse=True))


def event_row(event: StoredEvent, now: datetime) -> EventRow:
    """The event in words."""
    end = event.end or now
    lasted_s = age_s(event.start, end)
    is_moment = event.end is not None and lasted_s < SHORTEST_S
    length = "" if is_moment else words.duration_text(lasted_s)
    return EventRow(
        kind=words.kind_text(event.kind),
        is_open=event.end is None,
        tag=event.tag,
        length=length if event.end else f"for {length}",
        start=moment(event.start, now),
        until=moment(event.end, now) if event.end and not is_moment else None,
        explanation=event.explanation,
        address=words.address_over(event.start, end, event.id),
    )
