"""What was excluded: by whom, when and why, and whether it is back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from monitoring.history.measurements import Cursor, Selection
from monitoring.kernel.clock import iso_utc
from monitoring.models import Exclusion


@dataclass(frozen=True, slots=True)
class Revocation:
    """That an exclusion is over: its measurements are included again."""

    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StoredExclusion:
    """An exclusion as answers carry it; ``ids`` is None if it is about all from ``start`` to ``end``.

    ``excluded`` and ``included`` are how many measurements have moved out, and back.
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
        """An item of ``/exclusions``."""
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
    """Exclusions in the order in which they were made, and where the next page begins (None: no more)."""

    exclusions: list[StoredExclusion]
    next: Cursor | None

    def as_json(self) -> list[dict[str, Any]]:
        """The items of ``/exclusions``."""
        return [exclusion.as_json() for exclusion in self.exclusions]


def read_exclusions(
    selection: Selection, *, limit: int, ascending: bool = False, after: Cursor | None = None
) -> ExclusionPage:
    """Up to ``limit`` exclusions that overlap the selection's time, those made last first."""
    rows = selected(selection).order_by("id" if ascending else "-id")
    if after is not None:
        rows = rows.filter(id__gt=after.id) if ascending else rows.filter(id__lt=after.id)
    found = [stored(row) for row in rows[: limit + 1]]
    if len(found) <= limit:
        return ExclusionPage(found, None)
    last = found[limit - 1]
    return ExclusionPage(found[:limit], Cursor(last.at, last.id))


def selected(selection: Selection) -> QuerySet[Exclusion]:
    """The selection's rows, in no order."""
    rows = Exclusion.objects.select_related("tag")
    if selection.tags:
        rows = rows.filter(tag__name__in=selection.tags)
    if selection.start is not None:
        rows = rows.filter(end__gte=selection.start)
    if selection.end is not None:
        rows = rows.filter(start__lte=selection.end)
    return rows


def find_exclusion(pk: int) -> StoredExclusion | None:
    """The exclusion with this id; None if there is none."""
    row = Exclusion.objects.select_related("tag").filter(pk=pk).first()
    return stored(row) if row else None


def stored(row: Exclusion) -> StoredExclusion:
    """The row as answers carry it."""
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
