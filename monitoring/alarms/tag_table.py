"""The tags that the evaluator watches, as arrays: which measurements of a page need a closer look.

Nearly all measurements lie inside all setpoints of tags with alarms at rest. One comparison of arrays
finds the others. No database.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.alarms.kinds import HIGH_KINDS, LOW_KINDS, VALUE_KINDS, Kind
from monitoring.alarms.setpoint_track import SetpointTrack
from monitoring.alarms.watched import WatchedAlarm
from monitoring.kernel.arrays import BoolArray, FloatArray, IntArray
from monitoring.kernel.clock import SECOND_US
from monitoring.kernel.run_lengths import run_starts

NEVER = np.iinfo(np.int64).min
NOWHERE = -1


@dataclass(frozen=True, slots=True)
class Measured:
    """Measurements in the order of their ids; all of shape (n,). ``tag`` has the ids of the tags."""

    id: IntArray
    time_us: IntArray
    tag: IntArray
    value: FloatArray

    def __len__(self) -> int:
        return len(self.id)

    def where(self, mask: BoolArray) -> "Measured":
        """Return the rows of the mask."""
        return Measured(self.id[mask], self.time_us[mask], self.tag[mask], self.value[mask])


@dataclass(frozen=True, slots=True)
class WatchedTag:
    """A tag in use: id, name, group and the seconds after which the tag is stale."""

    pk: int
    name: str
    group: str
    stale_after_s: float


class TagTable:
    """The tags in use, each in a slot of the arrays; all arrays have shape (tags,).

    ``last_us`` and ``last_value`` are those of the newest evaluated measurement; ``last_us`` is NEVER before
    the first. ``confirmed_us`` is the time until which a source has confirmed that value; NEVER without one.
    ``high`` and ``low`` are the tightest setpoints, ``gap_us`` the time without a measurement
    after which the BAD alarm is due.
    """

    def __init__(self, tags: Sequence[WatchedTag], alarms: Iterable[WatchedAlarm]) -> None:
        count = len(tags)
        self.tags = tags
        self._slots = np.full(max((tag.pk for tag in tags), default=0) + 1, NOWHERE)
        self._slots[[tag.pk for tag in tags]] = np.arange(count)
        self.stale_us: IntArray = np.array([round(tag.stale_after_s * SECOND_US) for tag in tags], np.int64)
        self.last_us: IntArray = np.full(count, NEVER)
        self.confirmed_us: IntArray = np.full(count, NEVER)
        self.last_value = np.full(count, np.nan)
        self.high, self.low = np.full(count, np.inf), np.full(count, -np.inf)
        self.is_busy, self.needs_every = np.zeros(count, bool), np.zeros(count, bool)
        self.gap_us: IntArray = np.full(count, np.iinfo(np.int64).max)
        self.of_values: list[list[WatchedAlarm]] = [[] for _ in tags]
        self.bad: list[WatchedAlarm | None] = [None] * count
        self.tracks: dict[int, SetpointTrack] = {}  # of the tags that deviations follow, by slot
        for alarm in alarms:
            self._add(alarm)
        for slot in range(count):
            self.note(slot)

    def slots_of(self, tag: IntArray) -> IntArray:
        """Return the slots of tags by id; NOWHERE for tags that are not watched."""
        known = np.where(tag < len(self._slots), tag, 0)
        return np.where(tag < len(self._slots), self._slots[known], NOWHERE)

    def slot_of(self, tag: int) -> int:
        """Return the slot of a tag; NOWHERE if it is not watched."""
        return int(self._slots[tag]) if 0 <= tag < len(self._slots) else NOWHERE

    def newest_value(self, tag: int) -> float | None:
        """Return the newest evaluated value of a tag; None before the first."""
        slot = self.slot_of(tag)
        return None if slot == NOWHERE or self.last_us[slot] == NEVER else float(self.last_value[slot])

    def last_of(self, slot: int) -> int | None:
        """Return the time of the newest evaluated measurement; None before the first."""
        last = int(self.last_us[slot])
        return None if last == NEVER else last

    @property
    def known_us(self) -> IntArray:
        """Return until when the value of each tag is known: NEVER before the first measurement."""
        return np.where(self.last_us == NEVER, NEVER, np.maximum(self.last_us, self.confirmed_us))

    def known_until(self, slot: int, at_us: int | None = None) -> int | None:
        """Return until when a tag's value is known, not after ``at_us``; None before the first value."""
        last_us, confirmed_us = self.last_of(slot), int(self.confirmed_us[slot])
        if last_us is None:
            return None
        return max(last_us, confirmed_us if at_us is None else min(confirmed_us, at_us))

    def alarms_at(self, slot: int) -> list[WatchedAlarm]:
        """Return the alarms that follow the tag's measurements."""
        bad = self.bad[slot]
        return self.of_values[slot] if bad is None else [*self.of_values[slot], bad]

    def note(self, slot: int) -> None:
        """Note whether any alarm of the tag is not at rest."""
        self.is_busy[slot] = not all(alarm.is_at_rest for alarm in self.alarms_at(slot))

    def track(self, slot: int, at_us: int, value: float) -> None:
        """Note a measurement, late or not, of a tag that deviations follow."""
        if slot in self.tracks:
            self.tracks[slot].add(at_us, value)

    def seed(self, slot: int, at_us: int, value: float) -> None:
        """Set the newest evaluated measurement of a tag."""
        self.last_us[slot], self.last_value[slot] = at_us, value

    def pass_quiet(self, rows: Measured) -> Measured:
        """Note the newest values of tags at which nothing happens; return all rows of the other tags."""
        slot = self.slots_of(rows.tag)
        rows, slot = rows.where(slot != NOWHERE), slot[slot != NOWHERE]
        order = np.argsort(slot, kind="stable")
        slots, time_us, value = slot[order], rows.time_us[order], rows.value[order]
        first = run_starts(slots)
        before = np.concatenate([time_us[:1], time_us[:-1]])
        before[first] = self.last_us[slots[first]]
        before = np.where(before == NEVER, time_us - 1, before)
        odd = (value > self.high[slots]) | (value < self.low[slots])
        odd |= (time_us <= before) | (time_us - before > self.stale_us[slots])
        odd |= self.is_busy[slots] | self.needs_every[slots]
        is_odd = np.zeros(len(self.tags), bool)
        is_odd[slots[odd]] = True
        newest = np.concatenate([first[1:], first[:1]]) & ~is_odd[slots]  # the last row of each run
        self.last_us[slots[newest]], self.last_value[slots[newest]] = time_us[newest], value[newest]
        return rows.where(is_odd[slot])

    def _add(self, alarm: WatchedAlarm) -> None:
        slot = self.slot_of(alarm.tag) if alarm.tag is not None else NOWHERE
        if slot == NOWHERE:
            return
        setpoint = alarm.in_force.setpoint
        if alarm.kind == Kind.BAD:
            self.bad[slot] = alarm
            timing = alarm.in_force.timing
            self.gap_us[slot] = timing.stale_after_us + timing.on_delay_us
        elif alarm.kind in VALUE_KINDS:
            self.of_values[slot].append(alarm)
            self.needs_every[slot] |= alarm.needs_every_value
            self._follow(alarm)
        if setpoint is not None and alarm.kind in HIGH_KINDS:
            self.high[slot] = min(self.high[slot], setpoint)
        elif setpoint is not None and alarm.kind in LOW_KINDS:
            self.low[slot] = max(self.low[slot], setpoint)

    def _follow(self, alarm: WatchedAlarm) -> None:
        """Give a deviation the track of its setpoint tag; each measurement of that tag matters then."""
        target = alarm.in_force.target_tag
        slot = NOWHERE if target is None else self.slot_of(target)
        if slot == NOWHERE:
            return
        self.needs_every[slot] = True
        alarm.track = self.tracks.setdefault(slot, SetpointTrack())
        alarm.track.keep(round((alarm.in_force.settle_s or 0) * SECOND_US))
