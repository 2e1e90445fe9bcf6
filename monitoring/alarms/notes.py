"""Notes on the process: written, corrected and withdrawn by people. Each act is a version that stays."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from monitoring.alarms.note_subjects import NoteInputError, find_subject
from monitoring.database.write_lock import write_lock
from monitoring.kernel.actor import Actor
from monitoring.models import Note, NoteKind, NoteVersion

WRITE, CORRECT, WITHDRAW = "write", "correct", "withdraw"
SUBJECT = ("tag", "vessel", "batch")
CORRECTABLE = ("text", "kind", "start", "end")
# A day from the ends of the calendar, so that ranges around a note stay within it.
EARLIEST, LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


class UnknownNoteError(LookupError):
    """No note has this id."""


class NoteChangedError(Exception):
    """The note is not as the caller saw it; the message says who changed the note and when."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A note to write: ``end`` is None for a moment; without any subject: about the whole plant."""

    text: str
    start: datetime
    end: datetime | None = None
    tag: str = ""
    group: str = ""
    vessel: str = ""
    batch: int | None = None
    kind: str = NoteKind.NOTE


def write(draft: Draft, *, actor: Actor) -> int:
    """Store a new note; return the id.

    Raises:
        NoteInputError: a field is invalid.
    """
    subject = find_subject(tag=draft.tag, group=draft.group, vessel=draft.vessel, batch=draft.batch)
    with write_lock(), transaction.atomic():
        note = Note(
            tag=subject.tag,
            group=subject.group,
            vessel=subject.vessel,
            batch=subject.batch,
            kind=draft.kind,
            start=draft.start,
            end=draft.end,
            text=draft.text,
            by=actor.by,
            at=datetime.now(UTC),
        )
        check_span(note)
        note.save()
        record(note, WRITE, actor, at=note.at)
    return note.pk


def correct(pk: int, changes: Mapping[str, Any], *, version: int, actor: Actor, reason: str = "") -> None:
    """Change text, kind, start or end of the note as seen in this version. Equal values change nothing.

    Raises:
        UnknownNoteError, NoteChangedError: there is no such note, or the note has changed since.
        NoteInputError: the span is invalid.
    """
    with changing(pk, version) as note:
        before = {name: getattr(note, name) for name in CORRECTABLE}
        given = {name: changes[name] for name in CORRECTABLE if name in changes}
        for name, value in given.items():
            setattr(note, name, value)
        check_span(note)
        if before != before | given:
            put_in_force(note, CORRECT, actor, reason=reason)


def withdraw(pk: int, *, version: int, actor: Actor, reason: str) -> None:
    """Withdraw the note as seen in this version: it leaves lists and charts, and stays readable.

    Raises:
        UnknownNoteError, NoteChangedError: there is no such note, or the note has changed since.
    """
    with changing(pk, version) as note:
        note.withdrawn_at = datetime.now(UTC)
        put_in_force(note, WITHDRAW, actor, reason=reason)


@contextmanager
def changing(pk: int, version: int) -> Iterator[Note]:
    """Lock and load a note that is still as seen.

    Raises:
        UnknownNoteError, NoteChangedError: there is no such note, or the note has changed since.
    """
    with write_lock(), transaction.atomic():
        note = Note.objects.select_for_update(of=("self",)).select_related(*SUBJECT).filter(pk=pk).first()
        if note is None:
            raise UnknownNoteError(f"there is no note {pk}; GET /notes lists them")
        if note.withdrawn_at is not None or note.version != version:
            raise NoteChangedError(reason_of_change(note))
        yield note


def reason_of_change(note: Note) -> str:
    """Return who changed the note last, and what to do."""
    last = note.versions.order_by("-version")[0]
    if note.withdrawn_at is not None:
        return f"{last.by} has withdrawn the note: write a new one."
    return f"{last.by} has corrected the note since: look at version {note.version}, then try again."


def check_span(note: Note) -> None:
    """Check that the times are from ``EARLIEST`` to ``LATEST``, and that the end is not before the start.

    Raises:
        NoteInputError: they are not.
    """
    for field, time in (("start", note.start), ("end", note.end)):
        if time is not None and not EARLIEST <= time <= LATEST:
            raise NoteInputError(f"expected a time from {EARLIEST:%Y-%m-%d} to {LATEST:%Y-%m-%d}", field)
    if note.end is not None and note.end < note.start:
        raise NoteInputError("expected to be no earlier than 'start', or none for a moment", "end")


def put_in_force(note: Note, act: str, actor: Actor, *, reason: str) -> None:
    """Store the changed note as the next version."""
    note.version += 1
    note.save()
    record(note, act, actor, at=datetime.now(UTC), reason=reason)


def record(note: Note, act: str, actor: Actor, *, at: datetime, reason: str = "") -> None:
    """Store the version, with author and time."""
    NoteVersion.objects.create(
        note=note,
        version=note.version,
        act=act,
        tag=note.tag.name if note.tag else "",
        group=note.group,
        vessel=note.vessel.name if note.vessel else "",
        batch=note.batch.name if note.batch else "",
        kind=note.kind,
        start=note.start,
        end=note.end,
        text=note.text,
        reason=reason,
        by=actor.by,
        via=actor.via,
        address=actor.address,
        at=at,
    )
