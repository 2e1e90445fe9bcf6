"""Samples, notes, events and alarms of a batch, as rows and as marks on the charts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse

from monitoring.alarms.wording import title_of
from monitoring.batches.analytes import analyte_title
from monitoring.batches.finding import bindings_between
from monitoring.batches.sampling import current_results
from monitoring.dashboard import words
from monitoring.dashboard.batch_rows import hours_since
from monitoring.dashboard.batch_words import elapsed_text
from monitoring.dashboard.moments import Moment, moment
from monitoring.history.events import EventSelection, StoredEvent, read_events
from monitoring.history.measurements import Selection
from monitoring.models import AlarmOccurrence, Batch, Note, SampleResult

MOST = 200  # events, alarms, notes
MOST_RESULTS = 2_000  # of samples
LEAST_STRENGTH = "clear"


@dataclass(frozen=True, slots=True)
class HappeningRow:
    """An event or an alarm of a tag, or an alarm of the batch without a tag.

    ``hours`` is the elapsed time of the start; ``end_hours`` None: it lasts.
    """

    kind: str
    tag: str
    text: str
    at: Moment
    hours: float
    end_hours: float | None
    elapsed: str
    lasted: str
    address: str
    priority: str = ""


@dataclass(frozen=True, slots=True)
class Happenings:
    """All that happened during a batch, in order of time."""

    rows: Sequence[HappeningRow] = ()
    notes: Sequence[Note] = ()
    results: Sequence[SampleResult] = ()
    is_cut: bool = False

    def as_json(self, origin: datetime) -> dict[str, Any]:
        """Return the marks for the charts; times in hours since ``origin``."""
        return {
            "spans": [
                {"tag": row.tag, "label": row.text, "x": row.hours, "until": row.end_hours}
                for row in self.rows
                if row.tag
            ],
            "notes": [note_mark(each, origin) for each in self.notes],
            "samples": [sample_mark(each, origin) for each in self.results],
        }


def read_happenings(batch: Batch, origin: datetime, now: datetime) -> Happenings:
    """Return the happenings of a batch; ``origin`` is the time of 0 h. Of each kind at most ``MOST``."""
    if batch.start is None:
        return Happenings()
    start, end = batch.start, batch.end or now
    tags = {each.tag.name: each.tag_id for each in bindings_between(batch.vessel, start, end)}
    events = events_of(tuple(tags), start, end)
    occurrences = occurrences_of(batch, list(tags.values()), start, end)
    rows = [event_row(each, origin, now) for each in events]
    rows += [alarm_row(each, origin, now) for each in occurrences]
    rows.sort(key=lambda row: row.hours)
    return Happenings(
        rows=rows,
        notes=notes_of(batch, list(tags.values()), start, end),
        results=current_results(batch)[:MOST_RESULTS],
        is_cut=MOST in (len(events), len(occurrences)),
    )


def events_of(tags: tuple[str, ...], start: datetime, end: datetime) -> Sequence[StoredEvent]:
    """Return the newest events of the tags that touch the time; no weak ones."""
    if not tags:
        return []
    within = Selection(tags, start, end)
    return read_events(EventSelection(within=within, strength=LEAST_STRENGTH), limit=MOST).events


def occurrences_of(
    batch: Batch, tags: Sequence[int], start: datetime, end: datetime
) -> list[AlarmOccurrence]:
    """Return the newest alarms of batch and tags that were active in the time, and were shown to people."""
    active = Q(cleared_at=None) | Q(cleared_at__gte=start)
    about = Q(definition__tag__in=list(tags)) | Q(details__batch=batch.pk, definition__vessel=batch.vessel_id)
    rows = AlarmOccurrence.objects.filter(active, about, active_at__lt=end, is_annunciated=True)
    return list(rows.select_related("definition__tag").order_by("-active_at", "-id")[:MOST])


def notes_of(batch: Batch, tags: Sequence[int], start: datetime, end: datetime) -> list[Note]:
    """Return the notes on the batch, and those on its vessel and tags in its time."""
    in_time = Q(start__lt=end) & (Q(end=None, start__gte=start) | Q(end__gte=start))
    about = Q(batch=batch) | (Q(batch=None) & in_time & (Q(vessel=batch.vessel_id) | Q(tag__in=list(tags))))
    rows = Note.objects.filter(about, withdrawn_at=None).select_related("tag")
    return list(rows.order_by("start", "id")[:MOST])


def note_mark(note: Note, origin: datetime) -> dict[str, Any]:
    """Return a note for the charts of its tag, or of all tags."""
    return {
        "tag": note.tag.name if note.tag else None,
        "label": f"{note.text} ({note.by})",
        "x": hours_since(origin, note.start),
        "until": hours_since(origin, note.end) if note.end else None,
    }


def sample_mark(result: SampleResult, origin: datetime) -> dict[str, Any]:
    """Return the result of a sample for the charts."""
    return {
        "number": result.sample.number,
        "analyte": result.analyte,
        "title": analyte_title(result.analyte),
        "value": result.value,
        "unit": result.unit,
        "x": hours_since(origin, result.sample.taken_at),
    }


def event_row(event: StoredEvent, origin: datetime, now: datetime) -> HappeningRow:
    """Return an event as a row."""
    hours = hours_since(origin, event.start)
    return HappeningRow(
        kind="event",
        tag=event.tag,
        text=words.kind_text(event.kind),
        at=moment(event.start, now),
        hours=hours,
        end_hours=hours_since(origin, event.end) if event.end else None,
        elapsed=elapsed_text(hours),
        lasted=lasted_text(event.start, event.end, now),
        address=reverse("dashboard") + words.address_over(event.start, event.end, event.id, now, event.tag),
    )


def alarm_row(occurrence: AlarmOccurrence, origin: datetime, now: datetime) -> HappeningRow:
    """Return the occurrence of an alarm as a row."""
    definition, hours = occurrence.definition, hours_since(origin, occurrence.active_at)
    return HappeningRow(
        kind="alarm",
        tag=definition.tag.name if definition.tag else "",
        text=title_of(definition.kind),
        at=moment(occurrence.active_at, now),
        hours=hours,
        end_hours=hours_since(origin, occurrence.cleared_at) if occurrence.cleared_at else None,
        elapsed=elapsed_text(hours),
        lasted=lasted_text(occurrence.active_at, occurrence.cleared_at, now),
        address=reverse("alarm", args=[definition.pk]),
        priority=occurrence.priority,
    )


def lasted_text(start: datetime, end: datetime | None, now: datetime) -> str:
    """Return how long something lasted, or has lasted so far."""
    text = words.duration_text(max(0.0, ((end or now) - start).total_seconds()))
    return text if end else f"{text} so far"
