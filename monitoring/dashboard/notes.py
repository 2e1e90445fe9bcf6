"""The page of notes, and the subjects that a note may have. Reading works without scripts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from monitoring.access.pages import AWAY
from monitoring.access.roles import NOTE
from monitoring.alarms.note_reading import NoteSelection, note_json, read_notes
from monitoring.alarms.note_subjects import named
from monitoring.dashboard.acts import may
from monitoring.dashboard.alarm_pages import cursor_of, cursor_text, id_of, page_of_alarms, shared, time_of
from monitoring.dashboard.moments import Moment, moment
from monitoring.history.measurements import Selection
from monitoring.ingest.tags import tag_cache
from monitoring.kernel.clock import iso_utc
from monitoring.models import Batch, Note, NoteKind, NoteVersion, Vessel

PAGE = 50
AROUND = timedelta(minutes=15)
FILTERS = ("search", "tag", "vessel", "batch", "kind", "from", "to", "withdrawn")
LONGEST_SEARCH = 200
PLANT = "whole plant"
KIND_WORDS = {
    NoteKind.NOTE.value: "Note",
    NoteKind.INTERVENTION.value: "Intervention",
    NoteKind.CALIBRATION.value: "Calibration",
    NoteKind.DEVIATION.value: "Deviation",
}
ACT_WORDS = {"write": "written", "correct": "corrected", "withdraw": "withdrawn"}


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of a note in words."""

    version: NoteVersion
    act: str
    at: Moment
    start: Moment
    end: Moment | None


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A note in the list; ``chart`` is the dashboard's query string around it, ``item`` the API's item."""

    note: Note
    subject: str
    kind: str
    start: Moment
    end: Moment | None
    at: Moment
    chart: str
    item: dict[str, Any]
    versions: list[VersionRow]


@page_of_alarms
def note_list(request: HttpRequest) -> HttpResponse:
    """List notes, newest first, in keyset pages; a filter that cannot be read is ignored."""
    query, now, tags = request.GET.dict(), datetime.now(UTC), tag_cache().read()
    page = read_notes(selection_of(query, tags), limit=PAGE, after=cursor_of(query))
    kept = {name: query[name] for name in FILTERS if query.get(name)}
    context = {
        "rows": rows_of(page.notes, now),
        "older": f"?{urlencode(kept | {'cursor': cursor_text(page.next)})}" if page.next else "",
        "is_first": "cursor" not in query,
        "query": query,
        "tags": sorted(tags),
        "vessels": list(Vessel.objects.all()),
        "batch": batch_or_none(query),
        "kinds": KIND_WORDS,
        "may_note": may(request, NOTE),
    }
    return render(request, "notes.html", shared(request, now) | context)


@never_cache
@require_safe
def note_subjects(request: HttpRequest) -> JsonResponse:
    """Return the names of active tags, of their groups, and of vessels, for the choice in the dialog."""
    try:
        tags = [tag for tag in tag_cache().read().values() if tag.active]
        vessels = list(Vessel.objects.filter(is_active=True).values_list("name", flat=True))
    except DatabaseError:
        return JsonResponse({"detail": AWAY}, status=503)
    groups = sorted({tag.group for tag in tags if tag.group})
    return JsonResponse({"tags": [tag.name for tag in tags], "groups": groups, "vessels": vessels})


def selection_of(query: Mapping[str, str], tags: Mapping[str, Any]) -> NoteSelection:
    """Return the notes that the parameters select; what cannot be read selects nothing away."""
    tag = query.get("tag", "")
    within = Selection(
        (tag,) if tag in tags else (), time_of(query.get("from", "")), time_of(query.get("to", ""))
    )
    kind, batch = query.get("kind", ""), batch_or_none(query)
    return NoteSelection(
        within,
        with_withdrawn=query.get("withdrawn") == "true",
        vessel=known_vessel(query.get("vessel", "")),
        batch=batch.pk if batch else None,
        kind=kind if kind in KIND_WORDS else "",
        search=query.get("search", "").replace("\0", "")[:LONGEST_SEARCH].strip(),
    )


def known_vessel(name: str) -> str:
    """Return the name, if a vessel has or had it; empty otherwise."""
    is_known = bool(name) and "\0" not in name and Vessel.objects.filter(named(name)).exists()
    return name if is_known else ""


def batch_or_none(query: Mapping[str, str]) -> Batch | None:
    """Return the batch of the address; None without one, and if there is none."""
    pk = id_of(query.get("batch", ""))
    return Batch.objects.filter(pk=pk).first() if pk else None


def subject_of(note: Note) -> str:
    """Return the subject of the note in words."""
    if note.batch and note.vessel:
        place = f"{note.vessel}, batch {note.batch.name}"
        return f"{note.tag.name} on {place}" if note.tag else place
    if note.vessel:
        return f"{note.tag.name} on {note.vessel}" if note.tag else str(note.vessel)
    return note.tag.name if note.tag else note.group or PLANT


def rows_of(notes: Any, now: datetime) -> list[NoteRow]:
    """Return the notes as rows; those that were corrected or withdrawn with all versions, newest first."""
    changed = [note.pk for note in notes if note.version > 1]
    versions: dict[int, list[VersionRow]] = {}
    for version in NoteVersion.objects.filter(note__in=changed).order_by("-version"):
        versions.setdefault(version.note_id, []).append(version_row(version, now))
    return [row_of(note, versions.get(note.pk, []), now) for note in notes]


def version_row(version: NoteVersion, now: datetime) -> VersionRow:
    """Return a version in words."""
    end = moment(version.end, now) if version.end else None
    return VersionRow(
        version, ACT_WORDS[version.act], moment(version.at, now), moment(version.start, now), end
    )


def row_of(note: Note, versions: list[VersionRow], now: datetime) -> NoteRow:
    """Return the note as a row."""
    start, end = note.start - AROUND, (note.end or note.start) + AROUND
    span = {"from": iso_utc(start), "to": iso_utc(min(end, now) if start < now else end)}
    return NoteRow(
        note=note,
        subject=subject_of(note),
        kind="" if note.kind == NoteKind.NOTE else KIND_WORDS[note.kind].lower(),
        start=moment(note.start, now),
        end=moment(note.end, now) if note.end else None,
        at=moment(note.at, now),
        chart=f"?{urlencode(({'tag': note.tag.name} if note.tag else {}) | span)}",
        item=note_json(note),
        versions=versions,
    )
