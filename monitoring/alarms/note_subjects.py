"""The subject of a note: a tag, a group, a vessel or one of its batches, or the whole plant."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from monitoring.models import Batch, Note, Tag, Vessel, VesselName, VesselTag


class NoteInputError(ValueError):
    """An invalid field of a note; the message has the remedy."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Subject:
    """The subject of a note. A note on a batch is on the vessel of the batch, too; all empty: the plant."""

    tag: Tag | None = None
    group: str = ""
    vessel: Vessel | None = None
    batch: Batch | None = None


def find_subject(*, tag: str = "", group: str = "", vessel: str = "", batch: int | None = None) -> Subject:
    """Return the subject by names, and the id of the batch.

    Raises:
        NoteInputError: one is unknown, or they contradict each other.
    """
    if group and (tag or vessel or batch is not None):
        raise NoteInputError("expected either a group, or a tag, vessel or batch, not both", "group")
    if group and not Tag.objects.filter(group=group).exists():
        raise NoteInputError("no tag has this group; GET /tags/<name> tells the group of a tag", "group")
    found = batch_of(batch)
    on = vessel_of(vessel) or (found.vessel if found else None)
    if found and on != found.vessel:
        raise NoteInputError(f"batch {found.name} is one of vessel {found.vessel.name}", "batch")
    return Subject(tag_of(tag), group, on, found)


def tag_of(name: str) -> Tag | None:
    """Return the tag; None for no name.

    Raises:
        NoteInputError: the tag does not exist, or not any more.
    """
    found = Tag.objects.filter(name=name).first() if name else None
    if name and found is None:
        raise NoteInputError(f"unknown tag {name!r}; GET /tags lists them", "tag")
    return found


def vessel_of(name: str) -> Vessel | None:
    """Return the vessel that has or had this name; None for no name.

    Raises:
        NoteInputError: there is none.
    """
    found = Vessel.objects.filter(named(name)).first() if name else None
    if name and found is None:
        raise NoteInputError(f"unknown vessel {name!r}; GET /vessels lists them", "vessel")
    return found


def named(vessel: str) -> Q:
    """Return the condition for the vessel that has or had this name."""
    return Q(name=vessel) | Q(pk__in=VesselName.objects.filter(name=vessel).values("vessel"))


def batch_of(pk: int | None) -> Batch | None:
    """Return the batch with its vessel; None for no id.

    Raises:
        NoteInputError: there is none.
    """
    found = None if pk is None else Batch.objects.select_related("vessel").filter(pk=pk).first()
    if pk is not None and found is None:
        raise NoteInputError(f"there is no batch {pk}; GET /batches lists them", "batch")
    return found


def tags_by_vessel(notes: Sequence[Note]) -> dict[int, list[str]]:
    """Return the tags that notes on a vessel are about: those bound to it at the start of the note.

    Notes on a tag have none here; keys are the ids of notes.
    """
    on_vessels = [note for note in notes if note.vessel_id is not None and note.tag_id is None]
    rows = VesselTag.objects.filter(vessel__in={note.vessel_id for note in on_vessels}).select_related("tag")
    bindings = list(rows.order_by("id")) if on_vessels else []
    return {
        note.pk: [
            each.tag.name
            for each in bindings
            if each.vessel_id == note.vessel_id
            and (each.begin is None or each.begin <= note.start)
            and (each.end is None or each.end > note.start)
        ]
        for note in on_vessels
    }
