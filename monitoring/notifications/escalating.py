"""The steps of an escalation: write the deliveries of the step that is due, and when the next one is."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitoring.alarms.state_machine import Act, Suppression
from monitoring.models import AlarmOccurrence, AlarmState, Channel, Delivery, Escalation
from monitoring.notifications.directory import Directory
from monitoring.notifications.routing import LATE, Way

GROUP_WAIT = timedelta(seconds=2)  # alarms that come together go together
NOBODY_AGAIN = timedelta(seconds=60)  # until a step that reached no channel is tried again
OVERDUE_REPEAT = timedelta(seconds=60)  # between repetitions that a pause of this process has delayed
AT_ONCE = 500
ACKNOWLEDGED, OVER = "acknowledged", "over"
NO_NEED, ALL_DONE = "no acknowledgement required", "all steps done"
SUPPRESSED = {
    Suppression.SHELVED: "shelved",
    Suppression.BY_DESIGN: "suppressed by design",
    Suppression.OUT_OF_SERVICE: "out of service",
}


@dataclass(slots=True)
class Planned:
    """Rows of one transaction that are not written yet."""

    deliveries: list[Delivery]
    escalations: list[Escalation]

    def write(self) -> None:
        """Insert the rows; a delivery that exists is left as it is."""
        Escalation.objects.bulk_create(self.escalations, batch_size=AT_ONCE)
        write_deliveries(self.deliveries)


def write_deliveries(rows: Sequence[Delivery]) -> None:
    """Insert deliveries; one that exists is left as it is."""
    Delivery.objects.bulk_create(rows, batch_size=AT_ONCE, ignore_conflicts=True)


def begin(occurrence: AlarmOccurrence, act: str, directory: Directory, now: datetime) -> Planned:
    """Return the escalation of a new occurrence, and the deliveries of the first step."""
    definition = occurrence.definition
    rule = directory.rule(definition.group_name, definition.alarm_class, occurrence.priority)
    escalation = Escalation(
        occurrence=occurrence,
        route_id=rule.route if rule else None,
        priority=occurrence.priority,
        begun_at=now,
        due_at=now,
    )
    kind = "active" if act == Act.ACTIVE else "again"
    return Planned(take_step(escalation, kind, directory, now), [escalation])


def take_step(escalation: Escalation, kind: str, directory: Directory, now: datetime) -> list[Delivery]:
    """Return the deliveries of the step that is due, and set the time of the next step.

    If the step reaches no channel, it stays due.
    """
    way = directory.way(escalation.route_id, escalation.priority)
    reached = directory.reached(way.recipients(escalation.step), now)
    if not reached:
        escalation.due_at = now if directory.is_empty else now + NOBODY_AGAIN
        return []
    rows = [
        delivery(
            escalation.occurrence_id,
            kind,
            channel,
            escalation.priority,
            now=now,
            due_at=directory.due(channel, escalation.priority, way, now + GROUP_WAIT),
            step=escalation.step,
        )
        for channel in reached
    ]
    escalation.step += 1
    set_next(escalation, way, now)
    return rows


def set_next(escalation: Escalation, way: Way, now: datetime) -> None:
    """Set the time of the next step; end the escalation if there is none."""
    after = way.next_after(escalation.step)
    if after is None:
        end(escalation, ALL_DONE, now)
        return
    earliest = now + OVERDUE_REPEAT if escalation.step >= len(way.steps) else now
    escalation.due_at = max(escalation.begun_at + after, earliest)


def end(escalation: Escalation, reason: str, now: datetime) -> None:
    """End an escalation."""
    escalation.due_at, escalation.ended_at, escalation.end_reason = None, now, reason


def delivery(
    occurrence: int,
    kind: str,
    channel: Channel,
    priority: str,
    *,
    now: datetime,
    due_at: datetime,
    step: int = 0,
) -> Delivery:
    """Return a delivery that is not stored yet."""
    return Delivery(
        occurrence_id=occurrence,
        kind=kind,
        step=step,
        channel=channel,
        person_id=channel.person_id,
        priority=priority,
        created_at=now,
        due_at=due_at,
    )


def late_deliveries(
    occurrences: Iterable[AlarmOccurrence], directory: Directory, now: datetime
) -> list[Delivery]:
    """Return the deliveries of alarms that were noticed after their end: in the next digest."""
    found = []
    for occurrence in occurrences:
        for channel in directory.reached(LATE.recipients(0), now):
            due_at = directory.due_late(channel, now)
            found.append(
                delivery(occurrence.pk, "late", channel, occurrence.priority, now=now, due_at=due_at)
            )
    return found


def take_due_steps(directory: Directory, now: datetime) -> bool:
    """Take the steps that are due, in the caller's transaction. Return whether more wait."""
    if directory.is_empty:
        return False
    rows = list(
        Escalation.objects.filter(due_at__lte=now)
        .select_related("occurrence__definition__tag")
        .order_by("due_at")[:AT_ONCE]
    )
    states = AlarmState.objects.in_bulk({row.occurrence.definition_id for row in rows})
    found: list[Delivery] = []
    for row in rows:
        reason = reason_to_end(row, states.get(row.occurrence.definition_id))
        if reason:
            end(row, reason, now)
        else:
            found += take_step(row, "escalated" if row.step else "active", directory, now)
    write_deliveries(found)
    changed = ["step", "due_at", "ended_at", "end_reason"]
    Escalation.objects.bulk_update(rows, changed, batch_size=100)
    return len(rows) == AT_ONCE


def reason_to_end(escalation: Escalation, state: AlarmState | None) -> str:
    """Return why nobody needs to be notified any more; empty if the escalation goes on."""
    occurrence = escalation.occurrence
    if occurrence.acknowledged_at is not None:
        return ACKNOWLEDGED
    if occurrence.cleared_at is not None:
        return OVER
    if state is None:
        return ""
    if state.suppression:
        return SUPPRESSED[Suppression(state.suppression)]
    is_seen = state.is_acknowledged and state.occurrence_id == occurrence.pk
    return NO_NEED if escalation.step and is_seen else ""


def end_many(occurrences: Collection[int], reason: str, now: datetime) -> None:
    """End the escalations of these occurrences."""
    rows = Escalation.objects.filter(occurrence__in=list(occurrences), due_at__isnull=False)
    rows.update(due_at=None, ended_at=now, end_reason=reason)
