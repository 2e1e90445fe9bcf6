"""Write the findings of the evaluator: acts, memories, late occurrences, first-out marks."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from monitoring.alarms.kinds import HIGH_KINDS, LIMIT_KINDS
from monitoring.alarms.measured import Span, extremes
from monitoring.alarms.state_machine import Act, Suppression
from monitoring.alarms.watched import Finding, LateFinding, WatchedAlarm
from monitoring.alarms.writing import Alarm, AlarmWriter
from monitoring.kernel.actor import Actor
from monitoring.kernel.clock import DAY_US, from_micros, moment_or_none, to_micros
from monitoring.models import AlarmDefinition, AlarmOccurrence, AlarmState

FERMON = "Fermon"
EVALUATOR = Actor()
LATE = "late"  # the act in the journal
FLOOD_WITHIN = timedelta(minutes=10)
PEAK_WITHIN_US = DAY_US  # before the end: an alarm of weeks must not read millions of rows
# The group of an alarm is the first of these that is not empty, as ``AlarmDefinition.group_name`` has it.
GROUP_COLUMNS = (
    *("definition__tag__group", "definition__group"),
    *("definition__vessel__title", "definition__vessel__name"),
)
FLOOD = 10  # annunciations within that time; a flood is more


class Applying:
    """Apply findings to the rows of state, in a transaction that holds the alarms' lease.

    ``definitions`` has definitions read before, by id, which have not changed since; others are added.
    """

    def __init__(
        self, now: datetime, alarms: Collection[WatchedAlarm], definitions: dict[int, AlarmDefinition]
    ) -> None:
        keys = [alarm.definition for alarm in alarms]
        self.now = now
        self.writer = AlarmWriter(now)
        self.has_annunciated = False
        self._states = AlarmState.objects.select_related("occurrence").in_bulk(keys)
        unread = [key for key in keys if key not in definitions]
        definitions.update(AlarmDefinition.objects.select_related("tag", "vessel").in_bulk(unread))
        self._definitions = definitions
        self._returned: list[tuple[WatchedAlarm, AlarmOccurrence]] = []

    def row_of(self, alarm: WatchedAlarm, priority: str = "") -> Alarm:
        """Return the alarm's definition in force with its row of state."""
        definition = self._definitions[alarm.definition]
        state = self._states.get(alarm.definition)
        if state is None:
            state = self._states[alarm.definition] = AlarmState(definition=definition)
        in_force = replace(alarm.in_force, priority=priority) if priority else alarm.in_force
        return Alarm(definition, in_force, state)

    def apply(self, finding: Finding) -> None:
        """Apply one finding, unless a person has changed the alarm meanwhile so that it makes no sense."""
        alarm = self.row_of(finding.alarm, finding.priority)
        if not self._is_sensible(alarm.state, finding):
            return
        before = alarm.state.occurrence
        found = self.writer.act(
            alarm,
            finding.act,
            EVALUATOR,
            at_us=finding.at_us,
            value=finding.value,
            reason=finding.reason,
            details=finding.details,
        )
        self.has_annunciated |= found.annunciates
        if finding.act is Act.SUPPRESS:
            self._suppress(alarm, finding.reason)
        elif finding.act is Act.DISABLE:
            self.remember(finding.alarm, None)
        elif finding.act is Act.ACTIVE and found.is_recorded and alarm.state.occurrence is not None:
            alarm.state.occurrence.event_id = finding.event
        elif finding.act is Act.RETURN and found.is_recorded and alarm.state.occurrence is not None:
            self._returned.append((finding.alarm, alarm.state.occurrence))
        elif finding.act is Act.REALARM and before is not None:
            self._raise(before if not found.is_recorded else None, finding)

    def update(self, alarm: WatchedAlarm, details: dict[str, Any], score: float | None) -> None:
        """Write what has become known of the condition of an active alarm."""
        row = self.row_of(alarm)
        occurrence = row.state.occurrence
        if occurrence is not None:
            occurrence.details, occurrence.peak, row.state.value = details, score, score
            self.writer.note_occurrence(occurrence)
            self.writer.note(row)

    def remember(self, alarm: WatchedAlarm, value: float | None) -> None:
        """Write the memory of a condition."""
        row = self.row_of(alarm)
        state = row.state
        state.outside_since = moment_or_none(alarm.memory.outside_since)
        state.inside_since = moment_or_none(alarm.memory.inside_since)
        state.no_data_since = moment_or_none(alarm.no_data_since)
        state.value = value
        self.writer.note(row)

    def add_late(self, found: LateFinding) -> None:
        """Write an occurrence for the journal only, or extend the late one that it overlaps.

        An occurrence that was annunciated in this time already tells of the excursion.
        """
        active_at, cleared_at = from_micros(found.active_us), from_micros(found.cleared_us)
        overlapping = AlarmOccurrence.objects.filter(
            Q(cleared_at=None) | Q(cleared_at__gte=active_at),
            definition=found.alarm.definition,
            active_at__lte=cleared_at,
        )
        if self.writer.has_made(found.alarm.definition, active_at, cleared_at):
            return
        known = overlapping.order_by("is_late").first()
        if known is not None:
            if known.is_late and known.cleared_at is not None and known.cleared_at < cleared_at:
                AlarmOccurrence.objects.filter(pk=known.pk).update(cleared_at=cleared_at)
            return
        alarm = self.row_of(found.alarm)
        made = AlarmOccurrence.objects.create(
            definition=alarm.definition,
            active_at=active_at,
            noticed_at=self.now,
            cleared_at=cleared_at,
            acknowledged_at=None,
            value=found.value,
            peak=found.value,
            setpoint=alarm.in_force.setpoint,
            priority=alarm.in_force.priority,
            is_annunciated=False,
            is_late=True,
            event_id=found.event,
            details=found.details,
        )
        if note_peaks([(found.alarm, made)], self.now):
            made.save(update_fields=["peak"])
        reason = f"noticed after it had ended at {cleared_at:%Y-%m-%d %H:%M:%S} UTC"
        late = Alarm(
            alarm.definition, alarm.in_force, AlarmState(definition=alarm.definition, occurrence=made)
        )
        self.writer.record(late, LATE, EVALUATOR, at=active_at, value=found.value, reason=reason)

    def save(self) -> None:
        """Write all, and mark the first of each group in a flood."""
        for occurrence in note_peaks(self._returned, self.now):
            self.writer.note_occurrence(occurrence)
        self.writer.save()
        if self.has_annunciated:
            mark_first_out(self.now)

    def _is_sensible(self, state: AlarmState, finding: Finding) -> bool:
        if finding.act is Act.SUPPRESS:
            is_own = state.suppression == Suppression.BY_DESIGN and state.suppressed_by == FERMON
            return not state.suppression or is_own
        if finding.act is Act.RELEASE and finding.reason:
            return state.suppression == Suppression.BY_DESIGN and state.suppressed_by == FERMON
        return True

    def _suppress(self, alarm: Alarm, reason: str) -> None:
        state = alarm.state
        state.suppressed_at, state.suppressed_by, state.suppression_reason = self.now, FERMON, reason
        self.writer.note(alarm)

    def _raise(self, waiting: AlarmOccurrence | None, finding: Finding) -> None:
        """Raise the priority of an occurrence that waits for a person anyway."""
        if waiting is not None and finding.priority:
            waiting.priority = finding.priority
            self.writer.note_occurrence(waiting)


def note_peaks(ended: Sequence[tuple[WatchedAlarm, AlarmOccurrence]], now: datetime) -> list[AlarmOccurrence]:
    """Set the value farthest outside the setpoint between begin and end; return the occurrences with one."""
    rows = [row for row in ended if row[0].kind in LIMIT_KINDS and row[0].tag is not None]
    noted = []
    for (alarm, occurrence), found in zip(rows, extremes([span_of(*row, now) for row in rows]), strict=True):
        if found is not None:
            occurrence.peak = found[1] if alarm.kind in HIGH_KINDS else found[0]
            noted.append(occurrence)
    return noted


def span_of(alarm: WatchedAlarm, occurrence: AlarmOccurrence, now: datetime) -> Span:
    """Return the alarm's tag, and the time of an occurrence from the first value outside on."""
    end = to_micros(occurrence.cleared_at or now)
    begin = to_micros(occurrence.active_at) - alarm.in_force.timing.on_delay_us
    return alarm.tag or 0, max(begin, end - PEAK_WITHIN_US), end


def mark_first_out(now: datetime) -> None:
    """Mark the earliest occurrence of each group in a flood: the likely cause of the others."""
    lately = AlarmOccurrence.objects.filter(is_annunciated=True, noticed_at__gt=now - FLOOD_WITHIN)
    lately = lately.filter(active_at__gt=now - 2 * FLOOD_WITHIN).order_by("active_at", "id")
    columns = ("id", "is_first_out", *GROUP_COLUMNS)
    if lately[FLOOD : FLOOD + 1].first() is None:
        return
    rows = list(lately.filter(is_first_out=True).values_list(*columns))
    # Once a flood has begun, earlier occurrences of it have been looked at.
    rows = [*rows, *(lately.filter(noticed_at=now) if rows else lately).values_list(*columns)]
    groups = [next(filter(None, names), "") for _, _, *names in rows]
    marked = {group for (_, is_first, *_), group in zip(rows, groups, strict=True) if is_first}
    first: dict[str, int] = {}
    for (pk, *_), group in zip(rows, groups, strict=True):
        first.setdefault(group, pk)
    new = [pk for group, pk in first.items() if group not in marked]
    if new:
        AlarmOccurrence.objects.filter(id__in=new).update(is_first_out=True)
