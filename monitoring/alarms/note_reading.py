"""Read notes: of a range of time and of tags, with their versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from monitoring.alarms.note_subjects import named, tags_by_vessel
from monitoring.alarms.notes import SUBJECT
from monitoring.history.keyset import Cursor, after_cursor, split_page
from monitoring.history.measurements import Selection
from monitoring.kernel.clock import iso_utc
from monitoring.models import Batch, Note, NoteVersion, Tag, Vessel, VesselTag


@dataclass(frozen=True, slots=True)
class NoteSelection:
    """Criteria for notes: an inclusive range of time that the notes touch, tags, a subject, kind and text.

    Notes on a tag's group, on its vessel and on the whole plant belong to the tag, too, unless
    ``is_own_only``. Notes on a vessel that touch the time of one of its batches belong to the batch, too,
    unless they are on another batch. ``vessel`` is a name, ``batch`` an id; ``search`` is part of the text.
    """

    within: Selection
    group: str = ""
    with_withdrawn: bool = False
    is_own_only: bool = False
    vessel: str = ""
    batch: int | None = None
    kind: str = ""
    search: str = ""


@dataclass(frozen=True, slots=True)
class NotePage:
    """Notes in order of start, and the start of the next page (None: last page)."""

    notes: Sequence[Note]
    next: Cursor | None

    def as_json(self) -> list[dict[str, Any]]:
        """Return the items of ``/notes``."""
        tags = tags_by_vessel(self.notes)
        return [note_json(note, tags.get(note.pk, ())) for note in self.notes]


def read_notes(
    selection: NoteSelection, *, limit: int, ascending: bool = False, after: Cursor | None = None
) -> NotePage:
    """Return up to ``limit`` selected notes after the cursor, in order of start and id; newest first."""
    rows, sign = selected(selection), "" if ascending else "-"
    if after is not None:
        side = {f"start__{'gte' if ascending else 'lte'}": after.timestamp}
        rows = rows.filter(after_cursor("start", after, ascending=ascending), **side)
    found = list(rows.select_related(*SUBJECT).order_by(f"{sign}start", f"{sign}id")[: limit + 1])
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
    if selection.kind:
        rows = rows.filter(kind=selection.kind)
    if selection.search:
        rows = rows.filter(text__icontains=selection.search)
    return rows.filter(about_subject(selection))


def about_subject(selection: NoteSelection) -> Q:
    """Return the condition for notes on the tags, group, vessel and batch of the selection."""
    found = Q()
    if selection.group:
        found &= Q(group=selection.group) | Q(tag__group=selection.group)
    if selection.vessel:
        found &= Q(vessel__in=Vessel.objects.filter(named(selection.vessel)))
    if selection.batch is not None:
        found &= of_batch(selection.batch)
    tags = selection.within.tags
    return found & about(tags, is_own_only=selection.is_own_only) if tags else found


def of_batch(pk: int) -> Q:
    """Return the condition for notes on a batch, and for those on its vessel that touch its time."""
    batch = Batch.objects.filter(pk=pk).first()
    if batch is None or batch.start is None:
        return Q(batch=pk)
    touches = Q(start__gte=batch.start) | Q(end__gt=batch.start)
    if batch.end is not None:
        touches &= Q(start__lt=batch.end)
    return Q(batch=pk) | Q(touches, vessel=batch.vessel_id, batch=None)


def about(tags: Sequence[str], *, is_own_only: bool) -> Q:
    """Return the condition for notes on these tags, on their groups and vessels, and on the whole plant."""
    own = Q(tag__name__in=list(tags))
    if is_own_only:
        return own
    groups = Tag.objects.filter(name__in=list(tags)).values_list("group", flat=True)
    bound = VesselTag.objects.filter(
        Q(begin=None) | Q(begin__lte=OuterRef("start")),
        Q(end=None) | Q(end__gt=OuterRef("start")),
        vessel=OuterRef("vessel"),
        tag__name__in=list(tags),
    )
    return own | Q(tag=None, vessel=None, group__in=["", *groups]) | Q(Exists(bound), tag=None)


def find_note(pk: int) -> Note | None:
    """Return the note with this id; None if there is none."""
    return Note.objects.select_related(*SUBJECT).filter(pk=pk).first()


def note_json(note: Note, tags: Sequence[str] = ()) -> dict[str, Any]:
    """Return a note as a JSON object; ``tags`` are those of its vessel at that time."""
    return {
        "id": note.pk,
        "tag": note.tag.name if note.tag else None,
        "group": note.group,
        "vessel": note.vessel.name if note.vessel else None,
        "batch": note.batch_id,
        "batch_name": note.batch.name if note.batch else None,
        "tags": list(tags),
        "kind": note.kind,
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
        "tag": row.tag,
        "vessel": row.vessel,
        "batch": row.batch,
        "kind": row.kind,
        "start": iso_utc(row.start),
        "end": None if row.end is None else iso_utc(row.end),
        "text": row.text,
        "reason": row.reason,
        "by": row.by,
        "via": row.via,
        "at": iso_utc(row.at),
    }
