"""Turn the journal of alarms into escalations and deliveries, page by page in the order of ids.

Writers of alarms hold one lock, so the journal's ids are in the order of the commits. The position moves in
the transaction that writes the deliveries: a journal entry is the durable promise of its messages.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Max, Q

from monitoring.alarms.applying import LATE
from monitoring.alarms.state_machine import Act
from monitoring.models import AlarmJournalEntry, AlarmOccurrence, Delivery, Escalation
from monitoring.notifications import escalating
from monitoring.notifications.backoff import GIVE_UP_AFTER
from monitoring.notifications.directory import Directory
from monitoring.notifications.escalating import GROUP_WAIT, OVER, Planned

PAGE = 500
YOUNG = timedelta(hours=1)
ANNUNCIATING = frozenset({Act.ACTIVE, Act.REALARM, Act.RELEASE})
ENDING = frozenset({Act.RETURN, Act.DISABLE})
ALREADY_OVER = "over when sent"
MOST_REPLACED = 20


class Entry(NamedTuple):
    """A line of the journal, as far as the planner needs it."""

    id: int
    act: str
    occurrence: int | None
    noticed_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Lines of the journal, and whether there may be more."""

    entries: Sequence[Entry]

    @property
    def is_full(self) -> bool:
        """Return whether more lines may follow."""
        return len(self.entries) == PAGE

    def occurrences(self, acts: Collection[str]) -> dict[int, Entry]:
        """Return the last line with one of the acts, by occurrence."""
        return {
            entry.occurrence: entry
            for entry in self.entries
            if entry.act in acts and entry.occurrence is not None
        }


def read_page(after: int) -> Page:
    """Return the next lines of the journal."""
    rows = AlarmJournalEntry.objects.filter(id__gt=after).order_by("id")
    return Page([Entry(*row) for row in rows.values_list("id", "act", "occurrence", "noticed_at")[:PAGE]])


def newest_entry() -> int:
    """Return the id of the last line of the journal; 0 before the first."""
    return AlarmJournalEntry.objects.aggregate(newest=Max("id"))["newest"] or 0


def plan(page: Page, directory: Directory, now: datetime) -> None:
    """Write the escalations and deliveries that follow from the lines, in the caller's transaction."""
    planned = Planned([], [])
    begun = page.occurrences(ANNUNCIATING)
    for occurrence in new_occurrences(begun, now):
        add(planned, escalating.begin(occurrence, begun[occurrence.pk].act, directory, now))
    late = AlarmOccurrence.objects.filter(id__in=list(page.occurrences({LATE})), is_late=True)
    planned.deliveries += escalating.late_deliveries(late, directory, now)
    planned.write()
    ended = list(page.occurrences(ENDING))
    if ended:
        escalating.end_many(ended, OVER, now)
        escalating.write_deliveries(over_deliveries(ended, directory, now))


def plan_young(directory: Directory, now: datetime) -> None:
    """Write those of alarms that wait for a person since less than an hour: at the first start."""
    rows = AlarmOccurrence.objects.filter(
        active_at__gt=now - YOUNG,
        is_annunciated=True,
        cleared_at=None,
        acknowledged_at=None,
        escalation=None,
        definition__state__suppression="",
    )
    planned = Planned([], [])
    for occurrence in rows.select_related("definition__tag", "definition__vessel").order_by("id"):
        add(planned, escalating.begin(occurrence, Act.ACTIVE, directory, now))
    planned.write()


def add(planned: Planned, more: Planned) -> None:
    """Add rows to others."""
    planned.deliveries += more.deliveries
    planned.escalations += more.escalations


def new_occurrences(begun: dict[int, Entry], now: datetime) -> list[AlarmOccurrence]:
    """Return the occurrences that these lines annunciated, and that have no escalation yet.

    After a long pause of this process, only the alarms that still wait for a person count.
    """
    rows = AlarmOccurrence.objects.filter(id__in=list(begun), is_annunciated=True, escalation=None)
    waits = Q(cleared_at=None, acknowledged_at=None)
    rows = rows.filter(waits | Q(noticed_at__gt=now - GIVE_UP_AFTER))
    rows = rows.select_related("definition__tag", "definition__vessel").order_by("id")
    return [row for row in rows if row.noticed_at == begun[row.pk].noticed_at]


def over_deliveries(ended: Collection[int], directory: Directory, now: datetime) -> list[Delivery]:
    """Return "over" for exactly the channels that an earlier delivery has reached, or may have reached."""
    chain = with_replaced(ended)
    told = Delivery.objects.filter(occurrence__in=list(chain))
    told = told.filter(Q(state__in=["sent", "sending"]) | Q(may_repeat=True))
    told = told.exclude(kind="over").exclude(reason=ALREADY_OVER).select_related("channel")
    routes = dict(Escalation.objects.filter(pk__in=list(ended)).values_list("pk", "route"))
    found: dict[tuple[int, int], Delivery] = {}
    for row in told:
        occurrence = chain[row.occurrence_id or 0]
        way = directory.way(routes.get(occurrence), row.priority)
        due_at = directory.due(row.channel, row.priority, way, now + GROUP_WAIT)
        found[occurrence, row.channel_id] = escalating.delivery(
            occurrence, "over", row.channel, row.priority, now=now, due_at=due_at
        )
    return list(found.values())


def with_replaced(ended: Collection[int]) -> dict[int, int]:
    """Return the ended occurrences, and those that they replaced when the alarm asked again.

    Each id leads to the one that has ended: people who were notified of an earlier one are told, too.
    """
    chain, newest = {key: key for key in ended}, dict.fromkeys(ended, 0)
    for _ in range(MOST_REPLACED):
        begun = AlarmOccurrence.objects.filter(id__in=list(newest)).values_list(
            "id", "definition", "active_at"
        )
        by_begin = {(definition, at): chain[key] for key, definition, at in begun}
        rows = AlarmOccurrence.objects.filter(
            definition__in={key for key, _ in by_begin}, cleared_at__in={at for _, at in by_begin}
        ).exclude(id__in=list(chain))
        found = {
            key: by_begin[definition, at]
            for key, definition, at in rows.values_list("id", "definition", "cleared_at")
            if at is not None and (definition, at) in by_begin
        }
        if not found:
            break
        chain |= found
        newest = found
    return chain
