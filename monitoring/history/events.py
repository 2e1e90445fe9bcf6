"""Read detector events: in a range of time, or changed since a revision."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Max, Q, QuerySet

from monitoring.history.keyset import Cursor, after_cursor, split_page
from monitoring.history.measurements import Selection
from monitoring.kernel.clock import iso_utc
from monitoring.kernel.incident_event import STRENGTHS, WEAK, strength_of
from monitoring.models import Event


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as in responses; the end is None while the event lasts.

    An event that is ``part_of`` another one has the same cause; the other one says how many ``others`` it
    stands for.
    """

    id: int
    tag: str
    detector: str
    kind: str
    start: datetime
    end: datetime | None
    score: float
    explanation: str
    part_of: int | None = None
    others: int = 0

    @property
    def strength(self) -> str:
        """Return weak, clear or strong, by the score."""
        return strength_of(self.score)

    @property
    def is_weak(self) -> bool:
        """Return whether the event is hardly more than usual."""
        return self.strength == WEAK

    def as_json(self) -> dict[str, Any]:
        """Return an item of ``/events``."""
        return {
            "id": self.id,
            "tag": self.tag,
            "detector": self.detector,
            "kind": self.kind,
            "start": iso_utc(self.start),
            "end": None if self.end is None else iso_utc(self.end),
            "score": self.score,
            "strength": self.strength,
            "explanation": self.explanation,
            "part_of": self.part_of,
            "others": self.others,
        }


@dataclass(frozen=True, slots=True)
class EventSelection:
    """Criteria for events: an inclusive range of time that the events overlap, tags, state and kind.

    ``strength`` is the least one. None or no tags means no restriction. An open event overlaps every time
    after its start.
    """

    within: Selection = field(default_factory=Selection)
    is_open: bool | None = None
    detector: str | None = None
    kind: str | None = None
    strength: str | None = None


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events in order of start, and the start of the next page (None: last page)."""

    events: Sequence[StoredEvent]
    next: Cursor | None

    def as_json(self) -> list[dict[str, Any]]:
        """Return the items of ``/events``."""
        return [event.as_json() for event in self.events]


def read_events(
    selection: EventSelection, *, limit: int, ascending: bool = False, after: Cursor | None = None
) -> EventPage:
    """Return up to ``limit`` selected events after the cursor, in order of start and id; newest first."""
    sign = "" if ascending else "-"
    ordered = behind(selection, after, ascending=ascending).order_by(f"{sign}start", f"{sign}id")
    found = stored(ordered[: limit + 1])
    return EventPage(*split_page(found, limit, lambda event: Cursor(event.start, event.id)))


def open_events(tags: Collection[str] | None = None, *, limit: int | None = None) -> list[StoredEvent]:
    """Return the open events of tags in use, newest first; with ``tags``, only of these tags."""
    rows = Event.objects.filter(end=None, tag__active=True).order_by("-start", "-id")
    return stored((rows if tags is None else rows.filter(tag__name__in=list(tags)))[:limit])


def count_open_events() -> int:
    """Return the number of open events of tags in use, without weak ones; one for what has one cause."""
    rows = Event.objects.filter(end=None, tag__active=True, part_of=None)
    return rows.exclude(score__lt=STRENGTHS["clear"]).count()


def newest_events(limit: int, *, strength: str | None = None) -> list[StoredEvent]:
    """Return the last ``limit`` events of at least this strength, open or not; newest first."""
    return list(read_events(EventSelection(strength=strength), limit=limit).events)


def strongest_first(events: Sequence[StoredEvent]) -> list[StoredEvent]:
    """Return the events in order of strength, those of equal strength in the given order; no weak ones."""
    told = [event for event in events if not event.is_weak]
    return sorted(told, key=lambda event: STRENGTHS[event.strength], reverse=True)


def newest_revision() -> int:
    """Return the revision of the last changed event; 0 before the first."""
    return Event.objects.aggregate(newest=Max("revision"))["newest"] or 0


def changed_events(*, after: int, limit: int) -> list[tuple[int, StoredEvent]]:
    """Return the first ``limit`` events with a higher revision, each as (revision, present state)."""
    rows = Event.objects.select_related("tag").filter(revision__gt=after).order_by("revision")[:limit]
    return [(row.revision, stored_event(row)) for row in rows]


def selected(selection: EventSelection) -> QuerySet[Event]:
    """Return the rows of the selection, unordered; without tags one event for what has one cause."""
    rows, within = Event.objects.all(), selection.within
    rows = rows.filter(tag__name__in=within.tags) if within.tags else rows.filter(part_of=None)
    if within.end is not None:
        rows = rows.filter(start__lte=within.end)
    if within.start is not None:
        rows = rows.filter(Q(end=None) | Q(end__gte=within.start))
    if selection.is_open is not None:
        rows = rows.filter(end__isnull=selection.is_open)
    if selection.detector is not None:
        rows = rows.filter(detector=selection.detector)
    if selection.strength is not None:
        rows = rows.filter(score__gte=STRENGTHS[selection.strength])
    return rows if selection.kind is None else rows.filter(kind=selection.kind)


def behind(selection: EventSelection, after: Cursor | None, *, ascending: bool) -> QuerySet[Event]:
    """Return the rows of the selection after the cursor, unordered."""
    if after is None:
        return selected(selection)
    rest = after_cursor("start", after, ascending=ascending)
    if ascending:
        return selected(selection).filter(rest, start__gte=after.timestamp)
    end = min(selection.within.end or after.timestamp, after.timestamp)
    return selected(replace(selection, within=replace(selection.within, end=end))).filter(rest)


def stored(rows: QuerySet[Event]) -> list[StoredEvent]:
    """Convert the rows for responses."""
    return [stored_event(row) for row in rows.select_related("tag")]


def stored_event(row: Event) -> StoredEvent:
    """Convert the row for responses."""
    explanation = row.explanation
    if row.others:
        tags = "1 other tag" if row.others == 1 else f"{row.others} other tags"
        explanation += f"; {tags} fell silent with it: look for one cause, as the network or Fermon itself"
    return StoredEvent(
        row.pk,
        row.tag.name,
        row.detector,
        row.kind,
        row.start,
        row.end,
        row.score,
        explanation,
        row.part_of,
        row.others,
    )
