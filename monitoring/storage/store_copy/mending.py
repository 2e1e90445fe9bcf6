"""Copy differing days again: delete the target's rows of the day, and write the source's."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from django.db import transaction

from monitoring.kernel.clock import DAY_US
from monitoring.kernel.failpoints import failpoint
from monitoring.storage.store_copy.checksums import DayKey
from monitoring.storage.store_copy.columns import (
    MEASUREMENTS,
    ROLLUPS,
    NumericTable,
    read_source,
    write_target,
)
from monitoring.storage.store_copy.databases import TARGET, execute
from monitoring.storage.store_copy.days import TimeWindow
from monitoring.storage.store_copy.findings import copy_findings, delete_findings

LONGEST_DAYS = {MEASUREMENTS.name: 1, ROLLUPS.name: 100}
DELETE_FINDINGS = """
    DELETE FROM findings USING measurements
    WHERE measurements.id = findings.measurement_id AND timestamp >= %s AND timestamp < %s AND tag = %s
"""


def day_windows(table: NumericTable, keys: Sequence[DayKey]) -> Iterator[TimeWindow]:
    """Yield windows of whole days that cover these days in order, one for consecutive days of a tag."""
    place, longest = 0, LONGEST_DAYS[table.name]
    while place < len(keys):
        tag, first = keys[place]
        end = place + 1
        while end < len(keys) and keys[end] == (tag, first + end - place) and end - place < longest:
            end += 1
        yield TimeWindow(table, first * DAY_US, (first + end - place) * DAY_US, tag)
        place = end


def copy_again(windows: Iterable[TimeWindow]) -> None:
    """Copy the windows again, each in a separate transaction."""
    for window in windows:
        with transaction.atomic(using=TARGET):
            if window.table is MEASUREMENTS:
                execute(TARGET, DELETE_FINDINGS, [window.start_us, window.end_us, window.tag])
            execute(TARGET, f"DELETE FROM {window.table.name} WHERE {window.condition}")  # noqa: S608
            write_window(window)
        failpoint("store_copy.day_copied")


def write_window(window: TimeWindow) -> None:
    """Append the source's rows of the window, in the caller's transaction."""
    rows = read_source(window.table, window.condition, [])
    rows = rows[np.argsort(rows["id"])]
    if window.table is MEASUREMENTS:
        delete_findings(rows["id"].tolist())  # rows whose measurement was missing
    write_target(window.table, rows)
    if window.table is MEASUREMENTS:
        copy_findings(rows["id"].tolist())
