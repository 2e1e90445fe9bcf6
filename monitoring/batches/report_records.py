"""Records of a batch for its report: samples, events, alarms, notes, quality, exclusions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, Q

from monitoring.batches.bound_tags import BatchExtent, BoundTag
from monitoring.history.events import EventSelection, read_events
from monitoring.history.exclusions import read_exclusions
from monitoring.history.measurements import Selection
from monitoring.history.quality import read_gaps, read_spans
from monitoring.kernel.clock import iso_or_none, iso_utc, parse_timestamp, to_micros
from monitoring.models import AlarmJournalEntry, AlarmOccurrence, Note, Sample, SampleResult

MOST_LINES = 500  # of each list
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RecordScope:
    """The batch of a report and its tags by name. ``is_whole``: also those of no single tag."""

    extent: BatchExtent
    tags: Mapping[str, BoundTag]
    is_whole: bool

    @property
    def start(self) -> datetime:
        """Return the exact start of the batch."""
        return self.extent.batch.start or self.extent.start

    @property
    def end(self) -> datetime:
        """Return the exact end of the batch, or of the report."""
        return self.extent.batch.end or self.extent.end

    @property
    def selection(self) -> Selection:
        """Return the tags and the time, for the functions that read records."""
        return Selection(tuple(self.tags), self.start, self.end)

    def touches(self, item: Json, start: str, end: str) -> bool:
        """Return whether the item touches a time in which its tag was bound; one without a tag does."""
        if item.get("tag") is None:
            return True
        last = item[end] and to_micros(parse_timestamp(item[end]))
        return self.tags[item["tag"]].is_bound(to_micros(parse_timestamp(item[start])), last)


Reader = Callable[[RecordScope], Sequence[Json]]


def read_records(scope: RecordScope) -> Json:
    """Return each list by name, in order of time, and ``truncated``: the names of lists that were cut."""
    found = {name: list(read(scope)) for name, read in READERS.items()}
    lists = {
        name: [item for item in items[:MOST_LINES] if scope.touches(item, *SPAN_FIELDS.get(name, SPAN))]
        for name, items in found.items()
    }
    return lists | {"truncated": [name for name, items in found.items() if len(items) > MOST_LINES]}


def samples_of(scope: RecordScope) -> list[Json]:
    """Return the samples, with the results in force and the values that these supersede."""
    if not scope.is_whole:
        return []
    results = Prefetch("results", SampleResult.objects.order_by("id"))
    samples = Sample.objects.filter(batch=scope.extent.batch).prefetch_related(results)
    return [
        sample_json(sample, scope.extent) for sample in samples.order_by("taken_at", "id")[: MOST_LINES + 1]
    ]


def sample_json(sample: Sample, extent: BatchExtent) -> Json:
    """Return a sample; ``results`` has the results in force, each with ``corrected``: the former ones."""
    results = list(sample.results.all())
    by_id = {result.pk: result for result in results}
    superseded = {result.supersedes_id for result in results}
    return {
        "number": sample.number,
        "taken_at": iso_utc(sample.taken_at),
        "elapsed_h": extent.elapsed_h(to_micros(sample.taken_at)),
        "entered_at": iso_utc(sample.entered_at),
        "entered_by": sample.entered_by,
        "comment": sample.comment,
        "withdrawn_at": iso_or_none(sample.withdrawn_at),
        "withdrawn_by": sample.withdrawn_by,
        "reason": sample.reason,
        "results": [
            result_json(result) | {"corrected": [result_json(each) for each in former(result, by_id)]}
            for result in results
            if result.pk not in superseded
        ],
    }


def former(result: SampleResult, by_id: Mapping[int, SampleResult]) -> list[SampleResult]:
    """Return the results that this one supersedes, directly or through others, newest first."""
    found: list[SampleResult] = []
    while result.supersedes_id is not None:
        result = by_id[result.supersedes_id]
        found.append(result)
    return found


def result_json(result: SampleResult) -> Json:
    """Return a result; ``reason`` is that of the correction that made it."""
    return {
        "analyte": result.analyte,
        "value": result.value,
        "unit": result.unit,
        "method": result.method,
        "by": result.entered_by,
        "at": iso_utc(result.entered_at),
        "reason": result.reason,
    }


def events_of(scope: RecordScope) -> list[Json]:
    """Return the events of the batch's tags."""
    if not scope.tags:
        return []
    page = read_events(EventSelection(scope.selection), limit=MOST_LINES + 1, ascending=True)
    return page.as_json()


def alarms_of(scope: RecordScope) -> list[Json]:
    """Return the occurrences of alarms of the batch and its tags, with acknowledgement and comments."""
    lasts = Q(cleared_at=None) | Q(cleared_at__gte=scope.start)
    about, batch = Q(definition__tag__name__in=list(scope.tags)), scope.extent.batch
    if scope.is_whole:
        about |= Q(details__batch=batch.pk, definition__vessel=batch.vessel_id)
    rows = AlarmOccurrence.objects.select_related("definition__tag").filter(
        lasts, about, active_at__lt=scope.end
    )
    found = list(rows.order_by("active_at", "id")[: MOST_LINES + 1])
    comments: dict[int | None, list[Json]] = {}
    entries = AlarmJournalEntry.objects.filter(occurrence__in=[row.pk for row in found]).exclude(comment="")
    for entry in entries.order_by("id"):
        said = {"at": iso_utc(entry.at), "by": entry.by, "comment": entry.comment}
        comments.setdefault(entry.occurrence, []).append(said)
    return [alarm_json(row) | {"comments": comments.get(row.pk, [])} for row in found]


def alarm_json(row: AlarmOccurrence) -> Json:
    """Return an occurrence of an alarm."""
    tag = row.definition.tag
    return {
        "tag": tag.name if tag else None,
        "kind": row.definition.kind,
        "priority": row.priority,
        "start": iso_utc(row.active_at),
        "end": iso_or_none(row.cleared_at),
        "setpoint": row.setpoint,
        "peak": row.peak,
        "acknowledged_at": iso_or_none(row.acknowledged_at),
        "acknowledged_by": row.acknowledged_by,
        "annunciated": row.is_annunciated,
        "late": row.is_late,
    }


def notes_of(scope: RecordScope) -> list[Json]:
    """Return the notes on the batch, on its vessel and on its tags; withdrawn ones are left out."""
    batch = scope.extent.batch
    about = Q(tag__name__in=list(scope.tags))
    if scope.is_whole:
        about |= Q(batch=batch) | Q(vessel=batch.vessel, batch=None)
    within = Q(start__gte=scope.start) | Q(end__gte=scope.start)
    rows = Note.objects.select_related("tag").filter(about, within, start__lt=scope.end, withdrawn_at=None)
    found = rows.order_by("start", "id")[: MOST_LINES + 1]
    return [{**note_json(note), "end": iso_utc(note.end or note.start)} for note in found]


def note_json(note: Note) -> Json:
    """Return a note. A version above 1 was corrected."""
    return {
        "kind": note.kind,
        "tag": note.tag.name if note.tag else None,
        "start": iso_utc(note.start),
        "text": note.text,
        "by": note.by,
        "at": iso_utc(note.at),
        "version": note.version,
    }


def quality_of(scope: RecordScope) -> list[Json]:
    """Return the spans in which values of the tags were bad or uncertain."""
    if not scope.tags:
        return []
    return read_spans(scope.selection, limit=MOST_LINES + 1, ascending=True).items


def gaps_of(scope: RecordScope) -> list[Json]:
    """Return the gaps of the sources of the tags."""
    if not scope.tags:
        return []
    return read_gaps(scope.selection, limit=MOST_LINES + 1, ascending=True).items


def exclusions_of(scope: RecordScope) -> list[Json]:
    """Return the exclusions of measurements of the tags, also revoked ones."""
    if not scope.tags:
        return []
    page = read_exclusions(scope.selection, limit=MOST_LINES + 1, ascending=True)
    return page.as_json()


SPAN = ("start", "end")
SPAN_FIELDS = {"exclusions": ("from", "to")}
READERS: dict[str, Reader] = {
    "samples": samples_of,
    "events": events_of,
    "alarms": alarms_of,
    "notes": notes_of,
    "quality": quality_of,
    "gaps": gaps_of,
    "exclusions": exclusions_of,
}
