"""The alarms that settings would have given on stored values, by the functions that evaluate alarms.

No database. Vectorised searches find the values that can change a condition; only these are evaluated.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from monitoring.alarms.condition import Memory, Side, Timing, take_value

Times = NDArray[np.int64]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Crossings:
    """For each value the index of the first value from there on that may change a condition.

    ``inside`` and ``outside`` stop a delay; a value after a gap does, too. ``starts`` are values outside and
    ``ends`` values inside whose delay runs out before it is stopped. Each array has shape (n + 1,); n stands
    for no such value.
    """

    times_us: Times
    inside: Times
    outside: Times
    starts: Times
    ends: Times

    @classmethod
    def of(cls, times_us: Times, values: Values, side: Side, timing: Timing) -> "Crossings":
        """Find the crossings of a signal."""
        is_outside = outside_of(values, side)
        is_inside = np.asarray(side.is_inside(cast(float, values)), dtype=bool)
        follows_gap = np.diff(times_us, prepend=times_us[:1]) > timing.stale_after_us
        inside, outside = first_from(is_inside | follows_gap), first_from(is_outside | follows_gap)
        starts = is_outside & outlasts(times_us, inside, timing.on_delay_us)
        ends = is_inside & outlasts(times_us, outside, timing.off_delay_us)
        return cls(times_us, inside, outside, first_from(starts), first_from(ends))

    def following(self, memory: Memory, timing: Timing, index: int) -> int:
        """Return the index of the next value, from ``index`` on, that may change the memory; n: none."""
        if memory.is_at_rest:
            return int(self.starts[index])
        if not memory.is_active:
            return self.before_due(self.inside, memory.outside_since, timing.on_delay_us, index)
        if memory.inside_since is None:
            return int(self.ends[index])
        return self.before_due(self.outside, memory.inside_since, timing.off_delay_us, index)

    def before_due(self, stops: Times, since_us: int | None, delay_us: int, index: int) -> int:
        """Return the index of the value that stops a running delay, or of the first after the delay."""
        found, due_us = int(stops[index]), (since_us or 0) + delay_us
        if found == len(self.times_us) or self.times_us[found] > due_us:
            found = min(found, int(self.times_us.searchsorted(due_us)))
        return found


def outlasts(times_us: Times, stops: Times, delay_us: int) -> NDArray[np.bool_]:
    """Return for each value whether a delay from its time on may run out before a later value stops it."""
    last = np.minimum(stops[1:], len(times_us) - 1)  # without a stop, until the last value
    return np.asarray(times_us[last] >= times_us + delay_us, dtype=bool)


def first_from(mask: NDArray[np.bool_]) -> Times:
    """Return for each index, and for the end, the first index from there on at which ``mask`` holds."""
    last = len(mask)
    found = np.append(np.where(mask, np.arange(last), last), last)
    return np.minimum.accumulate(found[::-1])[::-1]


def replayed(times_us: Times, values: Values, side: Side, timing: Timing) -> list[tuple[int, int | None]]:
    """Return begin and end (None: not over) of each alarm.

    The values are evaluated one by one, without those that can change nothing.
    """
    crossings = Crossings.of(times_us, values, side, timing)
    memory, found = Memory(), list[tuple[int, int | None]]()
    index = crossings.following(memory, timing, 0)
    while index < len(values):
        last = int(times_us[index - 1]) if index else None
        memory, changes = take_value(
            memory, side, timing, at_us=int(times_us[index]), value=float(values[index]), last_us=last
        )
        for change in changes:
            if change.is_active:
                found.append((change.at_us, None))
            else:
                found[-1] = (found[-1][0], change.at_us)
        index = crossings.following(memory, timing, index + 1)
    return found


def outside_of(values: Values, side: Side) -> NDArray[np.bool_]:
    """Return which values are beyond the setpoint."""
    return np.asarray(side.is_outside(cast(float, values)), dtype=bool)  # comparisons take arrays, too
