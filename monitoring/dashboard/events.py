"""The events on the page: open events first, then the last ended ones."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitoring.dashboard import words
from monitoring.dashboard.moments import Moment, age_s, moment, range_end
from monitoring.history.events import StoredEvent, count_open_events, newest_events, open_events
from monitoring.kernel.tag_definition import TagDefinition

EVENT_ROWS = 20
# The scripts request at most this many open events, too. Tags on the page are not subject to the limit.
MOST_OPEN = 200
SHORTEST_S = 1


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event in the list; ``address`` links to the measurements of that time.

    ``until`` is None for an open event and for an event shorter than SHORTEST_S; the latter also has an
    empty ``length``. ``lasts`` is false for an ended event, and for a kind that happens at a moment. ``name``
    is that of the tag for people, in parts between which a line may break.
    """

    kind: str
    is_open: bool
    lasts: bool
    name: Sequence[str]
    length: str
    start: Moment
    until: Moment | None
    strength: str
    explanation: str
    address: str

    @property
    def link_name(self) -> str:
        """Return the name of the link for screen readers, which tells one spike from another."""
        return words.PATTERNS["eventName"].format(
            kind=self.kind, tag="".join(self.name), time=self.start.text
        )


@dataclass(frozen=True, slots=True)
class Events:
    """The events to show: ``open`` by start, ``ended`` by end, newest first.

    ``open_count`` is the number of all open events that are not weak; ``open`` may have fewer of these if the
    tags do not fit on one page.
    """

    open: list[StoredEvent] = field(default_factory=list)
    ended: list[StoredEvent] = field(default_factory=list)
    open_count: int = 0

    @property
    def all(self) -> list[StoredEvent]:
        """Return the open events, then the ended ones."""
        return [*self.open, *self.ended]

    def open_by_tag(self) -> dict[str, list[StoredEvent]]:
        """Return the open events by tag, newest first."""
        found: dict[str, list[StoredEvent]] = {}
        for event in self.open:
            found.setdefault(event.tag, []).append(event)
        return found

    @property
    def weak_count(self) -> int:
        """Return the number of weak events."""
        return sum(event.is_weak for event in self.listed)

    @property
    def listed(self) -> list[StoredEvent]:
        """Return one event for what has one cause."""
        return [event for event in self.all if event.part_of is None]

    @property
    def open_text(self) -> str:
        """Return the number of open events in words; empty without one."""
        return words.PATTERNS["open"].format(self.open_count) if self.open_count else ""

    def rows(self, now: datetime, tags: Mapping[str, TagDefinition], *, of_part: bool) -> list[EventRow]:
        """Return the first EVENT_ROWS rows, without weak events; the scripts show those on request.

        With ``of_part``, each address names the tag of the event.
        """
        told = [event for event in self.listed if not event.is_weak][:EVENT_ROWS]
        return [
            event_row(event, now, tags[event.tag].shown_name, event.tag if of_part else "") for event in told
        ]


def read_events(tags: Mapping[str, TagDefinition], on_page: Collection[str] | None = None) -> Events:
    """Return the events to show.

    Without ``on_page``, return all open events. Otherwise return all open events of the tags on the page,
    and the newest MOST_OPEN of all tags.
    """
    newest = {event.id: event for event in newest_events(EVENT_ROWS)}
    newest |= {event.id: event for event in newest_events(EVENT_ROWS, strength="clear")}
    over = [event for event in newest.values() if event.end is not None and event.tag in tags]
    ended = sorted(over, key=lambda event: event.end or event.start, reverse=True)
    if on_page is None:
        lasting = open_events()
        return Events(lasting, ended, sum(not event.is_weak and event.part_of is None for event in lasting))
    found = {event.id: event for event in [*open_events(on_page), *open_events(limit=MOST_OPEN)]}
    lasting = sorted(found.values(), key=lambda event: (event.start, event.id), reverse=True)
    return Events(lasting, ended, count_open_events())


def event_row(event: StoredEvent, now: datetime, name: str, only: str) -> EventRow:
    """Convert an event to a row; ``name`` is the tag for people, ``only`` that in the address, or empty."""
    lasted_s = age_s(event.start, event.end or now)
    is_moment = event.end is not None and lasted_s < SHORTEST_S
    is_momentary = event.kind in words.MOMENTARY_KINDS
    return EventRow(
        kind=words.kind_text(event.kind),
        is_open=event.end is None,
        lasts=event.end is None and not is_momentary,
        name=words.name_parts(name),
        length="" if is_moment else length_text(lasted_s, is_open=event.end is None, is_past=is_momentary),
        start=moment(event.start, now),
        until=range_end(event.end, event.start, now) if event.end and not is_moment else None,
        strength=event.strength,
        explanation=event.explanation,
        address=words.address_over(event.start, event.end, event.id, now, only),
    )


def length_text(lasted_s: float, *, is_open: bool, is_past: bool) -> str:
    """Return the length of an ended event, or how long ago (``is_past``) or since when an open one is."""
    length = words.duration_text(lasted_s)
    if not is_open:
        return length
    return words.PATTERNS["past" if is_past else "lasting"].format(length)
