"""Events of the detectors as conditions of alarms: an event that lasts."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from monitoring.alarms.condition import Memory
from monitoring.alarms.evaluation import Evaluation
from monitoring.alarms.kinds import Kind
from monitoring.alarms.state_machine import Act
from monitoring.alarms.watched import Finding, LateFinding, WatchedAlarm
from monitoring.database.leases import position_of
from monitoring.kernel.clock import SECOND_US, to_micros
from monitoring.kernel.lease_names import ALARM_EVENTS
from monitoring.models import AlarmOccurrence, Event

# These detectors find what may be wrong; as an alarm only what is twice as clear as a finding must be.
ADVISORY = frozenset({"drift", "step", "rate", "noise"})
ADVISORY_SCORE = 2.0
ROWS_AT_ONCE = 500

Key = tuple[int, str]  # tag, and detector or kind of event
Row = tuple[int, int, str, str, datetime, datetime | None, float]
COLUMNS = ("id", "tag_id", "detector", "kind", "start", "end", "score")


class EventWatch:
    """Follow the open events by the clock, and those that have ended by their revision.

    ``revision`` is that of the last event looked at. ``causes`` has the event of each active alarm.
    ``changed`` has the alarms with a stored memory that differs.
    """

    def __init__(self, alarms: list[WatchedAlarm], causes: Mapping[int, int | None]) -> None:
        self._alarms = {(alarm.tag or 0, alarm.kind.removeprefix(Kind.EVENT)): alarm for alarm in alarms}
        self._active = {alarm for alarm in alarms if alarm.is_on}
        self._causes = dict(causes)  # by definition
        self.changed = {alarm for alarm in alarms if alarm.is_dirty}
        self.revision = position_of(ALARM_EVENTS)

    def look(self, evaluation: Evaluation, now_us: int) -> None:
        """Note the alarms that begin and end."""
        if not self._alarms:
            return
        lasting = self._lasting(now_us)
        ended = self._active - lasting.keys()
        for alarm in sorted(ended, key=lambda alarm: alarm.definition):
            self._end(alarm, evaluation, now_us)
        for alarm, (row, due_us) in lasting.items():
            if not alarm.is_on:
                self._causes[alarm.definition] = row[0]
                self._set(alarm, is_on=True)
                found = Finding(alarm, Act.ACTIVE, alarm.in_order(due_us), event=row[0])
                evaluation.findings.append(found)
        self._follow_ended(evaluation)

    def forget_changes(self) -> None:
        """Forget which alarms have changed, after they were stored."""
        for alarm in self.changed:
            alarm.is_dirty = False
        self.changed = set()

    def _set(self, alarm: WatchedAlarm, *, is_on: bool) -> None:
        alarm.is_on = is_on
        alarm.remember(Memory(is_active=is_on))
        (self._active.add if is_on else self._active.discard)(alarm)
        self.changed.add(alarm)

    def _lasting(self, now_us: int) -> dict[WatchedAlarm, tuple[Row, int]]:
        """Return the open events that have lasted for an alarm's on-delay, and when they had."""
        found: dict[WatchedAlarm, tuple[Row, int]] = {}
        rows = Event.objects.filter(end=None).order_by("start")
        for row in rows.values_list(*COLUMNS):
            alarm = self._alarm_of(row)
            if alarm is not None:
                due_us = to_micros(row[4]) + alarm.in_force.timing.on_delay_us
                if due_us <= now_us:
                    found.setdefault(alarm, (row, due_us))
        return found

    def _alarm_of(self, row: Row) -> WatchedAlarm | None:
        _, tag, detector, kind, _, _, score = row
        if detector in ADVISORY and score < ADVISORY_SCORE:
            return None
        return self._alarms.get((tag, detector)) or self._alarms.get((tag, kind))

    def _end(self, alarm: WatchedAlarm, evaluation: Evaluation, now_us: int) -> None:
        """End the alarm with its event, or now if the event is gone."""
        event = self._causes.pop(alarm.definition, None) or 0
        end = Event.objects.values_list("end", flat=True).filter(pk=event).first()
        self._set(alarm, is_on=False)
        at_us = alarm.in_order(to_micros(end) if end is not None else now_us)
        evaluation.findings.append(Finding(alarm, Act.RETURN, at_us))

    def _follow_ended(self, evaluation: Evaluation) -> None:
        """Note events that began and ended unseen: they go to the journal only."""
        if self.revision is None:  # the first start: not the events of years
            newest = Event.objects.order_by("-revision").values_list("revision", flat=True).first()
            self.revision = newest or 0
            return
        rows = Event.objects.filter(revision__gt=self.revision).order_by("revision")
        ended = list(rows.values_list(*COLUMNS, "revision")[:ROWS_AT_ONCE])
        for *columns, revision in ended:
            self.revision = revision
            self._note_unseen(tuple(columns), evaluation)

    def _note_unseen(self, row: Row, evaluation: Evaluation) -> None:
        pk, _, _, _, start, end, _ = row
        alarm = self._alarm_of(row)
        if alarm is None or end is None:
            return
        delay = timedelta(seconds=alarm.in_force.timing.on_delay_us / SECOND_US)
        if end - start < delay or AlarmOccurrence.objects.filter(event=pk).exists():
            return
        evaluation.late.append(LateFinding(alarm, to_micros(start + delay), to_micros(end), event=pk))
