"""One alarm as the evaluator holds it in memory: the definition in force, and the memory of the condition.

No database.
"""

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from monitoring.alarms.condition import (
    Change,
    Memory,
    Side,
    side_of,
    take_gap,
    take_time,
    take_value,
    wait_for_data,
)
from monitoring.alarms.definition import InForce
from monitoring.alarms.kinds import VALUE_KINDS, Kind
from monitoring.alarms.setpoint_track import SetpointTrack
from monitoring.alarms.state_machine import Act
from monitoring.kernel.clock import SECOND_US

SLOPES = frozenset({Kind.RISING, Kind.FALLING})
SLOPE_WINDOW_S = 60.0
FEWEST_VALUES = 3  # for a slope; they must also cover half of the window


class SlopeWindow:
    """The values of the last seconds, and their least-squares slope in units a minute."""

    def __init__(self, window_s: float) -> None:
        self.window_us = round(window_s * SECOND_US)
        self._values: deque[tuple[int, float]] = deque()

    def add(self, at_us: int, value: float) -> None:
        """Add a value; drop those that have left the window."""
        if self._values and at_us <= self._values[-1][0]:  # the clock of the source went back
            self._values.clear()
        self._values.append((at_us, value))
        while self._values[0][0] <= at_us - self.window_us:
            self._values.popleft()

    def slope(self) -> float | None:
        """Return the slope; None while the values cover less than half of the window."""
        span_us = self._values[-1][0] - self._values[0][0]
        if len(self._values) < FEWEST_VALUES or 2 * span_us < self.window_us:
            return None
        times_us, values = np.array(self._values, dtype=np.float64).T
        minutes = (times_us - times_us[0]) / (60 * SECOND_US)
        from_mean = minutes - minutes.mean()
        return float(from_mean @ values / (from_mean @ from_mean))


@dataclass(slots=True, eq=False)
class WatchedAlarm:
    """An alarm in memory. ``is_on`` says that the stored state is active, for whatever cause.

    ``changed_us`` is the time of the last change, so that changes noticed by the clock stay in order with
    values that arrive later. ``is_dirty``: the stored memory differs.
    """

    definition: int
    tag: int | None
    group: str
    kind: str
    in_force: InForce
    memory: Memory = field(default_factory=Memory)
    is_on: bool = False
    is_refused: bool = False  # of a BAD alarm: readings are rejected now
    is_marked: bool = False  # of a BAD alarm: its source has said so for long enough
    quality_word: str | None = None  # of a BAD alarm: what its source says now
    suppressed_for: str = ""  # the common cause in words
    no_data_since: int | None = None
    changed_us: int = 0
    is_dirty: bool = False
    side: Side | None = None
    window: SlopeWindow | None = None
    track: SetpointTrack | None = None  # of a deviation from a tag; None while the tag is not in use
    vessel: int | None = None

    def __post_init__(self) -> None:
        """Prepare the comparison with the setpoint."""
        if self.kind in VALUE_KINDS and self.in_force.setpoint is not None:
            self.side = side_of(self.kind, self.in_force.setpoint, self.in_force.deadband)
        if self.kind in SLOPES:
            self.window = SlopeWindow(self.in_force.window_s or SLOPE_WINDOW_S)

    @property
    def needs_every_value(self) -> bool:
        """Return whether a comparison with limits does not tell which values matter."""
        return self.kind in {Kind.DEVIATION, Kind.DISCRETE} or self.window is not None

    @property
    def is_at_rest(self) -> bool:
        """Return whether a value that is inside changes nothing."""
        return self.memory.is_at_rest and self.no_data_since is None

    def remember(self, memory: Memory) -> None:
        """Replace the memory; note whether the stored one differs."""
        if memory != self.memory:
            self.memory, self.is_dirty = memory, True

    def take(self, at_us: int, value: float, last_us: int | None) -> list[Change]:
        """Return the changes up to and with a value of the tag."""
        if self.kind == Kind.BAD:
            memory, changes = take_gap(self.memory, self.in_force.timing, at_us=at_us, last_us=last_us)
            self.remember(memory)
            return changes
        if self.no_data_since is not None:
            self.no_data_since, self.is_dirty = None, True
        compared = self._compared(at_us, value)
        is_without_target = compared is None and self.kind == Kind.DEVIATION
        if self.side is None or is_without_target:  # setpoint or target was taken away
            ended = [Change(False, at_us)] if self.memory.is_active else []
            self.remember(Memory())
            return ended
        if compared is None:
            return []
        if self._settles(at_us):
            compared = 0.0
        memory, changes = take_value(
            self.memory, self.side, self.in_force.timing, at_us=at_us, value=compared, last_us=last_us
        )
        self.remember(memory)
        return changes

    def take_time(self, now_us: int, last_us: int) -> list[Change]:
        """Return the change that time without a new value makes."""
        if self.kind == Kind.BAD:
            memory, changes = wait_for_data(self.memory, self.in_force.timing, now_us=now_us, last_us=last_us)
        else:
            self._settles(now_us)
            memory, changes = take_time(self.memory, self.in_force.timing, now_us=now_us, last_us=last_us)
            stale_us = last_us + self.in_force.timing.stale_after_us
            if memory.is_active and self.no_data_since is None and now_us > stale_us:
                self.no_data_since, self.is_dirty = stale_us, True
        self.remember(memory)
        return changes

    def step_back(self) -> None:
        """Forget running delays: the source continues at an earlier time."""
        self.remember(replace(self.memory, outside_since=None, inside_since=None))
        self.changed_us = 0

    def forget_after(self, latest_us: int) -> None:
        """Forget times that the clock has not reached: it was ahead when they were stored."""
        times_us = (self.memory.outside_since, self.memory.inside_since)
        if max(*(time_us or 0 for time_us in times_us), self.changed_us) > latest_us:
            self.step_back()
        if self.no_data_since is not None and self.no_data_since > latest_us:
            self.no_data_since, self.is_dirty = None, True

    def in_order(self, at_us: int) -> int:
        """Return the time of a change, not before the last one."""
        self.changed_us = max(at_us, self.changed_us)
        return self.changed_us

    def _settles(self, at_us: int) -> bool:
        """Return whether a value outside does not count, because the setpoint has just moved.

        An on-delay that would run out after the move starts anew. An active alarm stays active.
        """
        if self.track is None or not self.in_force.settle_s or self.memory.is_active:
            return False
        moved_us = self.track.moved_at(at_us, round(self.in_force.settle_s * SECOND_US))
        if moved_us is None:
            return False
        since_us = self.memory.outside_since
        if since_us is not None and since_us + self.in_force.timing.on_delay_us >= moved_us:
            self.remember(replace(self.memory, outside_since=None))
        return True

    def _compared(self, at_us: int, value: float) -> float | None:
        """Return the number that is compared with the setpoint; None if unknown."""
        if self.window is not None:
            self.window.add(at_us, value)
            return self.window.slope()
        if self.kind != Kind.DEVIATION:
            return value
        target = self.in_force.target
        if self.in_force.target_tag is not None:
            target = self.track.value_at(at_us) if self.track is not None else None
        return None if target is None else abs(value - target)


@dataclass(slots=True)
class Finding:
    """An act that the evaluator has found, to be written. ``at_us`` None: now.

    ``event`` is the id of the event that caused an occurrence; ``priority`` replaces the definition's.
    """

    alarm: WatchedAlarm
    act: Act
    at_us: int | None = None
    value: float | None = None
    reason: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    event: int | None = None
    priority: str = ""


@dataclass(frozen=True, slots=True)
class LateFinding:
    """An occurrence that was over, or not the newest, when noticed: for the journal only."""

    alarm: WatchedAlarm
    active_us: int
    cleared_us: int
    value: float | None = None
    event: int | None = None
    details: dict[str, Any] = field(default_factory=dict)
