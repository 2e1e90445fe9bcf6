"""Summaries of each tag and UTC day: rows, anomalies, and a checksum over all columns."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np

from monitoring.kernel.clock import DAY_US
from monitoring.kernel.run_lengths import run_lengths
from monitoring.storage.store_copy.columns import NumericTable, Rows
from monitoring.storage.store_copy.findings import FindingRow

DayKey = tuple[int, int]  # a tag's id, and days since 1970


@dataclass(frozen=True, slots=True)
class Day:
    """Number of rows and anomalies, and the SHA-256 of rows and rule violations in order of time."""

    count: int
    anomalies: int
    checksum: bytes


@dataclass(slots=True)
class OpenDay:
    """A day that may still get more rows."""

    count: int = 0
    anomalies: int = 0
    rows: Any = field(default_factory=sha256)
    findings: Any = field(default_factory=sha256)

    def closed(self) -> Day:
        """Return the summary of the rows so far."""
        return Day(self.count, self.anomalies, self.rows.digest() + self.findings.digest())


class DaySums:
    """The days of one table on one side, computed from rows in order of time."""

    def __init__(self, table: NumericTable) -> None:
        self.days: dict[DayKey, Day] = {}
        self._table = table
        self._open: dict[DayKey, OpenDay] = {}

    def add(self, rows: Rows, findings: Iterable[FindingRow]) -> None:
        """Add rows in any order; none may be earlier than the rows of the previous call."""
        time = self._table.time
        rows = rows[np.lexsort((rows["id"], rows[time], rows["tag"]))]
        day = rows[time] // DAY_US
        starts, sizes = run_lengths(rows["tag"], day)
        anomalies = self._anomalies(rows, starts)
        for start, size, found in zip(starts, sizes, anomalies, strict=True):
            open_day = self._at(int(rows["tag"][start]), int(day[start]))
            open_day.count += int(size)
            open_day.anomalies += int(found)
            open_day.rows.update(rows[start : start + size].tobytes())
        for tag, timestamp, *finding in findings:
            self._at(tag, timestamp // DAY_US).findings.update(repr(finding).encode())

    def close(self, before_us: int) -> None:
        """Finish the days that ended before that time; they get no more rows."""
        for key in [key for key in self._open if (key[1] + 1) * DAY_US <= before_us]:
            self.days[key] = self._open.pop(key).closed()

    def of_tags(self) -> defaultdict[int, list[Day]]:
        """Return the days of each tag by tag id."""
        found: defaultdict[int, list[Day]] = defaultdict(list)
        for (tag, _), day in self.days.items():
            found[tag].append(day)
        return found

    def _at(self, tag: int, day: int) -> OpenDay:
        return self._open.setdefault((tag, day), OpenDay())

    def _anomalies(self, rows: Rows, starts: Any) -> Any:
        if "is_anomaly" not in self._table.kinds or not len(starts):
            return np.zeros(len(starts), dtype=np.int64)
        return np.add.reduceat(rows["is_anomaly"].astype(np.int64), starts)
