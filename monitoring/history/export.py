"""Open a download: raw measurements or aggregates, long or wide, page by page, oldest first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np

from monitoring.history.archived import Rows, both_places, count_in_archive, windows
from monitoring.history.export_intervals import (
    AGGREGATES,
    auto_interval,
    count_rows,
    interval_table,
    plan_intervals,
)
from monitoring.history.export_table import Extra, Table, long_table, wide_table
from monitoring.history.measurements import (
    MICROS,
    MeasurementPage,
    Selection,
    archived_range,
    read_page,
    selected,
)
from monitoring.history.tags import tag_names, units_of
from monitoring.kernel.arrays import IntArray
from monitoring.kernel.clock import from_micros
from monitoring.models import Measurement

ROWS_A_WINDOW = 100_000
MOST_WIDE = 250  # tags with a column each
RAW, AUTO = "raw", "auto"


class TooLargeError(Exception):
    """The table has more rows or columns than the file can have; the text says the way out.

    ``parameter`` is the parameter of ``/export`` to change.
    """

    def __init__(self, parameter: str, text: str) -> None:
        super().__init__(text)
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Download:
    """The table to write.

    ``interval`` is "raw", "auto" or a key of INTERVALS_S; ``aggregates`` are some of AGGREGATES.
    """

    selection: Selection = field(default_factory=Selection)
    interval: str = RAW
    aggregates: tuple[str, ...] = AGGREGATES
    is_wide: bool = False
    with_units: bool = False
    with_reasons: bool = False

    def decided(self) -> "Download":
        """Return the same with a definite interval in place of "auto"."""
        return replace(self, interval=auto_interval(self.selection)) if self.interval == AUTO else self


def open_table(download: Download, *, size: int, most_rows: int | None = None) -> Table:
    """Return the table of a decided download; the first batch is read already.

    ``size`` is the number of measurements of a page, ``most_rows`` the largest number of rows.

    Raises:
        TooLargeError: there are more rows, or too many tags for a column each.
    """
    selection = download.selection
    tags = selection.tags or (tuple(tag_names()) if download.is_wide else ())
    if download.is_wide and len(tags) > MOST_WIDE:
        raise TooLargeError(
            "shape", f"wide has a column for at most {MOST_WIDE} tags, not for {len(tags)}; name some tags"
        )
    units = units_of(tags) if download.with_units else None
    if download.interval == RAW:
        check_rows(most_rows, lambda most: count_raw(selection, most, is_wide=download.is_wide))
        pages = read_pages(replace(selection, tags=tags) if download.is_wide else selection, size=size)
        extra = Extra(units, reasons=download.with_reasons, excluded=bool(selection.excluded))
        table = wide_table(pages, tags, extra) if download.is_wide else long_table(pages, extra)
    else:
        plan = plan_intervals(selection, download.interval)
        check_rows(most_rows, lambda _: count_rows(plan, is_wide=download.is_wide))
        table = interval_table(plan, download.aggregates, is_wide=download.is_wide, units=units)
    return Table(table.columns, chain([next(table.batches)], table.batches))


def check_rows(most: int | None, count: Callable[[int], int]) -> None:
    """Raise TooLargeError if ``count``, called with the limit, returns more than ``most`` rows."""
    if most is not None and (found := count(most)) > most:
        raise TooLargeError(
            "format",
            f"a sheet has at most {most:,} rows below its header, this selection has {found:,} or more; "
            "take csv or parquet, an interval, a shorter time or fewer tags",
        )


def count_raw(selection: Selection, most: int, *, is_wide: bool) -> int:
    """Return the number of rows of raw measurements, counted up to one more than ``most``."""
    found = 0
    with both_places() as is_archived:
        for model in selection.models:
            rows = selected(selection, model)
            rows = rows.values("timestamp").distinct() if is_wide else rows.values("id")
            found += rows[: most + 1].count()
        if is_archived and Measurement in selection.models and found <= most:
            found += count_archived(selection, most - found, is_wide=is_wide)
    return found


def count_archived(selection: Selection, most: int, *, is_wide: bool) -> int:
    """Return by how many rows the archive adds to those in the database, counted up to about ``most``."""
    archived = archived_range(selection)
    if not is_wide:
        return count_in_archive(archived, most)
    found = 0
    for part in windows(archived, ROWS_A_WINDOW):
        found += len(np.setdiff1d(part.times_us, stored_times(selection, part)))
        if found > most:
            break
    return found


def stored_times(selection: Selection, part: Rows) -> IntArray:
    """Return the times of the selection's measurements in the database, in the time of the archived ones."""
    if not len(part):
        return part.times_us
    start, end = from_micros(int(part.times_us[0])), from_micros(int(part.times_us[-1]))
    within = selected(replace(selection, start=start, end=end))
    return np.array(list(within.values_list(MICROS, flat=True).distinct()), np.int64)


def read_pages(selection: Selection, *, size: int) -> Iterator[MeasurementPage]:
    """Yield the selection in pages of ``size``, each read on demand; at least one page.

    Each page is a short query of its own: a long query would keep SQLite from checkpointing its log.
    Measurements stored during the export may or may not be included; all others appear exactly once.
    """
    page = read_page(selection, limit=size, ascending=True)
    yield page
    while page.next is not None:
        page = read_page(selection, limit=size, ascending=True, after=page.next)
        yield page
