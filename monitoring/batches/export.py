"""The wide table of a batch: a row a minute, with a column a tag and a column a kind of sample result."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitoring.batches.bound_tags import BatchExtent, BoundTag, Span, minutes_in, windows
from monitoring.batches.course import MINUTE_US
from monitoring.batches.sampling import current_results
from monitoring.history.export_formats import ROWS
from monitoring.history.export_intervals import SOURCE_ROWS, aggregate_of
from monitoring.history.export_table import TIMESTAMP, Column, Kind, Row, Table, heading
from monitoring.kernel.clock import to_micros

ELAPSED = Column("elapsed_h", Kind.NUMBER)
PHASE = Column("phase", Kind.TEXT)
Cells = Mapping[int, float]


@dataclass(frozen=True, slots=True)
class SampleColumn:
    """The results of an analyte in a unit, by the minute in which the sample was taken."""

    name: str
    cells: Cells


def batch_table(
    extent: BatchExtent, tags: Sequence[BoundTag], aggregates: Sequence[str], samples: Sequence[SampleColumn]
) -> Table:
    """Return a row for each minute of the batch; a cell without a value is empty."""
    units = {bound.tag.name: bound.tag.unit for bound in tags}
    columns = (
        TIMESTAMP,
        ELAPSED,
        PHASE,
        *(Column(heading(name, units, each), Kind.NUMBER) for name in units for each in aggregates),
        *(Column(sample.name, Kind.NUMBER) for sample in samples),
    )
    phase_at = PhaseNames(extent)
    minutes = min(ROWS, SOURCE_ROWS // max(1, len(tags)))
    batches = (
        rows_of(extent, window, [(bound, aggregates) for bound in tags], samples, phase_at)
        for window in windows(extent, minutes)
    )
    return Table(columns, batches)


class PhaseNames:
    """The name of the phase at each minute: a minute belongs to the phase that begins in it."""

    def __init__(self, extent: BatchExtent) -> None:
        phases = list(extent.batch.phases.all())
        self._starts = [to_micros(phase.start) // MINUTE_US * MINUTE_US for phase in phases]
        self._names = [phase.name for phase in phases]

    def at(self, minute_us: int) -> str | None:
        """Return the phase of a minute; None before the first."""
        place = bisect_right(self._starts, minute_us)
        return self._names[place - 1] if place else None


def rows_of(
    extent: BatchExtent,
    window: Span,
    tags: Sequence[tuple[BoundTag, Sequence[str]]],
    samples: Sequence[SampleColumn],
    phase_at: PhaseNames,
) -> list[Row]:
    """Return the rows of a window."""
    minutes = range(window[0], window[1], MINUTE_US)
    columns: list[list[Any]] = [
        list(minutes),
        [extent.elapsed_h(minute) for minute in minutes],
        [phase_at.at(minute) for minute in minutes],
    ]
    cells = [each for bound, aggregates in tags for each in cells_of(bound, window, aggregates)]
    for found in (*cells, *(sample.cells for sample in samples)):
        columns.append([found.get(minute) for minute in minutes])
    return list(zip(*columns, strict=True))


def cells_of(bound: BoundTag, window: Span, aggregates: Sequence[str]) -> Iterator[Cells]:
    """Yield the values of each aggregate by minute, of the time in which the tag was bound."""
    parts = list(minutes_in(bound, *window))
    for name in aggregates:
        found: dict[int, float] = {}
        for part in parts:
            found.update(zip(part.start.tolist(), aggregate_of(part, name).tolist(), strict=True))
        yield found


def sample_columns(extent: BatchExtent) -> list[SampleColumn]:
    """Return the results in force, in order of the analytes; of two in one minute the later one counts."""
    found: dict[tuple[str, str], dict[int, float]] = {}
    for result in current_results(extent.batch):
        minute = to_micros(result.sample.taken_at) // MINUTE_US * MINUTE_US
        found.setdefault((result.analyte, result.unit), {})[minute] = result.value
    return [
        SampleColumn(f"sample {heading(analyte, {analyte: unit})}", cells)
        for (analyte, unit), cells in sorted(found.items())
    ]


def count_rows(extent: BatchExtent) -> int:
    """Return the number of rows of the table."""
    return (extent.stop_us - extent.first_us) // MINUTE_US
