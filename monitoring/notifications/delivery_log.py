"""Read the log of deliveries, newest first, page by page."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from monitoring.alarms.wording import title_of
from monitoring.history.keyset import Cursor, after_cursor, split_page
from monitoring.kernel.clock import iso_utc
from monitoring.models import Delivery

RELATED = ("channel", "person", "attempt", "occurrence__definition__tag", "occurrence__definition__vessel")


@dataclass(frozen=True, slots=True)
class DeliverySelection:
    """Criteria for deliveries; empty or None means no restriction. Times are those of the rows' creation."""

    start: datetime | None = None
    end: datetime | None = None
    channel: int | None = None
    person: int | None = None
    occurrence: int | None = None
    states: Collection[str] = ()
    kinds: Collection[str] = ()
    priorities: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Deliveries, and the start of the next page (None: last)."""

    deliveries: Sequence[Delivery]
    next: Cursor | None

    def as_json(self) -> list[dict[str, Any]]:
        """Return the items of ``/deliveries``."""
        return [delivery_json(each) for each in self.deliveries]


def deliveries(selection: DeliverySelection, *, limit: int, after: Cursor | None = None) -> DeliveryPage:
    """Return up to ``limit`` deliveries after the cursor, newest first."""
    rows = delivery_rows(selection, after).select_related(*RELATED).order_by("-created_at", "-id")
    return DeliveryPage(
        *split_page(list(rows[: limit + 1]), limit, lambda row: Cursor(row.created_at, row.pk))
    )


def delivery_rows(selection: DeliverySelection, after: Cursor | None) -> QuerySet[Delivery]:
    """Return the deliveries of the selection after the cursor, unordered."""
    rows, end = Delivery.objects.all(), selection.end
    if after is not None:
        rows, end = rows.filter(after_cursor("created_at", after, ascending=False)), after.timestamp
    wanted = {
        "created_at__gte": selection.start,
        "created_at__lte": end,
        "channel": selection.channel,
        "person": selection.person,
        "occurrence": selection.occurrence,
    }
    rows = rows.filter(**{name: value for name, value in wanted.items() if value is not None})
    several = {"state": selection.states, "kind": selection.kinds, "priority": selection.priorities}
    return rows.filter(**{f"{name}__in": list(values) for name, values in several.items() if values})


def alarm_of(row: Delivery) -> str:
    """Return the alarm in words: "fermenter_temp: High"; empty for a test."""
    if row.occurrence is None:
        return ""
    definition = row.occurrence.definition
    return f"{definition.subject_name}: {title_of(definition.kind)}"


def delivery_json(row: Delivery) -> dict[str, Any]:
    """Return a delivery as a JSON object."""
    return {
        "id": row.pk,
        "kind": row.kind,
        "step": row.step,
        "occurrence": row.occurrence_id,
        "alarm": row.occurrence.definition_id if row.occurrence else None,
        "text": alarm_of(row),
        "priority": row.priority,
        "channel": row.channel_id,
        "channel_name": row.channel.name,
        "person": row.person_id,
        "person_name": row.person.name if row.person else None,
        "state": row.state,
        "reason": row.reason,
        "attempts": row.attempts,
        "may_repeat": row.may_repeat,
        "message_id": row.attempt.message_id if row.attempt else None,
        "detail": row.attempt.detail if row.attempt else "",
        "created_at": iso_utc(row.created_at),
        "due_at": iso_utc(row.due_at),
        "sent_at": iso_utc(row.sent_at) if row.sent_at else None,
    }
