"""Maintenance windows: suppress the alarms of a tag, a group or the plant by design, until the end."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import QuerySet

from monitoring.alarms.kinds import Kind
from monitoring.alarms.reading import is_in_groups
from monitoring.alarms.state_machine import Act, Suppression
from monitoring.alarms.suppression import begin
from monitoring.alarms.writing import Alarm, AlarmWriter, alarm_transaction, load_alarms
from monitoring.kernel.actor import Actor
from monitoring.models import AlarmDefinition, AlarmState, MaintenanceWindow

VIA = "window"
AT_ONCE = 500
REASON = "maintenance window {}: {}"
WINDOW_OF = re.compile(r"maintenance window (\d+): ")
ENDED_EARLY = "the maintenance window ended early"


@dataclass(slots=True)
class WindowKeeper:
    """Begin windows, and follow changes of their ends, a part of the alarms at a time.

    ``done`` has, for each window that is beginning, the last alarm that was looked at; a process that begins
    again looks at all of them again, which changes nothing twice.
    """

    done: dict[int, int] = field(default_factory=dict)

    def step(self, now: datetime) -> bool:
        """Suppress or release some alarms. Return whether more wait.

        Raises:
            django.db.Error: nothing is written.
        """
        return self._begin(now) or follow_ends(now)

    def _begin(self, now: datetime) -> bool:
        rows = MaintenanceWindow.objects.filter(begun_at=None, start__lte=now, end__gt=now)
        window = rows.order_by("start", "id").first()
        if window is None:
            return False
        with alarm_transaction():
            window = rows.filter(pk=window.pk).first()
            if window is None:  # cancelled, or begun by another process
                return True
            after = self.done.get(window.pk, 0)
            definitions = list(in_scope(window).filter(pk__gt=after).order_by("pk")[:AT_ONCE])
            suppress_all(window, definitions, now)
            if len(definitions) < AT_ONCE:
                MaintenanceWindow.objects.filter(pk=window.pk).update(begun_at=now)
        self.done[window.pk] = definitions[-1].pk if definitions else after
        return True


def in_scope(window: MaintenanceWindow) -> QuerySet[AlarmDefinition]:
    """Return the enabled alarms of a window; the plant's are all but those of the system itself."""
    rows = AlarmDefinition.objects.filter(is_enabled=True).select_related("tag", "vessel")
    if window.tag_id is not None:
        return rows.filter(tag=window.tag_id)
    if window.group:
        return rows.filter(is_in_groups([window.group]))
    return rows.exclude(kind__startswith=Kind.SYSTEM)


def suppress_all(window: MaintenanceWindow, definitions: list[AlarmDefinition], now: datetime) -> None:
    """Suppress alarms until the window's end, except those that are suppressed already."""
    writer, actor = AlarmWriter(now), Actor(by=window.by or "Fermon", via=VIA)
    reason = REASON.format(window.pk, window.reason)
    for alarm in load_alarms(definitions).values():
        if alarm.in_force.is_enabled and can_be_suppressed(alarm):
            begin(alarm, writer, Act.SUPPRESS, actor, reason=reason, until=window.end)
    writer.save()


def can_be_suppressed(alarm: Alarm) -> bool:
    """Return whether the alarm is in service or shelved."""
    return alarm.state.suppression in {Suppression.NONE, Suppression.SHELVED}


def follow_ends(now: datetime) -> bool:
    """Release the alarms of windows that were deleted or cut short, and follow ends that were moved.

    Return whether more wait.
    """
    rows = AlarmState.objects.filter(
        suppression=Suppression.BY_DESIGN, suppression_reason__startswith="maintenance window "
    )
    pairs = set(rows.order_by().values_list("suppression_reason", "suppressed_until").distinct())
    named = {reason: int(found[1]) for reason, _ in pairs if (found := WINDOW_OF.match(reason))}
    ends = dict(MaintenanceWindow.objects.filter(pk__in=named.values()).values_list("pk", "end"))
    for reason, until in pairs:
        end = ends.get(named.get(reason, 0), now) if reason in named else until
        if end != until and not (until is not None and until <= now):
            return move_end(rows.filter(suppression_reason=reason, suppressed_until=until), end, now)
    return False


def move_end(rows: QuerySet[AlarmState], end: datetime | None, now: datetime) -> bool:
    """Give some alarms another end of their suppression; release them if that has passed. Return True."""
    with alarm_transaction():
        keys = list(rows.values_list("pk", flat=True)[:AT_ONCE])
        definitions = AlarmDefinition.objects.select_related("tag", "vessel").filter(pk__in=keys)
        writer = AlarmWriter(now)
        for alarm in load_alarms(list(definitions)).values():
            if end is not None and end > now:
                alarm.state.suppressed_until = end
                writer.note(alarm)
            elif alarm.state.suppression == Suppression.BY_DESIGN:
                actor = Actor(by="Fermon", via=VIA)
                writer.act(alarm, Act.RELEASE, actor, reason=ENDED_EARLY, value=alarm.state.value)
        writer.save()
    return True
