"""Which of both hours is meant when clocks are set back: the order of the rows says so.

Rows of one series run forward through the hour, jump back once, and run through the hour again. A series
that runs backwards does the same in reverse. Where there is no such jump, or more than one, the order does
not say.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from monitoring.kernel.clock import SECOND_US

# Repeated times further apart belong to different nights.
NIGHT_US = 6 * 3600 * SECOND_US


@dataclass(slots=True)
class Stretch:
    """The rows of one series in one repeated hour; ``down`` and ``up`` hold rows after a step that way."""

    start_row: int
    wall_us: int
    down: list[int] = field(default_factory=list)
    up: list[int] = field(default_factory=list)
    level: list[int] = field(default_factory=list)


class RepeatedHours:
    """The repeated hours of a file, learned from its rows in order."""

    def __init__(self) -> None:
        self._stretches: dict[str, list[Stretch]] = {}
        self._ends: dict[str, tuple[int, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._stretches)

    def see(self, series: str, first_wall_us: int, last_wall_us: int) -> None:
        """Take the first and the last time of a series in the next rows, which tell its direction."""
        begin = self._ends.get(series, (first_wall_us, 0))[0]
        self._ends[series] = (begin, last_wall_us)

    def add(self, series: str, rows: Iterable[tuple[int, int]]) -> None:
        """Take the next rows with a repeated time, as (row, wall-clock time in µs)."""
        known = self._stretches.setdefault(series, [])
        for row, wall_us in rows:
            if not known or abs(wall_us - known[-1].wall_us) > NIGHT_US:
                known.append(Stretch(row, wall_us))
                continue
            last = known[-1]
            step = wall_us - last.wall_us
            (last.up if step > 0 else last.down if step < 0 else last.level).append(row)
            last.wall_us = wall_us

    def is_second(self, series: str, row: int) -> bool | None:
        """Return whether a row lies after the change; None if the order of the rows does not say."""
        known = self._stretches.get(series, [])
        place = bisect_right(known, row, key=lambda stretch: stretch.start_row)
        if not place:
            return None
        stretch = known[place - 1]
        begin, end = self._ends.get(series, (0, 0))
        is_forward = begin <= end
        breaks = (stretch.down if is_forward else stretch.up) + stretch.level
        if len(breaks) != 1:
            return None
        return (row >= breaks[0]) == is_forward
