"""Deviations of running batches as conditions of alarms: one alarm a vessel, whichever channels deviate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from monitoring.alarms.condition import Memory
from monitoring.alarms.evaluation import Evaluation
from monitoring.alarms.state_machine import Act
from monitoring.alarms.watched import Finding, LateFinding, WatchedAlarm
from monitoring.alarms.wording import cause_of
from monitoring.database.leases import position_of
from monitoring.kernel.clock import from_micros, to_micros
from monitoring.kernel.lease_names import ALARM_DEVIATIONS
from monitoring.models import AlarmOccurrence, Batch, BatchState, Deviation

ROWS_AT_ONCE = 500
# A deviation of a batch that ended before is found by a new comparison of an old batch: no news for people.
LATE_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Known:
    """The content of an occurrence: the deviation in ``details``, and its score."""

    details: dict[str, Any] = field(default_factory=dict)
    score: float | None = None


class BatchWatch:
    """Follow the open deviations by the clock, and those that have ended by their revision.

    ``revision`` is that of the last deviation looked at. ``known`` has the occurrences of active alarms by
    definition, as stored; ``changed`` has those that differ since.
    """

    def __init__(self, alarms: list[WatchedAlarm], known: Mapping[int, Known]) -> None:
        self._alarms = {alarm.vessel: alarm for alarm in alarms}
        self._known = dict(known)
        self.changed: dict[WatchedAlarm, Known] = {}
        self.revision = position_of(ALARM_DEVIATIONS)

    def look(self, evaluation: Evaluation, now_us: int) -> None:
        """Note the alarms that begin and end, and what has become known of those that last."""
        if not self._alarms:
            return
        lasting = self._lasting(now_us)
        for alarm in self._alarms.values():
            row = lasting.get(alarm)
            if alarm.is_on and (row is None or not self._is_same(alarm, row)):
                self._end(alarm, evaluation, now_us)
            if row is not None:
                self._tell(alarm, row, evaluation, now_us)
        self._follow_ended(evaluation, now_us)

    def score_of(self, alarm: WatchedAlarm) -> float | None:
        """Return the score of the deviation of an active alarm; None at rest."""
        return self._known[alarm.definition].score if alarm.definition in self._known else None

    def _lasting(self, now_us: int) -> dict[WatchedAlarm, Deviation]:
        """Return the newest open deviation of each running batch that has lasted for the on-delay."""
        rows = Deviation.objects.filter(end=None, batch__state=BatchState.RUNNING)
        found: dict[WatchedAlarm, Deviation] = {}
        for row in rows.select_related("batch").defer("contributions").order_by("start"):
            alarm = self._alarms.get(row.batch.vessel_id)
            if alarm is not None and due_us(alarm, row) <= now_us:
                found[alarm] = row
        return found

    def _is_same(self, alarm: WatchedAlarm, row: Deviation) -> bool:
        """Return whether an active alarm goes on with this deviation.

        Late data may replace a deviation by another one: then the alarm of the batch goes on, too.
        """
        before = self._known.get(alarm.definition, Known()).details
        if before.get("deviation") == row.pk:
            return True
        is_gone = not Deviation.objects.filter(pk=before.get("deviation", 0)).exists()
        return is_gone and before.get("batch") == row.batch_id

    def _tell(self, alarm: WatchedAlarm, row: Deviation, evaluation: Evaluation, now_us: int) -> None:
        """Begin the alarm with the deviation, or note what is new about it."""
        known = Known(details_of(row), shown_score(row))
        if not alarm.is_on:
            at_us = alarm.in_order(min(now_us, max(due_us(alarm, row), ended_us(alarm))))
            self._set(alarm, is_on=True)
            reason = cause_of(known.details)
            evaluation.findings.append(
                Finding(alarm, Act.ACTIVE, at_us, known.score, reason=reason, details=known.details)
            )
        elif known != self._known.get(alarm.definition):
            self.changed[alarm] = known
        self._known[alarm.definition] = known

    def _set(self, alarm: WatchedAlarm, *, is_on: bool) -> None:
        alarm.is_on = is_on
        alarm.remember(Memory(is_active=is_on))

    def _end(self, alarm: WatchedAlarm, evaluation: Evaluation, now_us: int) -> None:
        """End the alarm with its deviation or batch, or now if the deviation is gone."""
        before = self._known.pop(alarm.definition, Known()).details
        row = Deviation.objects.select_related("batch").filter(pk=before.get("deviation", 0)).first()
        end = end_of(row) if row is not None else None
        self._set(alarm, is_on=False)
        at_us = alarm.in_order(min(now_us, to_micros(end)) if end is not None else now_us)
        evaluation.findings.append(Finding(alarm, Act.RETURN, at_us))

    def _follow_ended(self, evaluation: Evaluation, now_us: int) -> None:
        """Note deviations that began and ended unseen: they go to the journal only."""
        if self.revision is None:  # the first start: not the deviations of years
            newest = Deviation.objects.order_by("-revision").values_list("revision", flat=True).first()
            self.revision = newest or 0
            return
        rows = Deviation.objects.filter(revision__gt=self.revision).order_by("revision")
        for row in rows.select_related("batch").defer("contributions")[:ROWS_AT_ONCE]:
            self.revision = row.revision
            alarm, end = self._alarms.get(row.batch.vessel_id), end_of(row)
            if alarm is not None and end is not None and is_recent(row.batch, from_micros(now_us)):
                self._note_unseen(alarm, row, to_micros(end), evaluation)

    def _note_unseen(self, alarm: WatchedAlarm, row: Deviation, end_us: int, evaluation: Evaluation) -> None:
        begin_us = due_us(alarm, row)
        told = AlarmOccurrence.objects.filter(definition=alarm.definition, details__deviation=row.pk)
        if begin_us <= end_us and not told.exists():
            late = LateFinding(alarm, begin_us, end_us, shown_score(row), details=details_of(row))
            evaluation.late.append(late)


def due_us(alarm: WatchedAlarm, row: Deviation) -> int:
    """Return when the deviation has lasted for the alarm's on-delay, in microseconds."""
    return to_micros(row.start) + alarm.in_force.timing.on_delay_us


def ended_us(alarm: WatchedAlarm) -> int:
    """Return when the last occurrence ended, in microseconds; 0 without one.

    Late data may open a deviation again that had ended: the next occurrence begins where the last one ended.
    """
    rows = AlarmOccurrence.objects.filter(definition=alarm.definition, is_late=False)
    end = rows.order_by("-active_at", "-id").values_list("cleared_at", flat=True).first()
    return 0 if end is None else to_micros(end)


def shown_score(row: Deviation) -> float:
    """Return the score as people read it, so that no change is noted that nobody would see."""
    return round(row.score, 2)


def end_of(row: Deviation) -> datetime | None:
    """Return the end of a deviation, at the latest that of its batch; None while both last."""
    ends = [end for end in (row.end, row.batch.end) if end is not None]
    return min(ends, default=None)


def is_recent(batch: Batch, now: datetime) -> bool:
    """Return whether the batch runs, or has ended not long ago."""
    return batch.end is None or batch.end > now - LATE_WITHIN


def details_of(row: Deviation) -> dict[str, Any]:
    """Return the details of an occurrence; with the verdict, probe or process, once it may be shown."""
    details = {
        "batch": row.batch_id,
        "batch_name": row.batch.name,
        "deviation": row.pk,
        "sentence": row.sentence,
    }
    verdict = row.verdict or {}
    if verdict.get("is_shown") and verdict.get("sentence"):
        details["verdict"] = verdict["sentence"]
    return details
