"""Writes judged timelines: new measurements, their findings, and what they change of stored ones."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from monitoring.domain.crash_points import crash_point
from monitoring.domain.detectors import BoolArray, Verdict
from monitoring.domain.timeline import Timeline
from monitoring.domain.wakeups import stored
from monitoring.ingest.rollups import Change, keep_rollups
from monitoring.ingest.tags import LockedTag
from monitoring.models import Finding, Measurement

INSERT_MEASUREMENTS = """
    INSERT INTO measurements (id, timestamp, tag, value, is_anomaly) VALUES (%s, %s, %s, %s, %s)
"""
INSERT_FINDINGS = "INSERT INTO findings (measurement_id, reason, lower, upper) VALUES (%s, %s, %s, %s)"
LAST_ID_SQLITE = "SELECT seq FROM sqlite_sequence WHERE name = 'measurements'"
NEXT_IDS_POSTGRESQL = """
    SELECT nextval(pg_get_serial_sequence('measurements', 'id')) FROM generate_series(1, %s)
"""


@dataclass(frozen=True, slots=True)
class Judged:
    """A tag's timeline, and each reason's verdict on it beside which of it that is to be kept for."""

    tag: LockedTag
    timeline: Timeline
    verdicts: Sequence[tuple[Verdict, BoolArray]]


@dataclass(frozen=True, slots=True)
class Written:
    """A timeline as it is stored now; ``id`` and ``is_anomaly`` have its shape (n,)."""

    timeline: Timeline
    id: NDArray[np.int64]
    is_anomaly: BoolArray


def store(judged: Mapping[str, Judged]) -> dict[str, Written]:
    """Stores one timeline a tag, inside the caller's transaction.

    The timelines were read in that same transaction, under the lock of their tags: so nothing
    can have come between, and an id is given to each time only once.
    """
    flagged = {
        name: np.logical_or.reduce([verdict.found for verdict, _ in of_tag.verdicts])
        for name, of_tag in judged.items()
    }
    ids = insert_measurements(judged, flagged)
    crash_point("ingest.before_findings")
    insert_findings(judged, ids)
    written = {}
    for name, of_tag in judged.items():
        timeline = of_tag.timeline
        flags = np.where(timeline.is_new, flagged[name], timeline.was_anomaly)
        if not timeline.is_new.all():
            flags = judge_again(of_tag, ids[name], flags)
        written[name] = Written(timeline, ids[name], flags)
    crash_point("ingest.before_rollups")
    keep_rollups([change_of(of_tag.tag, written[name]) for name, of_tag in judged.items()])
    transaction.on_commit(stored.set)
    return written


def insert_measurements(
    judged: Mapping[str, Judged], flagged: Mapping[str, BoolArray]
) -> dict[str, NDArray[np.int64]]:
    """Stores what is new in the order of time; each timeline's ids, old and new, by tag."""
    news = {name: of_tag.timeline.is_new for name, of_tag in judged.items()}
    time_us = np.concatenate([judged[name].timeline.time_us[new] for name, new in news.items()])
    value = np.concatenate([judged[name].timeline.value[new] for name, new in news.items()])
    flag = np.concatenate([flagged[name][new] for name, new in news.items()])
    tag = np.repeat([of_tag.tag.pk for of_tag in judged.values()], [new.sum() for new in news.values()])
    order = np.lexsort((tag, time_us))
    given = np.array(next_ids(len(order)), dtype=np.int64)
    if connection.vendor == "sqlite":  # to which a bool is an object to ask for what it is, row by row
        flag = flag.astype(np.int64)
    columns = (given, time_us[order], tag[order], value[order], flag[order])
    with connection.cursor() as cursor:
        cursor.executemany(
            INSERT_MEASUREMENTS, list(zip(*(column.tolist() for column in columns), strict=True))
        )
    by_place = np.empty_like(given)
    by_place[order] = given
    ids, taken = {}, 0
    for name, new in news.items():
        ids[name] = judged[name].timeline.id.copy()
        ids[name][new] = by_place[taken : taken + int(new.sum())]
        taken += int(new.sum())
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


def insert_findings(judged: Mapping[str, Judged], ids: Mapping[str, NDArray[np.int64]]) -> None:
    """Keeps why the new are anomalies."""
    rows = [
        (int(ids[name][place]), verdict.reason, finite(verdict.lower[place]), finite(verdict.upper[place]))
        for name, of_tag in judged.items()
        for verdict, kept in of_tag.verdicts
        for place in np.flatnonzero(verdict.found & kept & of_tag.timeline.is_new)
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(INSERT_FINDINGS, rows)


def judge_again(judged: Judged, ids: NDArray[np.int64], flags: BoolArray) -> BoolArray:
    """Judges anew the stored ones that the new stand before; all flags as they are then."""
    changed: set[int] = set()
    for verdict, kept in judged.verdicts:
        again = kept & ~judged.timeline.is_new
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


def flag_by_findings(changed: set[int], ids: NDArray[np.int64], flags: BoolArray) -> BoolArray:
    """Sets these measurements' flags to whether any finding speaks against them; all flags then."""
    with_finding = set(
        Finding.objects.filter(measurement_id__in=changed).values_list("measurement_id", flat=True)
    )
    Measurement.objects.filter(id__in=with_finding, is_anomaly=False).update(is_anomaly=True)
    Measurement.objects.filter(id__in=changed - with_finding, is_anomaly=True).update(is_anomaly=False)
    found = np.isin(ids, list(with_finding))
    return np.where(np.isin(ids, list(changed)), found, flags)


def change_of(tag: LockedTag, written: Written) -> Change:
    """What a written timeline means for the tag's rollups."""
    timeline = written.timeline
    new = timeline.is_new
    turned = ~new & (written.is_anomaly != timeline.was_anomaly)
    return Change(
        tag=tag.pk,
        time_us=timeline.time_us[new],
        value=timeline.value[new],
        is_anomaly=written.is_anomaly[new],
        turned_us=timeline.time_us[turned],
        turned_by=np.where(written.is_anomaly[turned], 1, -1),
    )


def finite(bound: float) -> float | None:
    """The bound as a column holds it: None where the band is open."""
    return float(bound) if math.isfinite(bound) else None
