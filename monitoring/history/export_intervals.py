"""Tables of aggregates over fixed intervals, from the rollups: they outlive the measurements."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from monitoring.history.export_table import TAG, TIMESTAMP, UNIT, Column, Kind, Row, Table, heading
from monitoring.history.measurements import Selection
from monitoring.history.rollup_rows import first_rollup, open_in
from monitoring.history.tags import tag_names
from monitoring.history.trend import Stored, is_few, rows_between, stored_of
from monitoring.history.trend_plan import DAY_S, BucketStep, means, source_of
from monitoring.kernel.clock import SECOND_US, to_micros
from monitoring.kernel.rollups import Buckets

INTERVALS_S = {
    "1m": 60,
    "5m": 300,
    "10m": 600,
    "15m": 900,
    "30m": 1_800,
    "1h": 3_600,
    "6h": 21_600,
    "12h": 43_200,
    "1d": DAY_S,
}
AGGREGATES = ("mean", "min", "max")
COUNTS = (Column("count", Kind.WHOLE), Column("anomalies", Kind.WHOLE))
AUTO_ROWS = 2_000  # about as many as a wide chart has points
SOURCE_ROWS = 20_000  # rollups in memory at a time
ROWS = """
    SELECT count(DISTINCT start / {step}) FROM (
        SELECT start FROM rollups
        WHERE tag IN ({tags}) AND resolution_s = %s AND start >= %s AND start < %s
        UNION ALL
        SELECT {open} FROM series WHERE tag IN ({tags}) AND {open} >= %s AND {open} < %s
    ) AS starts
"""


@dataclass(frozen=True, slots=True)
class IntervalPlan:
    """The tags by name, the step, and the half-open range of whole intervals in microseconds since 1970."""

    tags: Mapping[str, Stored]
    step: BucketStep
    start_us: int
    end_us: int


def extents_of(selection: Selection) -> dict[str, Stored]:
    """Return the extent of the data of each selected tag by name, of all tags if none is selected."""
    return {name: stored_of(name) for name in selection.tags or tag_names()}


def range_of(selection: Selection, tags: Mapping[str, Stored]) -> tuple[int, int] | None:
    """Return the first and the last time of the selection that can have data; None if there is none."""
    filled = [each for each in tags.values() if each.last_us]
    if not filled:
        return None
    first = min(each.first_us for each in filled)
    last = max(each.last_us for each in filled)
    first = max(first, to_micros(selection.start) // 60_000_000 * 60_000_000) if selection.start else first
    last = min(last, to_micros(selection.end)) if selection.end else last
    return (first, last) if first <= last else None


def auto_interval(selection: Selection) -> str:
    """Return the interval with about as many rows as a chart has points; "raw" if the data are that few."""
    tags = extents_of(selection)
    within = range_of(selection, tags)
    if within is None:
        return "raw"
    first_us, last_us = within
    if all(is_few(each, first_us, last_us + 1, AUTO_ROWS) for each in tags.values()):
        return "raw"
    longest = list(INTERVALS_S)[-1]
    fitting = (
        name for name, seconds in INTERVALS_S.items() if last_us - first_us <= AUTO_ROWS * seconds * SECOND_US
    )
    return next(fitting, longest)


def plan_intervals(selection: Selection, interval: str) -> IntervalPlan:
    """Return the plan for the selection; a range without data has a plan without intervals."""
    seconds = INTERVALS_S[interval]
    step, tags = BucketStep(seconds * SECOND_US, source_of(seconds)), extents_of(selection)
    within = range_of(selection, tags)
    return IntervalPlan(tags, step, *(step.reach(*within) if within else (0, 0)))


def count_rows(plan: IntervalPlan, *, is_wide: bool) -> int:
    """Return the number of rows of the table, without reading them."""
    ids = [each.tag for each in plan.tags.values() if each.tag is not None]
    groups = [ids] if is_wide else [[each] for each in ids]
    count = 0
    with connection.cursor() as cursor:
        for group in filter(None, groups):
            tags, start = ", ".join(["%s"] * len(group)), open_in(plan.step.source_s)
            sql = ROWS.format(step=plan.step.us, tags=tags, open=start)
            within = plan.start_us, plan.end_us
            cursor.execute(sql, [*group, plan.step.source_s, *within, *group, *within])
            count += cursor.fetchone()[0]
    return count


def interval_table(
    plan: IntervalPlan, aggregates: Sequence[str], *, is_wide: bool, units: Mapping[str, str] | None
) -> Table:
    """Return the aggregates: a row per interval and tag, or with ``is_wide`` a row per interval."""
    if is_wide:
        named = [heading(tag, units, aggregate) for tag in plan.tags for aggregate in aggregates]
        columns = (TIMESTAMP, *(Column(name, Kind.NUMBER) for name in named))
        return Table(columns, (wide_rows(found, aggregates) for found in windows(plan)))
    columns = (TIMESTAMP, TAG, *(Column(name, Kind.NUMBER) for name in aggregates), *COUNTS)
    columns = columns if units is None else (*columns, UNIT)
    return Table(columns, (long_rows(found, aggregates, units) for found in windows(plan)))


def windows(plan: IntervalPlan) -> Iterator[dict[str, Buckets]]:
    """Yield the intervals of each tag by name, over one window of time after another; at least one window.

    A window has at most about SOURCE_ROWS rollups. Times without data are skipped.
    """
    source_us = plan.step.source_s * SECOND_US
    rows_each = SOURCE_ROWS // max(1, len(plan.tags))
    length_us = max(1, rows_each * source_us // plan.step.us) * plan.step.us
    start_us: int | None = plan.start_us
    is_first = True
    while start_us is not None and start_us < plan.end_us:
        end_us = min(start_us + length_us, plan.end_us)
        yield {
            name: plan.step.bucketed(rows_between(stored.tag, plan.step.source_s, start_us, end_us))
            for name, stored in plan.tags.items()
        }
        is_first = False
        start_us = next_start(plan, end_us)
    if is_first:
        yield {}


def next_start(plan: IntervalPlan, after_us: int) -> int | None:
    """Return the start of the first interval with data from a time on; None if there is none."""
    starts = (first_rollup(stored.tag, plan.step.source_s, after_us) for stored in plan.tags.values())
    found = [start for start in starts if start is not None]
    return min(found) // plan.step.us * plan.step.us if found else None


def aggregate_of(buckets: Buckets, name: str) -> NDArray[np.float64]:
    """Return the mean, minimum or maximum of each interval; shape (n,)."""
    if name == "mean":
        return means(buckets)
    return buckets.minimum if name == "min" else buckets.maximum


def long_rows(
    found: Mapping[str, Buckets], aggregates: Sequence[str], units: Mapping[str, str] | None
) -> list[Row]:
    """Return a row per interval and tag, in order of time, then of the tags."""
    rows: list[Row] = []
    for name, buckets in found.items():
        cells = [aggregate_of(buckets, each).tolist() for each in aggregates]
        unit = () if units is None else ([units.get(name, "")] * len(buckets),)
        counts = (buckets.count.tolist(), buckets.anomalies.tolist())
        rows += zip(buckets.start.tolist(), [name] * len(buckets), *cells, *counts, *unit, strict=True)
    return sorted(rows, key=lambda row: row[0])


def wide_rows(found: Mapping[str, Buckets], aggregates: Sequence[str]) -> list[Row]:
    """Return a row per interval with a cell per tag and aggregate; empty where a tag has no data."""
    starts = sorted({start for buckets in found.values() for start in buckets.start.tolist()})
    columns: list[list[Any]] = [starts]
    for buckets in found.values():
        for name in aggregates:
            values = dict(zip(buckets.start.tolist(), aggregate_of(buckets, name).tolist(), strict=True))
            columns.append([values.get(start) for start in starts])
    return list(zip(*columns, strict=True))
