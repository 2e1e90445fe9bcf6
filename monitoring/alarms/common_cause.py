"""Common cause: many silent tags of a group are one alarm of the group, not one alarm a tag."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from monitoring.alarms.evaluation import Evaluation
from monitoring.alarms.state_machine import Act
from monitoring.alarms.tag_table import NEVER, TagTable
from monitoring.alarms.watched import Finding, WatchedAlarm
from monitoring.kernel.arrays import BoolArray, IntArray
from monitoring.kernel.clock import SECOND_US

FEWEST = 3
WITHIN_US = 60 * SECOND_US
HALF, ALL = 0.5, 1.0


@dataclass(slots=True, eq=False)
class Cause:
    """The alarm of a group or of the whole plant, and the slots of its tags.

    It is due when so large a ``share`` of the tags is stale, at least FEWEST of them within a minute.
    """

    alarm: WatchedAlarm
    slots: IntArray
    share: float

    @property
    def needed(self) -> int:
        """Return how many of the tags must be stale."""
        return max(FEWEST, math.ceil(self.share * len(self.slots)))

    @property
    def reason(self) -> str:
        """Return why the alarms of the tags are suppressed."""
        place = f"group {self.alarm.group}" if self.alarm.group else "all tags"
        return f"no data of {place}: see alarm {self.alarm.kind}"


def begin_of(stale_at: IntArray, needed: int, *, is_plant: bool) -> int | None:
    """Return when enough tags had become stale; None if they did not within a minute.

    Of the whole plant all tags must be stale, and only the last ones within a minute.
    """
    at = np.sort(stale_at)
    if len(at) < needed:
        return None
    if is_plant:
        return int(at[-1]) if at[-1] - at[-FEWEST] <= WITHIN_US else None
    together = np.flatnonzero(at[needed - 1 :] - at[: len(at) - needed + 1] <= WITHIN_US)
    return int(at[needed - 1 :][together[0]]) if len(together) else None


class CommonCauses:
    """The alarms of groups and plant, judged before the alarms of the tags."""

    def __init__(self, table: TagTable, plant: WatchedAlarm | None, groups: list[WatchedAlarm]) -> None:
        self.table = table
        names = np.array([tag.group for tag in table.tags])
        self.groups = [Cause(alarm, np.flatnonzero(names == alarm.group), HALF) for alarm in groups]
        self.plant = Cause(plant, np.arange(len(table.tags)), ALL) if plant is not None else None
        bad = [alarm for alarm in table.bad if alarm is not None]
        self.suppressed = {alarm for alarm in [*bad, *groups] if alarm.suppressed_for}

    def look(self, evaluation: Evaluation, now_us: int, *, at_most: int) -> bool:
        """Note causes that begin and end by the clock. Return whether more alarms wait to be suppressed."""
        table = self.table
        is_known = table.last_us != NEVER
        stale_at = np.where(is_known, table.known_us, 0) + table.stale_us
        is_stale = is_known & (stale_at <= now_us)
        if self.plant is not None:
            known = replace(self.plant, slots=np.flatnonzero(is_known))
            self._judge(known, evaluation, is_stale, stale_at, now_us)
        for cause in self.groups:
            if cause.alarm.is_on or not self._is_covered():
                self._judge(cause, evaluation, is_stale, stale_at, now_us)
        wanted = [*self._members(is_stale)]
        for alarm, reason in wanted[:at_most]:
            alarm.suppressed_for = reason
            self.suppressed.add(alarm)
            evaluation.findings.append(Finding(alarm, Act.SUPPRESS, reason=reason))
        if len(wanted) > at_most:
            return True
        return self._release(evaluation, at_most - len(wanted))

    def _is_covered(self) -> bool:
        """Return whether the alarm of the whole plant is active or about to be."""
        plant = self.plant.alarm if self.plant is not None else None
        return plant is not None and (plant.is_on or plant.memory.outside_since is not None)

    def _judge(
        self, cause: Cause, evaluation: Evaluation, is_stale: BoolArray, stale_at: IntArray, now_us: int
    ) -> None:
        members = cause.slots[is_stale[cause.slots]]
        is_plant = cause.share == ALL
        begin = begin_of(stale_at[members], cause.needed, is_plant=is_plant) if len(cause.slots) else None
        finding = judge_condition(cause.alarm, begin, is_lasting=len(members) >= cause.needed, now_us=now_us)
        if finding is None:
            return
        if finding.act is Act.ACTIVE:
            finding.details = {"tags": [self.table.tags[slot].name for slot in members.tolist()]}
        evaluation.findings.append(finding)

    def _members(self, is_stale: BoolArray) -> Iterator[tuple[WatchedAlarm, str]]:
        """Yield the alarms that an active cause covers and does not suppress yet, with the reason."""
        covered: set[WatchedAlarm] = set()
        reasons = self._reasons()
        for cause in (*([self.plant] if self.plant is not None else []), *self.groups):
            if not cause.alarm.is_on:
                continue
            members = [self.table.bad[slot] for slot in cause.slots[is_stale[cause.slots]].tolist()]
            if cause is self.plant:
                members += [each.alarm for each in self.groups if each.alarm.is_on]
            for alarm in members:
                if alarm is not None and alarm not in covered:
                    covered.add(alarm)
                    if alarm.suppressed_for not in reasons:
                        yield alarm, cause.reason

    def _reasons(self) -> set[str]:
        """Return the reasons of the active causes."""
        causes = [*self.groups, *([self.plant] if self.plant is not None else [])]
        return {cause.reason for cause in causes if cause.alarm.is_on}

    def _release(self, evaluation: Evaluation, at_most: int) -> bool:
        """Release the alarms whose common cause has ended. Return whether more wait."""
        reasons = self._reasons() if self.suppressed else set()
        ended = [alarm for alarm in self.suppressed if alarm.suppressed_for not in reasons]
        for alarm in sorted(ended, key=lambda alarm: alarm.definition)[:at_most]:
            reason = f"ended: {alarm.suppressed_for}"
            evaluation.findings.append(Finding(alarm, Act.RELEASE, reason=reason))
            alarm.suppressed_for = ""
            self.suppressed.discard(alarm)
        return len(ended) > at_most


def judge_condition(
    alarm: WatchedAlarm, begin_us: int | None, *, is_lasting: bool, now_us: int
) -> Finding | None:
    """Return the change of a condition that only the clock tells of.

    ``begin_us`` is when the condition began, None without one; ``is_lasting`` whether an active one goes on.
    """
    timing, memory = alarm.in_force.timing, alarm.memory
    if not memory.is_active:
        if begin_us is None or now_us < begin_us + timing.on_delay_us:
            alarm.remember(replace(memory, outside_since=begin_us))
            return None
        alarm.remember(replace(memory, is_active=True, outside_since=None))
        alarm.is_on = True
        return Finding(alarm, Act.ACTIVE, alarm.in_order(begin_us + timing.on_delay_us))
    if is_lasting:
        alarm.remember(replace(memory, inside_since=None))
        return None
    since = now_us if memory.inside_since is None else min(now_us, memory.inside_since)
    if now_us < since + timing.off_delay_us:
        alarm.remember(replace(memory, inside_since=since))
        return None
    alarm.remember(replace(memory, is_active=False, inside_since=None))
    alarm.is_on = False
    return Finding(alarm, Act.RETURN, alarm.in_order(since + timing.off_delay_us))
