"""Write judged rows: new measurements, their rule violations, and the changes of stored rows."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from django.db import connection

from monitoring.ingest.bulk import insert_measurements
from monitoring.ingest.columns import StoredRows
from monitoring.ingest.locked_tags import LockedTag, LockedTags
from monitoring.ingest.rollups import Clocks, update_rollups
from monitoring.ingest.rules.base import Verdict
from monitoring.ingest.stored import stored
from monitoring.kernel.arrays import BoolArray, IntArray
from monitoring.kernel.failpoints import failpoint
from monitoring.models import Finding, Measurement

INSERT_FINDINGS = "INSERT INTO findings (measurement_id, reason, lower, upper) VALUES (%s, %s, %s, %s)"
LAST_ID_SQLITE = "SELECT seq FROM sqlite_sequence WHERE name = 'measurements'"
NEXT_IDS_POSTGRESQL = """
    SELECT nextval(pg_get_serial_sequence('measurements', 'id')) FROM generate_series(1, %s)
"""

Verdicts = Sequence[tuple[Verdict, BoolArray]]


def store(
    tags: Sequence[LockedTag],
    rows: StoredRows,
    verdicts: Verdicts,
    recent: Mapping[int, bytes],
    clocks: Clocks,
    *,
    given: IntArray | None = None,
    may_open: bool = False,
) -> StoredRows:
    """Store rows of these tags as judged; return them with ids and flags.

    Call this in the transaction that has locked the tags and read the rows: then no other row can have come
    between, and each time gets one id. ``recent`` has ``series.recent_values`` by index of the tag, where
    they change; ``clocks`` are as in ``update_rollups``. ``given`` has the ids of new rows by position, if
    the rows had ids before. ``may_open``: the open minutes of the tags are as in ``tags`` or closed since, so
    that new rows may be added to them.
    """
    flags = np.logical_or.reduce([verdict.found for verdict, _ in verdicts])
    columns = LockedTags.of(tags)
    pk = columns.pk[rows.tag]
    ids = insert_new(pk, rows, flags, given)
    failpoint("ingest.before_findings")
    insert_violations(rows, verdicts, ids)
    if not rows.is_new.all():
        flags = judge_again(rows, verdicts, ids, np.where(rows.is_new, flags, rows.is_anomaly))
    failpoint("ingest.before_rollups")
    recent_by_pk = {columns.keys[index]: values for index, values in recent.items()}
    opened_us = columns.opened_us[rows.tag] if may_open else None
    update_rollups(pk, rows, flags, recent_by_pk, clocks, opened_us)
    stored.send(sender=None)
    return replace(rows, id=ids, is_anomaly=flags)


def insert_new(pk: IntArray, rows: StoredRows, flags: BoolArray, given: IntArray | None = None) -> IntArray:
    """Insert the new rows in order of time; return the ids of all rows, shape (n,)."""
    is_new = rows.is_new
    time_us, tag = rows.time_us[is_new], np.repeat(pk, rows.count)[is_new]
    order = np.lexsort((tag, time_us))
    if given is None:
        new = np.array(next_ids(len(order)), dtype=np.int64)
    else:
        new = given[rows.position[is_new][order]]
    insert_measurements(new, time_us[order], tag[order], rows.value[is_new][order], flags[is_new][order])
    by_row = np.empty_like(new)
    by_row[order] = new
    ids = rows.id.copy()
    ids[is_new] = by_row
    return ids


def next_ids(count: int) -> Sequence[int]:
    """Return ``count`` ascending ids for measurements, never used before; gaps may follow."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":  # the transaction has the whole database to itself
            cursor.execute(LAST_ID_SQLITE)
            row = cursor.fetchone()
            last = row[0] if row else 0
            return range(last + 1, last + 1 + count)
        cursor.execute(NEXT_IDS_POSTGRESQL, [count])
        return sorted(row[0] for row in cursor.fetchall())


def insert_violations(rows: StoredRows, verdicts: Verdicts, ids: IntArray) -> None:
    """Insert the rule violations of the new rows."""
    violations = [
        (int(ids[index]), verdict.reason, finite(verdict.lower[index]), finite(verdict.upper[index]))
        for verdict, applies in verdicts
        for index in np.flatnonzero(verdict.found & applies & rows.is_new).tolist()
    ]
    if violations:
        with connection.cursor() as cursor:
            cursor.executemany(INSERT_FINDINGS, violations)


def judge_again(rows: StoredRows, verdicts: Verdicts, ids: IntArray, flags: BoolArray) -> BoolArray:
    """Replace the violations of stored rows that follow new ones; return the flags of all rows."""
    changed: set[int] = set()
    for verdict, applies in verdicts:
        again = applies & ~rows.is_new
        if again.any():
            stale = Finding.objects.filter(measurement_id__in=ids[again].tolist(), reason=verdict.reason)
            changed.update(stale.values_list("measurement_id", flat=True))
            changed.update(ids[again & verdict.found].tolist())
            stale.delete()
            Finding.objects.bulk_create(
                Finding(
                    measurement_id=int(ids[index]),
                    reason=verdict.reason,
                    lower=finite(verdict.lower[index]),
                    upper=finite(verdict.upper[index]),
                )
                for index in np.flatnonzero(again & verdict.found)
            )
    return update_flags(changed, ids, flags) if changed else flags


def update_flags(changed: set[int], ids: IntArray, flags: BoolArray) -> BoolArray:
    """Set the flag of each changed measurement to whether a violation remains; return all flags."""
    violating = set(
        Finding.objects.filter(measurement_id__in=changed).values_list("measurement_id", flat=True)
    )
    Measurement.objects.filter(id__in=violating, is_anomaly=False).update(is_anomaly=True)
    Measurement.objects.filter(id__in=changed - violating, is_anomaly=True).update(is_anomaly=False)
    found = np.isin(ids, list(violating))
    return np.where(np.isin(ids, list(changed)), found, flags)


def finite(bound: float) -> float | None:
    """Return the bound as stored: None on an open side of the band."""
    return float(bound) if math.isfinite(bound) else None
