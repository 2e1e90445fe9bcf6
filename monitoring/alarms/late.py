"""Measurements that arrive after newer ones were evaluated: lasting excursions go to the journal only."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from monitoring.alarms.condition import Change, Memory, excursions, take_value
from monitoring.alarms.evaluation import LateRow
from monitoring.alarms.kinds import LIMIT_KINDS
from monitoring.alarms.measured import read_span
from monitoring.alarms.tag_table import TagTable
from monitoring.alarms.watched import LateFinding, WatchedAlarm


def late_findings(table: TagTable, rows: Sequence[LateRow], *, upto: int) -> Iterator[LateFinding]:
    """Yield the excursions of late measurements. Only measurements with ids up to ``upto`` count."""
    by_slot: dict[int, list[int]] = {}
    for slot, at_us in rows:
        by_slot.setdefault(slot, []).append(at_us)
    for slot, times_us in by_slot.items():
        for alarm in table.of_values[slot]:
            if alarm.kind in LIMIT_KINDS and alarm.side is not None:
                yield from late_of(alarm, sorted(times_us), upto=upto)


def late_of(alarm: WatchedAlarm, times_us: Sequence[int], *, upto: int) -> Iterator[LateFinding]:
    """Yield the excursions of one alarm around the late measurements, which are in order of time."""
    timing = alarm.in_force.timing
    margin_us = max(timing.on_delay_us, timing.off_delay_us) + timing.stale_after_us
    for first_us, last_us in clusters(times_us, apart_us=2 * margin_us):
        span = read_span(alarm.tag or 0, first_us - margin_us, last_us + margin_us, upto=upto)
        changes, values = changes_of(alarm, span)
        for excursion in excursions(iter(changes)):
            end_us = excursion.end_us or span[-1][0]
            if excursion.start_us - timing.on_delay_us <= last_us and end_us >= first_us:
                yield LateFinding(alarm, excursion.start_us, end_us, values[excursion.start_us])


def clusters(times_us: Sequence[int], *, apart_us: int) -> Iterator[tuple[int, int]]:
    """Yield first and last of the times that are close together."""
    times = np.array(times_us, dtype=np.int64)
    cuts = np.flatnonzero(np.diff(times) > apart_us) + 1
    for part in np.split(times, cuts):
        yield int(part[0]), int(part[-1])


def changes_of(
    alarm: WatchedAlarm, span: Sequence[tuple[int, float]]
) -> tuple[list[Change], dict[int, float]]:
    """Return the changes of the alarm's condition over measurements, and the value at each change."""
    memory, last_us, changes, values = Memory(), None, list[Change](), dict[int, float]()
    if alarm.side is None:
        return changes, values
    for at_us, value in span:
        memory, found = take_value(
            memory, alarm.side, alarm.in_force.timing, at_us=at_us, value=value, last_us=last_us
        )
        changes += found
        values |= {change.at_us: value for change in found}
        last_us = at_us
    return changes, values


def widened(found: LateFinding, active_us: int, cleared_us: int) -> LateFinding:
    """Return the finding together with a stored late occurrence that it overlaps."""
    return replace(
        found, active_us=min(found.active_us, active_us), cleared_us=max(found.cleared_us, cleared_us)
    )
