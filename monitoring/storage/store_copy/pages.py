"""Copy measurements in pages in the order of their ids, starting after the target's newest."""

from collections.abc import Iterator

import numpy as np
from django.db import transaction

from monitoring.kernel.failpoints import failpoint
from monitoring.storage import partitions
from monitoring.storage.store_copy.columns import MEASUREMENTS, Rows, read_source, write_target
from monitoring.storage.store_copy.databases import (
    SOURCE,
    TARGET,
    execute,
    select_number,
    select_rows,
    snapshot,
)
from monitoring.storage.store_copy.findings import copy_findings
from monitoring.storage.store_copy.small_tables import replace_tags

PAGE = 20_000
MONTH_FROM = 100
REPLACED = """
    SELECT DISTINCT measurements.tag, measurements.timestamp FROM replacements JOIN measurements
    ON measurements.tag = replacements.tag AND measurements.timestamp = replacements.timestamp
    WHERE measurements.id >= %s AND measurements.id <= %s
"""
DELETE_REPLACED = (
    """
    DELETE FROM findings USING measurements
    WHERE measurements.id = findings.measurement_id AND tag = %s AND timestamp = %s
    """,
    "DELETE FROM measurements WHERE tag = %s AND timestamp = %s",
)


def newest_at(alias: str) -> int:
    """Return the highest id of a measurement; 0 if there is none."""
    return select_number(alias, "SELECT max(id) FROM measurements")


def copy_pages() -> Iterator[int]:
    """Copy the measurements that the target lacks; yield the highest copied id after each page.

    Each page is one transaction at the target and one short read at the source, whose write-ahead log can
    shrink between pages.

    Raises:
        django.db.Error: one of the databases is unavailable; copied pages persist.
    """
    last, known = newest_at(TARGET), {row[0] for row in select_rows(TARGET, "SELECT id FROM tags")}
    while True:
        with snapshot():
            rows = read_source(MEASUREMENTS, "id > %s ORDER BY id LIMIT %s", [last, PAGE])
            if not len(rows):
                return
            make_partitions(rows)
            with transaction.atomic(using=TARGET):
                if not known.issuperset(np.unique(rows["tag"]).tolist()):
                    replace_tags()
                    known = {row[0] for row in select_rows(SOURCE, "SELECT id FROM tags")}
                write_measurements(rows)
                failpoint("store_copy.before_commit")
        failpoint("store_copy.after_commit")
        last = int(rows["id"][-1])
        yield last


def make_partitions(rows: Rows) -> None:
    """Create the partitions of the months with many rows; the few rows of other months need none."""
    _, first, count = np.unique(
        rows["timestamp"].astype("datetime64[us]").astype("datetime64[M]"),
        return_index=True,
        return_counts=True,
    )
    for place in first[count >= MONTH_FROM].tolist():
        moment_us = int(rows["timestamp"][place])
        partitions.create_partitions(moment_us, moment_us, using=TARGET)


def write_measurements(rows: Rows) -> None:
    """Append measurements (ascending ids) and their rule violations, in the caller's transaction."""
    delete_replaced(int(rows["id"][0]), int(rows["id"][-1]))
    write_target(MEASUREMENTS, rows)
    copy_findings(rows["id"].tolist())


def delete_replaced(first: int, last: int) -> None:
    """Delete measurements copied before a row of these ids replaced them at the same tag and time."""
    for place in select_rows(SOURCE, REPLACED, [first, last]):
        for statement in DELETE_REPLACED:
            execute(TARGET, statement, list(place))
