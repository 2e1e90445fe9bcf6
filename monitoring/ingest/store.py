"""Writes judged timelines: new measurements, their findings, and what they change of stored ones."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection

from monitoring.ingest.bulk import insert_measurements
from monitoring.ingest.rollups import Change, Clocks, keep_rollups
from monitoring.ingest.rules.base import Verdict
from monitoring.ingest.stored import stored
from monitoring.ingest.tags import LockedTag
from monitoring.ingest.timeline import Timelines
from monitoring.kernel.arrays import BoolArray, IntArray
from monitoring.kernel.failpoints import crash_point
from monitoring.models import Finding, Measurement

INSERT_FINDINGS = "INSERT INTO findings (measurement_id, reason, lower, upper) VALUES (%s, %s, %s, %s)"
LAST_ID_SQLITE = "SELECT seq FROM sqlite_sequence WHERE name = 'measurements'"
NEXT_IDS_POSTGRESQL = """
    SELECT nextval(pg_get_serial_sequence('measurements', 'id')) FROM generate_series(1, %s)
"""

Verdicts = Sequence[tuple[Verdict, BoolArray]]


@dataclass(frozen=True, slots=True)
class Written:
    """Timelines as they are stored now; ``id`` and ``is_anomaly`` have their shape (n,)."""

    timelines: Timelines
    id: IntArray
    is_anomaly: BoolArray


def store(
    tags: Sequence[LockedTag],
    timelines: Timelines,
    verdicts: Verdicts,
    recent: Mapping[int, bytes],
    clocks: Clocks,
    *,
    given: IntArray | None = None,
) -> Written:
    """Stores the timelines of these tags as judged, inside the caller's transaction.

    ``recent`` are their ``recent_values`` afterwards, by their places, where the timelines tell them;
    ``clocks`` are as in ``Change``. ``given`` are the ids of the new by their positions, where they have
    had ids before.

    They were read in that same transaction, under the lock of their tags: so nothing can have
    come between, and an id is given to each time only once.
    """
    flags = np.logical_or.reduce([verdict.found for verdict, _ in verdicts])
    pk = np.array([tag.pk for tag in tags], dtype=np.int64)[timelines.tag]
    ids = store_new(pk, timelines, flags, given)
    crash_point("ingest.before_findings")
    store_findings(timelines, verdicts, ids)
    is_new = timelines.is_new
    if not is_new.all():
        flags = judge_again(timelines, verdicts, ids, np.where(is_new, flags, timelines.was_anomaly))
    written = Written(timelines, ids, flags)
    crash_point("ingest.before_rollups")
    by_pk = {tags[place].pk: values for place, values in recent.items()}
    keep_rollups(change_of(pk, written, by_pk, clocks))
    stored.send(sender=None)
    return written


def store_new(
    pk: IntArray, timelines: Timelines, flags: BoolArray, given: IntArray | None = None
) -> IntArray:
    """Stores what is new in the order of time; the ids of all, old and new."""
    is_new = timelines.is_new
    time_us, tag = timelines.time_us[is_new], np.repeat(pk, timelines.count)[is_new]
    order = np.lexsort((tag, time_us))
    if given is None:
        new = np.array(next_ids(len(order)), dtype=np.int64)
    else:
        new = given[timelines.position[is_new][order]]
    insert_measurements(new, time_us[order], tag[order], timelines.value[is_new][order], flags[is_new][order])
    by_place = np.empty_like(new)
    by_place[order] = new
    ids = timelines.id.copy()
    ids[is_new] = by_place
    return ids


def next_ids(count: int) -> Sequence[int]:
    """So many ids for measurements, ascending, never used before; others may follow them."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":  # whose transaction has the whole database to itself
            cursor.execute(LAST_ID_SQLITE)
            row = cursor.fetchone()
            last = row[0] if row else 0
            return range(last + 1, last + 1 + count)
        cursor.execute(NEXT_IDS_POSTGRESQL, [count])
        return sorted(row[0] for row in cursor.fetchall())


def store_findings(timelines: Timelines, verdicts: Verdicts, ids: IntArray) -> None:
    """Keeps why the new are anomalies."""
    rows = [
        (int(ids[place]), verdict.reason, finite(verdict.lower[place]), finite(verdict.upper[place]))
        for verdict, kept in verdicts
        for place in np.flatnonzero(verdict.found & kept & timelines.is_new).tolist()
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(INSERT_FINDINGS, rows)


def judge_again(timelines: Timelines, verdicts: Verdicts, ids: IntArray, flags: BoolArray) -> BoolArray:
    """Judges anew the stored ones that the new stand before; all flags as they are then."""
    changed: set[int] = set()
    for verdict, kept in verdicts:
        again = kept & ~timelines.is_new
        if again.any():
            stale = Finding.objects.filter(measurement_id__in=ids[again].tolist(), reason=verdict.reason)
            changed.update(stale.values_list("measurement_id", flat=True))
            changed.update(ids[again & verdict.found].tolist())
            stale.delete()
            Finding.objects.bulk_create(
                Finding(
                    measurement_id=int(ids[place]),
                    reason=verdict.reason,
                    lower=finite(verdict.lower[place]),
                    upper=finite(verdict.upper[place]),
                )
                for place in np.flatnonzero(again & verdict.found)
            )
    return flag_by_findings(changed, ids, flags) if changed else flags


def flag_by_findings(changed: set[int], ids: IntArray, flags: BoolArray) -> BoolArray:
    """Sets these measurements' flags to whether any finding speaks against them; all flags then."""
    with_finding = set(
        Finding.objects.filter(measurement_id__in=changed).values_list("measurement_id", flat=True)
    )
    Measurement.objects.filter(id__in=with_finding, is_anomaly=False).update(is_anomaly=True)
    Measurement.objects.filter(id__in=changed - with_finding, is_anomaly=True).update(is_anomaly=False)
    found = np.isin(ids, list(with_finding))
    return np.where(np.isin(ids, list(changed)), found, flags)


def change_of(pk: IntArray, written: Written, recent: Mapping[int, bytes], clocks: Clocks) -> Change:
    """What written timelines mean for the rollups and series of their tags."""
    timelines, is_new = written.timelines, written.timelines.is_new
    tag = np.repeat(pk, timelines.count)
    turned = ~is_new & (written.is_anomaly != timelines.was_anomaly)
    return Change(
        tag=tag[is_new],
        time_us=timelines.time_us[is_new],
        value=timelines.value[is_new],
        is_anomaly=written.is_anomaly[is_new],
        turned_tag=tag[turned],
        turned_us=timelines.time_us[turned],
        turned_by=np.where(written.is_anomaly[turned], 1, -1),
        recent=recent,
        clocks=clocks,
    )


def finite(bound: float) -> float | None:
    """The bound as a column holds it: None where the band is open."""
    return float(bound) if math.isfinite(bound) else None
