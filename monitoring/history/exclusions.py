"""Read stored exclusions: user, time, reason and state."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from monitoring.history.keyset import Cursor, split_page
from monitoring.history.measurements import Selection
from monitoring.kernel.clock import iso_utc
from monitoring.models import Exclusion


@dataclass(frozen=True, slots=True)
class Revocation:
    """The end of an exclusion: its measurements are included again."""

    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StoredExclusion:
    """An exclusion as in responses; ``ids`` is None if all from ``start`` to ``end`` are excluded.

    ``excluded`` and ``included`` are the numbers of measurements moved out and back.
    """

    id: int
    tag: str
    start: datetime
    end: datetime
    ids: list[int] | None
    reason: str
    by: str
    at: datetime
    excluded: int
    included: int
    is_complete: bool
    revoked: Revocation | None

    def as_json(self) -> dict[str, Any]:
        """Return an item of ``/exclusions``."""
        revoked = self.revoked
        return {
            "id": self.id,
            "tag": self.tag,
            "from": iso_utc(self.start),
            "to": iso_utc(self.end),
            "ids": self.ids,
            "reason": self.reason,
            "by": self.by,
            "at": iso_utc(self.at),
            "excluded": self.excluded,
            "included": self.included,
            "complete": self.is_complete,
            "revoked": revoked and {"reason": revoked.reason, "by": revoked.by, "at": iso_utc(revoked.at)},
        }


@dataclass(frozen=True, slots=True)
class ExclusionPage:
    """Exclusions in order of creation, and the start of the next page (None: last page)."""

    exclusions: list[StoredExclusion]
    next: Cursor | None

    def as_json(self) -> list[dict[str, Any]]:
        """Return the items of ``/exclusions``."""
        return [exclusion.as_json() for exclusion in self.exclusions]


def read_exclusions(
    selection: Selection, *, limit: int, ascending: bool = False, after: Cursor | None = None
) -> ExclusionPage:
    """Return up to ``limit`` exclusions that overlap the selection's time, newest first."""
    rows = selected(selection).order_by("id" if ascending else "-id")
    if after is not None:
        rows = rows.filter(id__gt=after.id) if ascending else rows.filter(id__lt=after.id)
    found = [stored(row) for row in rows[: limit + 1]]
    return ExclusionPage(*split_page(found, limit, lambda exclusion: Cursor(exclusion.at, exclusion.id)))


def selected(selection: Selection) -> QuerySet[Exclusion]:
    """Return the rows of the selection, unordered."""
    rows = Exclusion.objects.select_related("tag")
    if selection.tags:
        rows = rows.filter(tag__name__in=selection.tags)
    if selection.start is not None:
        rows = rows.filter(end__gte=selection.start)
    if selection.end is not None:
        rows = rows.filter(start__lte=selection.end)
    return rows


def find_exclusion(pk: int) -> StoredExclusion | None:
    """Return the exclusion with this id; None if the id does not exist."""
    row = Exclusion.objects.select_related("tag").filter(pk=pk).first()
    return stored(row) if row else None


def stored(row: Exclusion) -> StoredExclusion:
    """Convert the row for responses."""
    revoked = None
    if row.revoked_at is not None:
        revoked = Revocation(row.revoke_reason, row.revoked_by, row.revoked_at)
    return StoredExclusion(
        id=row.pk,
        tag=row.tag.name,
        start=row.start,
        end=row.end,
        ids=row.ids,
        reason=row.reason,
        by=row.made_by,
        at=row.made_at,
        excluded=row.taken,
        included=row.returned,
        is_complete=row.is_complete,
        revoked=revoked,
    )
