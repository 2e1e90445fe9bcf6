"""Whether an alarm's condition holds: setpoint, deadband and delays by the time of the data. No database.

A value is *outside* beyond the setpoint, *inside* once back by the deadband; between both it is neither.
The condition becomes active when no value was inside for the on-delay since the first one outside, and ends
when no value was outside for the off-delay since the first one inside. Without data nothing is known: times
count only while the tag is not stale. All times are integer microseconds since 1970.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from monitoring.alarms.kinds import Kind

NOTICED_AFTER_US = 2_000_000  # by the clock, so that the next reading of a tag comes first


@dataclass(frozen=True, slots=True)
class Timing:
    """Delays of a definition, and the time after which the tag is stale, in microseconds."""

    on_delay_us: int
    off_delay_us: int
    stale_after_us: int


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory of a condition between two values: with the last value's time, all of its state.

    ``outside_since`` is set while an on-delay runs, ``inside_since`` while an off-delay runs.
    """

    is_active: bool = False
    outside_since: int | None = None
    inside_since: int | None = None

    @property
    def is_at_rest(self) -> bool:
        """Return whether a value that is inside changes nothing."""
        return not self.is_active and self.outside_since is None


@dataclass(frozen=True, slots=True)
class Change:
    """The condition became active, or ended, at a time."""

    is_active: bool
    at_us: int


class Side(Protocol):
    """The part of a condition that looks at a value."""

    def is_outside(self, value: float) -> bool: ...

    def is_inside(self, value: float) -> bool: ...


@dataclass(frozen=True, slots=True)
class Above:
    """Outside above the setpoint."""

    setpoint: float
    deadband: float

    def is_outside(self, value: float) -> bool:
        return value > self.setpoint

    def is_inside(self, value: float) -> bool:
        return value <= self.setpoint - self.deadband


@dataclass(frozen=True, slots=True)
class Below:
    """Outside below the setpoint."""

    setpoint: float
    deadband: float

    def is_outside(self, value: float) -> bool:
        return value < self.setpoint

    def is_inside(self, value: float) -> bool:
        return value >= self.setpoint + self.deadband


@dataclass(frozen=True, slots=True)
class Equal:
    """Outside at one value, for discrete signals."""

    setpoint: float

    def is_outside(self, value: float) -> bool:
        return value == self.setpoint

    def is_inside(self, value: float) -> bool:
        return value != self.setpoint


def side_of(kind: str, setpoint: float, deadband: float) -> Side:
    """Return how values of a kind compare with the setpoint. Deviations and slopes are compared by size.

    Raises:
        ValueError: the kind does not compare values.
    """
    match kind:
        case Kind.HIGH_HIGH | Kind.HIGH | Kind.DEVIATION | Kind.RISING:
            return Above(setpoint, deadband)
        case Kind.LOW_LOW | Kind.LOW:
            return Below(setpoint, deadband)
        case Kind.FALLING:
            return Below(-abs(setpoint), deadband)
        case Kind.DISCRETE:
            return Equal(setpoint)
    raise ValueError(f"{kind} compares no value with a setpoint")


def take_value(
    memory: Memory, side: Side, timing: Timing, *, at_us: int, value: float, last_us: int | None
) -> tuple[Memory, list[Change]]:
    """Return the memory after a value, and the changes up to and with that value, in order of time.

    ``last_us`` is the time of the tag's value before (None: this is the first). Delays that ran out between
    the two values count first. After a gap, in which the tag was stale, running delays start anew.
    """
    changes = []
    if last_us is not None:
        memory, change = run_out(memory, timing, last_us=last_us, until_us=at_us - 1)
        changes += change
        if at_us > last_us + timing.stale_after_us:
            memory = replace(memory, outside_since=None, inside_since=None)
    memory = compared(memory, side, at_us, value)
    memory, change = run_out(memory, timing, last_us=at_us, until_us=at_us)
    return memory, [*changes, *change]


def compared(memory: Memory, side: Side, at_us: int, value: float) -> Memory:
    """Return the memory with the delay that this value starts or stops."""
    if not memory.is_active:
        if side.is_outside(value):
            started = at_us if memory.outside_since is None else memory.outside_since
            return replace(memory, outside_since=started)
        return replace(memory, outside_since=None) if side.is_inside(value) else memory
    if side.is_inside(value):
        return replace(memory, inside_since=at_us if memory.inside_since is None else memory.inside_since)
    return replace(memory, inside_since=None) if side.is_outside(value) else memory


def take_time(memory: Memory, timing: Timing, *, now_us: int, last_us: int) -> tuple[Memory, list[Change]]:
    """Return the memory after time without a new value, and the change if a delay has run out.

    The change is noticed a little late, so that a value which is on its way counts first.
    """
    return run_out(memory, timing, last_us=last_us, until_us=now_us - NOTICED_AFTER_US)


def run_out(memory: Memory, timing: Timing, *, last_us: int, until_us: int) -> tuple[Memory, list[Change]]:
    """End the delay that has run out by ``until_us``, and before the tag went stale."""
    known_until = min(until_us, last_us + timing.stale_after_us)
    if not memory.is_active and memory.outside_since is not None:
        due = memory.outside_since + timing.on_delay_us
        if due <= known_until:
            return Memory(is_active=True), [Change(True, due)]
    if memory.is_active and memory.inside_since is not None:
        due = memory.inside_since + timing.off_delay_us
        if due <= known_until:
            return Memory(), [Change(False, due)]
    return memory, []


@dataclass(frozen=True, slots=True)
class Excursion:
    """A time in which a condition was active; ``end_us`` is None while the condition lasts."""

    start_us: int
    end_us: int | None


def excursions(changes: Iterator[Change]) -> Iterator[Excursion]:
    """Pair the changes of one condition, which must start with an active one."""
    start: int | None = None
    for change in changes:
        if change.is_active:
            start = change.at_us
        elif start is not None:
            yield Excursion(start, change.at_us)
            start = None
    if start is not None:
        yield Excursion(start, None)


def take_gap(
    memory: Memory, timing: Timing, *, at_us: int, last_us: int | None
) -> tuple[Memory, list[Change]]:
    """Return the memory and the changes of a "no data" condition when a value arrives.

    The tag is outside from the moment it is stale, and inside with the next value. Here the clock counts, so
    nothing is unknown.
    """
    changes: list[Change] = []
    if last_us is not None:
        memory, changes = wait_for_data(memory, timing, now_us=at_us - 1, last_us=last_us)
    if not memory.is_active:
        memory = replace(memory, outside_since=None)
    elif memory.inside_since is None:
        memory = replace(memory, inside_since=at_us)
    memory, ended = ended_gap(memory, timing, until_us=at_us)
    return memory, [*changes, *ended]


def wait_for_data(
    memory: Memory, timing: Timing, *, now_us: int, last_us: int
) -> tuple[Memory, list[Change]]:
    """Return the memory and the changes of a "no data" condition after time without a new value."""
    stale_at = last_us + timing.stale_after_us
    memory, changes = ended_gap(memory, timing, until_us=min(now_us, stale_at))
    if now_us < stale_at:
        return memory, changes
    if memory.is_active:
        return replace(memory, inside_since=None), changes
    due = stale_at + timing.on_delay_us
    if now_us >= due:
        return Memory(is_active=True), [*changes, Change(True, due)]
    return replace(memory, outside_since=stale_at), changes


def ended_gap(memory: Memory, timing: Timing, *, until_us: int) -> tuple[Memory, list[Change]]:
    """End a "no data" condition whose off-delay has run out."""
    if not memory.is_active or memory.inside_since is None:
        return memory, []
    due = memory.inside_since + timing.off_delay_us
    return (Memory(), [Change(False, due)]) if due <= until_us else (memory, [])
