"""Read the journal of alarms."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from monitoring.history.keyset import Cursor, after_cursor, split_page
from monitoring.kernel.clock import iso_utc
from monitoring.models import AlarmJournalEntry


@dataclass(frozen=True, slots=True)
class JournalSelection:
    """Criteria for the journal; empty or None means no restriction. Times are those of the server."""

    start: datetime | None = None
    end: datetime | None = None
    alarm: int | None = None
    tags: Collection[str] = ()
    group: str | None = None
    acts: Collection[str] = ()
    priorities: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class JournalPage:
    """Lines of the journal in order of the server's time, and the start of the next page (None: last)."""

    entries: Sequence[AlarmJournalEntry]
    next: Cursor | None

    def as_json(self) -> list[dict[str, Any]]:
        """Return the items of ``/alarms/journal``."""
        return [entry_json(entry) for entry in self.entries]


def read_journal(
    selection: JournalSelection, *, limit: int, ascending: bool = False, after: Cursor | None = None
) -> JournalPage:
    """Return up to ``limit`` lines of the journal after the cursor, newest first unless ``ascending``."""
    rows, sign = journal_rows(selection, after, ascending=ascending), "" if ascending else "-"
    found = list(rows.order_by(f"{sign}noticed_at", f"{sign}id")[: limit + 1])
    return JournalPage(*split_page(found, limit, lambda entry: Cursor(entry.noticed_at, entry.pk)))


def journal_rows(
    selection: JournalSelection, after: Cursor | None, *, ascending: bool
) -> QuerySet[AlarmJournalEntry]:
    """Return the lines of the selection after the cursor, unordered."""
    start, end = selection.start, selection.end
    rows = AlarmJournalEntry.objects.all()
    if after is not None:
        rows = rows.filter(after_cursor("noticed_at", after, ascending=ascending))
        start, end = (after.timestamp, end) if ascending else (start, after.timestamp)
    if start is not None:
        rows = rows.filter(noticed_at__gte=start)
    if end is not None:
        rows = rows.filter(noticed_at__lte=end)
    if selection.alarm is not None:
        rows = rows.filter(definition=selection.alarm)
    for column, values in (
        ("tag", selection.tags),
        ("act", selection.acts),
        ("priority", selection.priorities),
    ):
        if values:
            rows = rows.filter(**{f"{column}__in": list(values)})
    return rows if selection.group is None else rows.filter(group=selection.group)


def entry_json(entry: AlarmJournalEntry) -> dict[str, Any]:
    """Return a line of the journal as a JSON object."""
    return {
        "id": entry.pk,
        "at": iso_utc(entry.at),
        "noticed_at": iso_utc(entry.noticed_at),
        "act": entry.act,
        "alarm": entry.definition_id,
        "occurrence": entry.occurrence,
        "tag": entry.tag or None,
        "group": entry.group,
        "kind": entry.kind,
        "priority": entry.priority,
        "by": entry.by,
        "via": entry.via,
        "address": entry.address,
        "from": entry.from_state,
        "to": entry.to_state,
        "value": entry.value,
        "reason": entry.reason,
        "comment": entry.comment,
        "changes": entry.changes,
    }
