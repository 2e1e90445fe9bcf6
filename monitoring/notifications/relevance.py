"""The state of an alarm at the moment of sending, and why a delivery is not sent any more."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet

from monitoring.alarms.kinds import Kind
from monitoring.alarms.reading import SCORE_UNIT
from monitoring.alarms.state_machine import Suppression
from monitoring.alarms.wording import cause_of, condition_of
from monitoring.models import Delivery, MaintenanceWindow
from monitoring.notifications.composing import Subject
from monitoring.notifications.escalating import SUPPRESSED
from monitoring.notifications.links import Acknowledging, acknowledge_url, public_url

OCCURRENCE, DEFINITION, STATE = "occurrence__", "occurrence__definition__", "occurrence__definition__state__"
COLUMNS = (
    *("id", "kind", "step", "attempt", "occurrence"),
    *(f"{OCCURRENCE}{name}" for name in ("active_at", "cleared_at", "acknowledged_at", "acknowledged_by")),
    *(f"{OCCURRENCE}{name}" for name in ("priority", "value", "setpoint", "is_first_out", "details")),
    *(f"{DEFINITION}{name}" for name in ("id", "kind", "action", "group", "tag", "tag__name", "tag__group")),
    *(f"{DEFINITION}{name}" for name in ("tag__unit", "vessel__title", "vessel__name")),
    *(f"{STATE}{name}" for name in ("suppression", "is_active", "occurrence", "occurrence__active_at")),
)


class WaitingRow(NamedTuple):
    """A delivery with the alarm's state now, in the order of ``COLUMNS``."""

    id: int
    kind: str
    step: int
    attempt: int | None
    occurrence: int
    active_at: datetime
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    priority: str
    value: float | None
    setpoint: float | None
    is_first_out: bool
    details: dict[str, Any]
    definition: int
    condition_kind: str
    action: str
    definition_group: str
    tag: int | None
    tag_name: str | None
    tag_group: str | None
    tag_unit: str | None
    vessel_title: str | None
    vessel_name: str | None
    suppression: str | None
    is_active: bool | None
    newest: int | None
    newest_at: datetime | None

    @property
    def group(self) -> str:
        """Return the group of the alarm or of its tag, or the title of its vessel."""
        named = (self.definition_group, self.tag_group, self.vessel_title, self.vessel_name)
        return next(filter(None, named), "")

    @property
    def unit(self) -> str:
        """Return the unit of the value."""
        return SCORE_UNIT if self.condition_kind == Kind.BATCH else self.tag_unit or ""


def read_waiting(rows: QuerySet[Delivery]) -> list[WaitingRow]:
    """Return the deliveries, which must have an occurrence, in order of id."""
    return [WaitingRow(*row) for row in rows.order_by("id").values_list(*COLUMNS)]


def reason_to_cancel(row: WaitingRow, windows: Sequence[MaintenanceWindow]) -> str:
    """Return why the delivery is not sent any more; empty if the delivery is due.

    An end is always told. An alarm that has ended is told with its end, but not by a later step.
    """
    if row.kind in {"over", "late"}:
        return ""
    if row.acknowledged_at is not None:
        return f"acknowledged by {row.acknowledged_by or 'somebody'}"
    if row.suppression:
        return SUPPRESSED[Suppression(row.suppression)]
    if (window := window_of(row, windows)) is not None:
        return f"maintenance window: {window.reason}"
    if row.cleared_at is None:
        return ""
    if row.is_active and row.newest != row.occurrence and row.newest_at == row.cleared_at:
        return "the alarm asks again with a newer occurrence"
    return "over" if row.step else ""


def window_of(row: WaitingRow, windows: Sequence[MaintenanceWindow]) -> MaintenanceWindow | None:
    """Return a maintenance window with the alarm in its scope."""
    for window in windows:
        if window.tag_id is not None:
            is_in = window.tag_id == row.tag
        elif window.group:
            is_in = window.group == row.group
        else:
            is_in = not row.condition_kind.startswith(Kind.SYSTEM)
        if is_in:
            return window
    return None


def subjects_of(rows: Sequence[WaitingRow], *, person: int | None, channel: int) -> list[Subject]:
    """Return each alarm once, as the newest of its deliveries tells of it."""
    newest = {row.occurrence: row for row in rows}
    return [subject_of(row, person=person, channel=channel) for row in newest.values()]


def subject_of(row: WaitingRow, *, person: int | None, channel: int) -> Subject:
    """Return the alarm for the message, with the links of this reader."""
    may_acknowledge = row.cleared_at is None and row.kind != "late"
    link = acknowledge_url(Acknowledging(row.occurrence, person, channel)) if may_acknowledge else ""
    return Subject(
        kind=row.kind,
        occurrence=row.occurrence,
        priority=row.priority,
        tag=row.tag_name or "",
        group=row.group,
        condition_kind=row.condition_kind,
        condition=condition_of(row.condition_kind, row.setpoint, row.unit) or cause_of(row.details),
        value=row.value,
        unit=row.unit,
        since=row.active_at,
        ended_at=row.cleared_at,
        action=row.action,
        is_first_out=row.is_first_out,
        url=public_url(f"/alarms/{row.definition}"),
        acknowledge_url=link,
        batch_url=public_url(f"/batches/{row.details['batch']}") if row.details.get("batch") else "",
    )
