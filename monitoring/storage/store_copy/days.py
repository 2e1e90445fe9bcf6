"""Compare source and target day by day, in the same windows of time, to bound the memory used."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from monitoring.kernel.clock import DAY_US
from monitoring.kernel.rollups import RESOLUTIONS_S
from monitoring.storage.store_copy.checksums import DayKey, DaySums
from monitoring.storage.store_copy.columns import (
    MEASUREMENTS,
    ROLLUPS,
    NumericTable,
    read_source,
    read_target,
)
from monitoring.storage.store_copy.databases import SOURCE, TARGET, select_rows
from monitoring.storage.store_copy.findings import FindingRow, findings_between

ROWS_A_WINDOW = 200_000
DAYS_A_WINDOW = 240  # of the rollups of a tag, 1609 a day
FIRST_US, END_US = -(2**63), 2**63 - 1

WINDOW_END = "SELECT timestamp FROM measurements WHERE timestamp >= %s ORDER BY timestamp LIMIT 1 OFFSET %s"
ROLLUPS_OF = "SELECT min(start), max(start) FROM rollups WHERE tag = %s AND resolution_s = %s"
ALL_RESOLUTIONS = f"resolution_s IN ({', '.join(map(str, RESOLUTIONS_S))})"


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """The time from ``start_us`` to ``end_us`` (exclusive), of one tag if given."""

    table: NumericTable
    start_us: int
    end_us: int
    tag: int | None = None

    @property
    def condition(self) -> str:
        """Return the SQL condition for the rows of the window."""
        words = [f'"{self.table.time}" >= {self.start_us}', f'"{self.table.time}" < {self.end_us}']
        if self.tag is not None:
            words.append(f"tag = {self.tag}")
        if self.table is ROLLUPS:
            words.append(ALL_RESOLUTIONS)  # so that the index is used
        return " AND ".join(words)

    def findings(self, alias: str) -> Sequence[FindingRow]:
        """Return the rule violations of the rows of the window."""
        if self.table is not MEASUREMENTS:
            return ()
        return findings_between(alias, self.start_us, self.end_us, self.tag)


@dataclass(frozen=True, slots=True)
class Compared:
    """The days of one table on both sides."""

    table: NumericTable
    source: DaySums
    target: DaySums

    def differing(self) -> list[DayKey]:
        """Return the days that differ, in order of tag and time."""
        here, there = self.source.days, self.target.days
        return sorted(key for key in here.keys() | there.keys() if here.get(key) != there.get(key))


def measurement_windows() -> Iterator[TimeWindow]:
    """Yield windows over all time, of about ``ROWS_A_WINDOW`` measurements of the source each."""
    start = FIRST_US
    while found := select_rows(SOURCE, WINDOW_END, [start, ROWS_A_WINDOW]):
        end = found[0][0] + 1
        yield TimeWindow(MEASUREMENTS, start, end)
        start = end
    yield TimeWindow(MEASUREMENTS, start, END_US)


def rollup_windows() -> Iterator[TimeWindow]:
    """Yield windows of whole days over all time, tag by tag."""
    for (tag,) in select_rows(SOURCE, "SELECT id FROM tags ORDER BY id"):
        first, last = select_rows(SOURCE, ROLLUPS_OF, [tag, RESOLUTIONS_S[0]])[0]
        ends = []
        if first is not None:
            step = DAYS_A_WINDOW * DAY_US
            ends = list(range(first // DAY_US * DAY_US + step, last, step))
        for start, end in zip([FIRST_US, *ends], [*ends, END_US], strict=True):
            yield TimeWindow(ROLLUPS, start, end, tag)


def compare(table: NumericTable, windows: Iterable[TimeWindow], progress: Callable[[int], None]) -> Compared:
    """Read the windows on both sides; report the number of rows of the source for each window."""
    compared = Compared(table, DaySums(table), DaySums(table))
    for window in windows:
        rows = read_source(table, window.condition, [])
        compared.source.add(rows, window.findings(SOURCE))
        read_target_window(window, compared.target)
        compared.source.close(window.end_us)
        progress(len(rows))
    for sums in (compared.source, compared.target):
        sums.close(END_US + DAY_US)
    return compared


def read_target_window(window: TimeWindow, target: DaySums) -> None:
    """Read a window at the target, and finish the days that end with the window."""
    target.add(read_target(window.table, window.condition), window.findings(TARGET))
    target.close(window.end_us)


def reread_target(windows: Iterable[TimeWindow], compared: Compared) -> None:
    """Read days of the target again; each window must be whole days of a tag."""
    for window in windows:
        for day in range(window.start_us // DAY_US, window.end_us // DAY_US):
            compared.target.days.pop((window.tag or 0, day), None)
        read_target_window(window, compared.target)
