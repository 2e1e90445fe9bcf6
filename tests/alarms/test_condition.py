"""When a condition becomes active and ends, by the times of the data."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.alarms.condition import (
    Above,
    Below,
    Change,
    Equal,
    Memory,
    Side,
    Timing,
    side_of,
    take_gap,
    take_time,
    take_value,
    wait_for_data,
)
from monitoring.alarms.kinds import Kind

S = 1_000_000
HIGH = Above(45, 0.2)
TEN = Timing(10 * S, 10 * S, 30 * S)


def changes_of(
    values: Sequence[tuple[float, float]],
    side: Side = HIGH,
    timing: Timing = TEN,
    *,
    now: float | None = None,
) -> list[tuple[str, float]]:
    """The changes of a signal of (seconds, value), each as (active or ended, seconds)."""
    memory, last, found = Memory(), None, list[Change]()
    for seconds, value in values:
        at = round(seconds * S)
        memory, more = take_value(memory, side, timing, at_us=at, value=value, last_us=last)
        last = at
        found += more
    if now is not None and last is not None:
        found += take_time(memory, timing, now_us=round(now * S), last_us=last)[1]
    return [("active" if each.is_active else "ended", each.at_us / S) for each in found]


def steady(value: float, begin: int, end: int) -> list[tuple[float, float]]:
    return [(second, value) for second in range(begin, end)]


def test_an_excursion_shorter_than_the_delay_is_none() -> None:
    assert changes_of([*steady(46, 0, 10), *steady(40, 10, 40)]) == []


def test_a_longer_one_begins_and_ends_after_the_delays() -> None:
    signal = [*steady(40, 0, 5), *steady(46, 5, 25), *steady(40, 25, 60)]
    assert changes_of(signal) == [("active", 15), ("ended", 35)]


def test_without_delays_each_value_decides() -> None:
    at_once = Timing(0, 0, 30 * S)
    assert changes_of([(0, 40), (1, 46), (2, 40)], timing=at_once) == [("active", 1), ("ended", 2)]


def test_a_value_at_the_setpoint_is_not_outside() -> None:
    assert changes_of(steady(45, 0, 60)) == []


def test_between_setpoint_and_deadband_nothing_changes() -> None:
    excursion = [*steady(46, 0, 3), *steady(44.9, 3, 20)]
    assert changes_of(excursion) == [("active", 10)]
    assert changes_of([*steady(46, 0, 20), *steady(44.9, 20, 90)]) == [("active", 10)]
    assert changes_of([*steady(46, 0, 20), *steady(44.8, 20, 90)]) == [("active", 10), ("ended", 30)]


def test_a_value_inside_starts_the_delay_anew() -> None:
    signal = [*steady(46, 0, 8), (8, 40), *steady(46, 9, 15)]
    assert changes_of(signal) == []


def test_the_delay_runs_out_between_two_values() -> None:
    assert changes_of([(0, 46), (25, 40)]) == [("active", 10)]


def test_while_the_tag_is_stale_nothing_is_known() -> None:
    assert changes_of([(0, 46), (100, 46)], timing=Timing(60 * S, 0, 30 * S)) == []
    assert changes_of([*steady(46, 0, 20), (20, 40), (100, 46)], timing=Timing(0, 60 * S, 30 * S)) == [
        ("active", 0)
    ]


def test_the_clock_notices_two_seconds_later() -> None:
    assert changes_of(steady(46, 0, 5), now=11.9) == []
    assert changes_of(steady(46, 0, 5), now=12.0) == [("active", 10)]
    assert changes_of(steady(46, 0, 5), now=1000, timing=Timing(40 * S, 0, 30 * S)) == []


@pytest.mark.parametrize(
    ("kind", "outside", "inside"),
    [
        (Kind.HIGH_HIGH, 11.0, 9.0),
        (Kind.HIGH, 11.0, 9.0),
        (Kind.DEVIATION, 11.0, 9.0),
        (Kind.RISING, 11.0, 9.0),
        (Kind.LOW, 9.0, 11.0),
        (Kind.LOW_LOW, 9.0, 11.0),
        (Kind.FALLING, -11.0, -9.0),
        (Kind.DISCRETE, 10.0, 9.0),
    ],
)
def test_sides_of_the_kinds(kind: Kind, outside: float, inside: float) -> None:
    side = side_of(kind, 10, 1)
    assert (side.is_outside(outside), side.is_inside(outside)) == (True, False)
    assert (side.is_outside(inside), side.is_inside(inside)) == (False, True)


def test_other_kinds_compare_no_value() -> None:
    with pytest.raises(ValueError, match="BAD compares no value"):
        side_of(Kind.BAD, 1, 0)


def test_no_data_becomes_active_by_the_clock_and_ends_with_data() -> None:
    timing = Timing(20 * S, 10 * S, 10 * S)
    memory, changes = wait_for_data(Memory(), timing, now_us=29 * S, last_us=0)
    assert (memory.outside_since, changes) == (10 * S, [])
    memory, changes = wait_for_data(memory, timing, now_us=30 * S, last_us=0)
    assert changes == [Change(True, 30 * S)]
    memory, changes = take_gap(memory, timing, at_us=50 * S, last_us=0)
    assert (memory.is_active, memory.inside_since, changes) == (True, 50 * S, [])
    memory, changes = take_gap(memory, timing, at_us=60 * S, last_us=50 * S)
    assert (memory, changes) == (Memory(), [Change(False, 60 * S)])


def test_a_gap_that_is_seen_afterwards_has_the_same_times() -> None:
    timing = Timing(20 * S, 10 * S, 10 * S)
    memory, changes = take_gap(Memory(), timing, at_us=50 * S, last_us=0)
    assert changes == [Change(True, 30 * S)]
    assert memory.inside_since == 50 * S


values = st.floats(min_value=40, max_value=50).map(lambda value: round(value, 1))
signals = st.lists(st.tuples(st.integers(1, 40), values), min_size=1, max_size=40).map(
    lambda steps: [(sum(step for step, _ in steps[: i + 1]), value) for i, (_, value) in enumerate(steps)]
)


@given(signals, st.sampled_from([Above(45, 0.5), Below(45, 0.5), Equal(45)]), st.integers(0, 15))
def test_changes_alternate_and_follow_in_time(signal: list, side: Side, delay: int) -> None:
    found = changes_of(signal, side, Timing(delay * S, delay * S, 30 * S))
    assert [name for name, _ in found] == ["active" if i % 2 == 0 else "ended" for i in range(len(found))]
    assert [second for _, second in found] == sorted(second for _, second in found)


@given(signals, st.integers(0, 15), st.integers(0, 39))
def test_looks_by_the_clock_change_no_result(signal: list, delay: int, moment: int) -> None:
    """A look between two values finds at most earlier what the next value would have found."""
    timing = Timing(delay * S, delay * S, 30 * S)
    memory, last, found = Memory(), None, list[Change]()
    for seconds, value in signal:
        at = round(seconds * S)
        if last is not None:
            look = min(last + moment * S, at)
            memory, more = take_time(memory, timing, now_us=look, last_us=last)
            found += more
        memory, more = take_value(memory, HIGH, timing, at_us=at, value=value, last_us=last)
        found, last = [*found, *more], at
    assert [("active" if each.is_active else "ended", each.at_us / S) for each in found] == changes_of(
        signal, HIGH, timing
    )
