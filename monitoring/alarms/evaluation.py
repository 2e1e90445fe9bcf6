"""Evaluate measurements and the passing of time: which alarms become active, which return. No database."""

from collections.abc import Mapping, Sequence

import numpy as np

from monitoring.alarms.condition import Change, Memory
from monitoring.alarms.kinds import Kind, Priority
from monitoring.alarms.state_machine import Act
from monitoring.alarms.tag_table import NEVER, NOWHERE, Measured, TagTable
from monitoring.alarms.watched import Finding, LateFinding, WatchedAlarm
from monitoring.alarms.wording import MARKED_BAD, NO_DATA, REFUSED
from monitoring.history.confirmed import Confirmed

BY_CLOCK = "clock"
# Changes a transaction, so that other writers wait for 50 ms.
CHANGES_AT_ONCE = 100

# A measurement that is not newer than the evaluated ones: slot of the tag, and time in microseconds.
LateRow = tuple[int, int]


class Evaluation:
    """The alarms of all tags, and the findings since the last commit."""

    def __init__(self, table: TagTable) -> None:
        self.table = table
        self.findings: list[Finding] = []
        self.late: list[LateFinding] = []
        self.late_rows: list[LateRow] = []
        self.dirty: set[int] = set()  # slots with an alarm whose memory has changed

    @property
    def has_found(self) -> bool:
        """Return whether there is anything to write."""
        return bool(self.findings or self.late or self.late_rows)

    def take(self, rows: Measured, *, latest_us: int) -> None:
        """Evaluate measurements, in the order given. None is later than ``latest_us``, the clock's time."""
        odd = self.table.pass_quiet(rows)
        slots = self.table.slots_of(odd.tag)
        columns = (slots.tolist(), odd.time_us.tolist(), odd.value.tolist())
        for slot, at_us, value in zip(*columns, strict=True):
            self._take_row(slot, at_us, value, latest_us)
        for slot in set(slots.tolist()):
            self._settle(slot)

    def judge_seed(self, alarm: WatchedAlarm, slot: int) -> None:
        """Evaluate the tag's newest measurement for an alarm that is new, as if it came now."""
        last_us = self.table.last_of(slot)
        if last_us is not None and alarm.kind != Kind.BAD:
            value = float(self.table.last_value[slot])
            self._note(alarm, alarm.take(last_us, value, None), value)
            self._settle(slot)

    def take_time(self, now_us: int) -> None:
        """Evaluate the delays that run out without a new measurement."""
        for slot in np.flatnonzero(self.table.is_busy).tolist():
            last_us = self.table.known_until(slot)
            if last_us is None:
                continue
            for alarm in self.table.alarms_at(slot):
                if not alarm.is_at_rest:
                    value = float(self.table.last_value[slot])
                    self._note(alarm, alarm.take_time(now_us, last_us), value, by=BY_CLOCK)
            self._settle(slot)

    def take_confirmations(self, confirmed: Mapping[int, Confirmed], *, is_start: bool = False) -> None:
        """Note until when sources confirm the values of tags, by tag id.

        For the alarm of missing data that is as good as a measurement; for all others, the value lasts. At
        the start measurements of a longer time follow, in which the source may have been away: then a
        confirmation counts only if it began while the tag was fresh.
        """
        table = self.table
        for tag, (since_us, until_us) in confirmed.items():
            slot = table.slot_of(tag)
            known_us = table.known_until(slot) if slot != NOWHERE else None
            if known_us is None or until_us <= known_us:
                continue
            if is_start and since_us > known_us + int(table.stale_us[slot]):
                continue
            if table.is_busy[slot]:
                self._confirm(slot, until_us, known_us)
            table.confirmed_us[slot] = until_us

    def _confirm(self, slot: int, at_us: int, known_us: int) -> None:
        """Note a confirmation of a tag with an alarm that is not at rest."""
        bad, value = self.table.bad[slot], float(self.table.last_value[slot])
        if bad is not None and not bad.is_at_rest:
            self._note(bad, bad.take(at_us, value, known_us), value)
        for alarm in self.table.of_values[slot]:
            if alarm.no_data_since is not None:
                alarm.no_data_since, alarm.is_dirty = None, True
        self._settle(slot)

    def take_silence(self, now_us: int, *, at_most: int) -> bool:
        """Evaluate tags that have become silent. Return whether more than ``at_most`` have."""
        table = self.table
        is_known, known_us = table.last_us != NEVER, table.known_us
        silent = np.flatnonzero(is_known & (now_us - np.where(is_known, known_us, 0) >= table.gap_us))
        due = [slot for slot in silent.tolist() if not self._is_gone(slot)]
        for slot in due[:at_most]:
            alarm, last_us = table.bad[slot], table.known_until(slot)
            if alarm is not None and last_us is not None:
                value = float(table.last_value[slot])
                self._note(alarm, alarm.take_time(now_us, last_us), value, by=BY_CLOCK)
                self._settle(slot)
        return len(due) > at_most

    def settle_bad(
        self, alarm: WatchedAlarm, at_us: int, *, by: str = "", value: float | None = None
    ) -> None:
        """Note the change of a BAD alarm: silence, rejected readings, or bad quality by its source."""
        is_on = alarm.memory.is_active or alarm.is_refused or alarm.is_marked
        if is_on == alarm.is_on:
            return
        alarm.is_on = is_on
        self.findings.append(
            Finding(
                alarm,
                Act.ACTIVE if is_on else Act.RETURN,
                alarm.in_order(at_us),
                value,
                details={**cause_of_bad(alarm), **noticed(by)} if is_on else {},
                priority=Priority.HIGH if is_on and alarm.is_refused else "",
            )
        )

    def clear(self) -> None:
        """Forget all that has been written."""
        self.findings, self.late, self.late_rows = [], [], []
        for alarm in self.changed_alarms():
            alarm.is_dirty = False
        self.dirty = set()

    def changed_alarms(self) -> list[WatchedAlarm]:
        """Return the alarms of tags with a changed memory."""
        slots = sorted(self.dirty)
        return [alarm for slot in slots for alarm in self.table.alarms_at(slot) if alarm.is_dirty]

    def _settle(self, slot: int) -> None:
        """Note which alarms of a tag are not at rest, and which have changed."""
        self.table.note(slot)
        if any(alarm.is_dirty for alarm in self.table.alarms_at(slot)):
            self.dirty.add(slot)

    def _is_gone(self, slot: int) -> bool:
        """Return whether the BAD alarm of the tag is active for its silence."""
        bad = self.table.bad[slot]
        return bad is None or (bad.memory.is_active and bad.memory.inside_since is None)

    def _take_row(self, slot: int, at_us: int, value: float, latest_us: int) -> None:
        table = self.table
        last_us = table.last_of(slot)
        if last_us is not None and last_us > latest_us:  # it came while the clock was ahead
            last_us = None
            for alarm in table.alarms_at(slot):
                alarm.step_back()
        table.track(slot, at_us, value)
        if last_us is not None and at_us <= last_us:
            self.late_rows.append((slot, at_us))
            return
        before = float(table.last_value[slot])
        last_us = None if last_us is None else table.known_until(slot, at_us)
        table.seed(slot, at_us, value)
        for alarm in table.of_values[slot]:
            changes = alarm.take(at_us, value, last_us)
            self._note_each(alarm, changes, at_us, value, before)
        bad = table.bad[slot]
        if bad is not None:
            self._take_gap(bad, at_us, value, last_us)

    def _take_gap(self, bad: WatchedAlarm, at_us: int, value: float, last_us: int | None) -> None:
        """Note that data came. A gap that only the data tell of, as after an outage, is over: a late one."""
        was_active = bad.memory.is_active
        changes = bad.take(at_us, value, last_us)
        if not was_active and changes and changes[0].is_active:
            self.late.append(LateFinding(bad, changes[0].at_us, at_us))
            bad.remember(Memory())
            return
        self._note(bad, changes, value)

    def _note_each(
        self, alarm: WatchedAlarm, changes: Sequence[Change], at_us: int, value: float, before: float
    ) -> None:
        for change in changes:
            self._note(alarm, [change], value if change.at_us == at_us else before)

    def _note(self, alarm: WatchedAlarm, changes: Sequence[Change], value: float, *, by: str = "") -> None:
        for change in changes:
            if alarm.kind == Kind.BAD:
                self.settle_bad(alarm, change.at_us, by=by, value=None)
                continue
            alarm.is_on = change.is_active
            act = Act.ACTIVE if change.is_active else Act.RETURN
            at_us = alarm.in_order(change.at_us)
            self.findings.append(Finding(alarm, act, at_us, value, details=noticed(by)))


def cause_of_bad(alarm: WatchedAlarm) -> dict[str, str]:
    """Return the details of an occurrence of a BAD alarm: the cause, and the words of its source."""
    if alarm.is_refused:
        return {"cause": REFUSED}
    if alarm.quality_word is None:
        return {"cause": NO_DATA}
    return {"cause": MARKED_BAD, **({"word": alarm.quality_word} if alarm.quality_word else {})}


def noticed(by: str) -> dict[str, str]:
    """Return the details of an occurrence: noticed by the clock, not by a measurement."""
    return {"noticed_by": by} if by else {}
