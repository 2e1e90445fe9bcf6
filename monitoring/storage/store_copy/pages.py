"""Copies measurements page by page in the order of their ids, and goes on behind the last one there."""

from collections.abc import Iterator

import numpy as np
from django.db import transaction

from monitoring.kernel.failpoints import failpoint
from monitoring.storage import partitions
from monitoring.storage.store_copy.columns import MEASUREMENTS, Rows, read_source, write_target
from monitoring.storage.store_copy.databases import SOURCE, TARGET, execute, number, select, snapshot
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
    """The highest id of a measurement there; 0 if there is none."""
    return number(alias, "SELECT max(id) FROM measurements")


def copy_pages() -> Iterator[int]:
    """Copies what the target does not have yet; yields after each page the id up to which it has.

    Each page is one transaction at the target and one short read at the source, whose log can
    shrink between them.

    Raises:
        django.db.Error: one of the two is away; what is copied stays.
    """
    last, known = newest_at(TARGET), {row[0] for row in select(TARGET, "SELECT id FROM tags")}
    while True:
        with snapshot():
            rows = read_source(MEASUREMENTS, "id > %s ORDER BY id LIMIT %s", [last, PAGE])
            if not len(rows):
                return
            make_partitions(rows)
            with transaction.atomic(using=TARGET):
                if not known.issuperset(np.unique(rows["tag"]).tolist()):
                    replace_tags()
                    known = {row[0] for row in select(SOURCE, "SELECT id FROM tags")}
                write(rows)
                failpoint("store_copy.before_commit")
        failpoint("store_copy.after_commit")
        last = int(rows["id"][-1])
        yield last


def make_partitions(rows: Rows) -> None:
    """Makes the partitions of the months that these fill; the few of another time need none."""
    _, first, count = np.unique(
        rows["timestamp"].astype("datetime64[us]").astype("datetime64[M]"),
        return_index=True,
        return_counts=True,
    )
    for place in first[count >= MONTH_FROM].tolist():
        moment_us = int(rows["timestamp"][place])
        partitions.create_for(moment_us, moment_us, using=TARGET)


def write(rows: Rows) -> None:
    """Adds measurements, ascending by their ids, with their findings; in the caller's transaction."""
    delete_replaced(int(rows["id"][0]), int(rows["id"][-1]))
    write_target(MEASUREMENTS, rows)
    copy_findings(rows["id"].tolist())


def delete_replaced(first: int, last: int) -> None:
    """Delete what was copied before a row of these ids took its place: it has the same tag and time."""
    for place in select(SOURCE, REPLACED, [first, last]):
        for statement in DELETE_REPLACED:
            execute(TARGET, statement, list(place))
