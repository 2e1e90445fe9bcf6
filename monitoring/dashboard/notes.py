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
from monitoring.dashboard.alarm_bar import may
from monitoring.dashboard.alarm_pages import cursor_of, cursor_text, page_of_alarms, shared, time_of
from monitoring.dashboard.moments import Moment, moment
from monitoring.history.measurements import Selection
from monitoring.ingest.tags import tag_cache
from monitoring.kernel.clock import iso_utc
from monitoring.models import Note, NoteVersion

PAGE = 50
AROUND = timedelta(minutes=15)
FILTERS = ("tag", "from", "to", "withdrawn")
PLANT = "whole plant"
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
        "may_note": may(request, NOTE),
    }
    return render(request, "notes.html", shared(request, now) | context)


@never_cache
@require_safe
def note_subjects(request: HttpRequest) -> JsonResponse:
    """Return the names of the active tags and of their groups, for the choice in the dialog."""
    try:
        tags = [tag for tag in tag_cache().read().values() if tag.active]
    except DatabaseError:
        return JsonResponse({"detail": AWAY}, status=503)
    groups = sorted({tag.group for tag in tags if tag.group})
    return JsonResponse({"tags": [tag.name for tag in tags], "groups": groups})


def selection_of(query: Mapping[str, str], tags: Mapping[str, Any]) -> NoteSelection:
    """Return the notes that the parameters select; what cannot be read selects nothing away."""
    tag = query.get("tag", "")
    within = Selection(
        (tag,) if tag in tags else (), time_of(query.get("from", "")), time_of(query.get("to", ""))
    )
    return NoteSelection(within, with_withdrawn=query.get("withdrawn") == "true")


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
        subject=note.tag.name if note.tag else note.group or PLANT,
        start=moment(note.start, now),
        end=moment(note.end, now) if note.end else None,
        at=moment(note.at, now),
        chart=f"?{urlencode(({'tag': note.tag.name} if note.tag else {}) | span)}",
        item=note_json(note),
        versions=versions,
    )
