"""From times that clocks on a wall showed to UTC; times that clocks skipped, and those shown twice."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from monitoring.kernel.arrays import IntArray
from monitoring.kernel.clock import MICROSECOND, SECOND_US

PLAIN, SKIPPED, REPEATED = 0, 1, 2
# Zones change at full quarters of an hour, apart from some long ago, which are looked up one by one.
QUARTER_US = 900 * SECOND_US
ZERO = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock's time
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WallTimes:
    """Wall-clock times in UTC with their kinds: ``first_us`` before clocks are set back, ``second_us`` after.

    Both are equal for all times of the kind ``PLAIN``; neither exists for ``SKIPPED``. All of shape (n,).
    """

    first_us: IntArray
    second_us: IntArray
    kind: NDArray[np.int8]


def parse_zone(name: str) -> tzinfo:
    """Return the zone of a name, or of an offset such as +01:00."""
    if name[0] not in "+-":
        return ZoneInfo(name)
    hours, minutes = int(name[1:3]), int(name[4:6])
    east = timedelta(hours=hours, minutes=minutes)
    return timezone(-east if name[0] == "-" else east)


class ZoneTable:
    """The offsets of one zone, looked up once for each quarter of an hour."""

    def __init__(self, name: str) -> None:
        self._zone = parse_zone(name)
        self._quarters: dict[int, tuple[int, int] | None] = {}

    def to_utc(self, wall_us: IntArray) -> WallTimes:
        """Return the times in UTC of wall-clock times in microseconds since 1970-01-01T00:00."""
        quarters, place = np.unique(wall_us // QUARTER_US, return_inverse=True)
        found = [self._quarter(quarter) for quarter in quarters.tolist()]
        east = np.array([pair or (0, 0) for pair in found], dtype=np.int64).reshape(-1, 2)[place]
        is_uneven = np.array([pair is None for pair in found], dtype=bool)[place]
        for index in np.flatnonzero(is_uneven).tolist():
            east[index] = self._offsets(int(wall_us[index]))
        first, second = east[:, 0], east[:, 1]
        kind = np.where(first == second, PLAIN, np.where(first < second, SKIPPED, REPEATED))
        return WallTimes(wall_us - first, wall_us - second, kind.astype(np.int8))

    def _quarter(self, quarter: int) -> tuple[int, int] | None:
        """Return both offsets that hold for the whole quarter; None if they change within."""
        if quarter not in self._quarters:
            start = quarter * QUARTER_US
            same = {self._offsets(at) for at in inside(start)}
            self._quarters[quarter] = same.pop() if len(same) == 1 else None
        return self._quarters[quarter]

    def _offsets(self, wall_us: int) -> tuple[int, int]:
        """Return how far the zone is ahead of UTC in microseconds, at the first and the second such time."""
        try:
            local = ZERO + timedelta(microseconds=wall_us)
            return tuple(  # type: ignore[return-value]
                (local.replace(tzinfo=self._zone, fold=fold).utcoffset() or timedelta(0)) // MICROSECOND
                for fold in (0, 1)
            )
        except OverflowError:  # at the ends of the years 1 and 9999
            return 0, 0


def inside(start_us: int) -> Iterable[int]:
    """Return the first and the last microsecond of a quarter."""
    return start_us, start_us + QUARTER_US - 1
