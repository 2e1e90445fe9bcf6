"""Read notes: of a range of time and of tags, with their versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from monitoring.history.keyset import Cursor, after_cursor, split_page
from monitoring.history.measurements import Selection
from monitoring.kernel.clock import iso_utc
from monitoring.models import Note, NoteVersion, Tag


@dataclass(frozen=True, slots=True)
class NoteSelection:
    """Criteria for notes: an inclusive range of time that the notes touch, and tags.

    Notes on a tag's group and on the whole plant belong to the tag, too, unless ``is_own_only``.
    """

    within: Selection
    group: str = ""
    with_withdrawn: bool = False
    is_own_only: bool = False


@dataclass(frozen=True, slots=True)
class NotePage:
    """Notes in order of start, and the start of the next page (None: last page)."""

    notes: Sequence[Note]
    next: Cursor | None

    def as_json(self) -> list[dict[str, Any]]:
        """Return the items of ``/notes``."""
        return [note_json(note) for note in self.notes]


def read_notes(
    selection: NoteSelection, *, limit: int, ascending: bool = False, after: Cursor | None = None
) -> NotePage:
    """Return up to ``limit`` selected notes after the cursor, in order of start and id; newest first."""
    rows, sign = selected(selection), "" if ascending else "-"
    if after is not None:
        side = {f"start__{'gte' if ascending else 'lte'}": after.timestamp}
        rows = rows.filter(after_cursor("start", after, ascending=ascending), **side)
    found = list(rows.select_related("tag").order_by(f"{sign}start", f"{sign}id")[: limit + 1])
    return NotePage(*split_page(found, limit, lambda note: Cursor(note.start, note.pk)))


def selected(selection: NoteSelection) -> QuerySet[Note]:
    """Return the rows of the selection, unordered."""
    rows, within = Note.objects.all(), selection.within
    if not selection.with_withdrawn:
        rows = rows.filter(withdrawn_at=None)
    if within.end is not None:
        rows = rows.filter(start__lte=within.end)
    if within.start is not None:
        rows = rows.filter(Q(start__gte=within.start) | Q(end__gte=within.start))
    if selection.group:
        rows = rows.filter(Q(group=selection.group) | Q(tag__group=selection.group))
    return rows.filter(about(within.tags, is_own_only=selection.is_own_only)) if within.tags else rows


def about(tags: Sequence[str], *, is_own_only: bool) -> Q:
    """Return the condition for notes on these tags, on their groups and on the whole plant."""
    own = Q(tag__name__in=list(tags))
    if is_own_only:
        return own
    groups = Tag.objects.filter(name__in=list(tags)).values_list("group", flat=True)
    return own | Q(tag=None, group__in=["", *groups])


def find_note(pk: int) -> Note | None:
    """Return the note with this id; None if there is none."""
    return Note.objects.select_related("tag").filter(pk=pk).first()


def note_json(note: Note) -> dict[str, Any]:
    """Return a note as a JSON object."""
    return {
        "id": note.pk,
        "tag": note.tag.name if note.tag else None,
        "group": note.group,
        "start": iso_utc(note.start),
        "end": None if note.end is None else iso_utc(note.end),
        "text": note.text,
        "by": note.by,
        "at": iso_utc(note.at),
        "version": note.version,
        "withdrawn_at": None if note.withdrawn_at is None else iso_utc(note.withdrawn_at),
    }


def versions_of(note: Note) -> list[dict[str, Any]]:
    """Return the versions of a note as JSON objects, newest first."""
    return [version_json(row) for row in note.versions.order_by("-version")]


def version_json(row: NoteVersion) -> dict[str, Any]:
    """Return a version as a JSON object."""
    return {
        "version": row.version,
        "act": row.act,
        "start": iso_utc(row.start),
        "end": None if row.end is None else iso_utc(row.end),
        "text": row.text,
        "reason": row.reason,
        "by": row.by,
        "via": row.via,
        "at": iso_utc(row.at),
    }
