"""Deletes measurements and events that are older than their tag's retention says; their rollups stay.

Each transaction deletes a few thousand under the tag's lock, and moves ``series`` by what it
deleted: the totals, and ``raw_from``, before which the write path refuses. So a reading that was
deleted can't come again and be counted twice, wherever this is broken off. Retention counts in
whole days (UTC): what is kept for 30 days goes when the 30th day after its own is over. Nothing
comes back when retention is lengthened later. Excluded measurements go with those around them.

Ages are counted up to the newest measurement plus a day at most, whatever the clock says. So a plant
that sends nothing loses nothing, and ``raw_from`` never lies beyond the day of the newest measurement.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef
from filelock import FileLock, Timeout

from monitoring.ingest.moving import update_excluded_until
from monitoring.ingest.tags import lock_tags
from monitoring.kernel.clock import FIRST_MICROS, from_micros, iso_utc, to_micros
from monitoring.kernel.host_clock import TOLERANCE
from monitoring.models import Event, ExcludedMeasurement, Measurement, Replacement, Series, Tag
from monitoring.models.host_clock import newest_measured
from monitoring.storage.old_partitions import cutoff, drop_old, first_left, past_months

logger = logging.getLogger(__name__)

CHUNK = 3_000
PAGES_A_STEP = 200
PAUSE_S = 0.05
ADVISORY_LOCK = 7_237_541_001  # any number, the same everywhere

CHUNK_END = """
    SELECT timestamp FROM measurements
    WHERE tag = %s AND timestamp >= %s AND timestamp < %s AND {kind} ORDER BY timestamp LIMIT 1 OFFSET %s
"""
DELETE_MEASUREMENTS = """
    DELETE FROM measurements WHERE tag = %s AND timestamp >= %s AND timestamp < %s AND {kind}
"""
DELETE_FINDINGS = """
    DELETE FROM findings WHERE measurement_id IN
        (SELECT id FROM measurements WHERE tag = %s AND timestamp >= %s AND timestamp < %s AND {kind})
"""
ANOMALIES, OTHERS = "is_anomaly", "NOT is_anomaly"


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one transaction deleted: measurements of one tag and kind, up to ``end_us`` (exclusive)."""

    rows: int = 0
    end_us: int = FIRST_MICROS
    is_last: bool = True


NOTHING = Chunk()
DeleteChunk = Callable[[str, datetime], Chunk]


def apply_retention(*, now: datetime, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Deletes what is too old by now, and gives its space back to the disk; how many measurements.

    The caller has made sure that the clock is right.

    Writers wait for one short transaction at most. Asked to stop, it does so after that, and goes
    on from there when it is called again. Where another process is at it already, it does nothing.

    Raises:
        django.db.Error: the database is away; what was deleted until then stays so.
    """
    newest = newest_measured(now)
    if newest is None:
        return 0
    now = min(now, newest + TOLERANCE)
    names = Tag.objects.exclude(retention_days=None).order_by("name").values_list("name", flat=True)
    with alone() as is_alone:
        if not is_alone:
            return 0
        months = past_months(now)
        rows = drop_old(months, now=now, should_stop=should_stop)
        left = first_left(month for month in months if not month.is_too_old(now))
        for name in list(names):
            rows += apply_to(name, now=now, left_from_us=left.get(name), should_stop=should_stop)
        if connection.vendor == "sqlite":
            give_space_back(should_stop)
    return rows


@contextmanager
def alone() -> Iterator[bool]:
    """Whether nobody else is at it, on this host or another; nobody begins meanwhile."""
    place = Path(settings.FERMON_DATA_DIR)
    place.mkdir(parents=True, exist_ok=True)
    lock = FileLock(place / "retention.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        if connection.vendor == "sqlite":
            yield True
        else:
            yield from alone_of_all_hosts()
    finally:
        lock.release()


def alone_of_all_hosts() -> Iterator[bool]:
    """As ``alone``, by a lock of PostgreSQL's. It goes with its connection, if that breaks."""
    if not asked("pg_try_advisory_lock"):
        yield False
        return
    try:
        yield True
    finally:
        with suppress(DatabaseError):
            asked("pg_advisory_unlock")


def asked(function: str) -> bool:
    """What PostgreSQL answers about the lock that all hosts share."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [ADVISORY_LOCK])
        return bool(cursor.fetchone()[0])


def apply_to(
    name: str, *, now: datetime, left_from_us: int | None = None, should_stop: Callable[[], bool]
) -> int:
    """Deletes what is too old of a tag, and tells the log; how many measurements.

    Those from ``left_from_us`` on are left alone: they go when their month does.
    """
    raw = delete_all(name, partial(delete_raw, left_from_us=left_from_us), now=now, should_stop=should_stop)
    anomalies = delete_all(name, delete_anomalies, now=now, should_stop=should_stop)
    delete_all(name, delete_excluded, now=now, should_stop=should_stop)
    delete_events(name, now)
    delete_replacements(name)
    rows = raw.rows + anomalies.rows
    if rows:
        before = iso_utc(from_micros(max(raw.end_us, anomalies.end_us)))
        extra = {"tag": name, "rows": rows, "anomalies": anomalies.rows, "before": before}
        logger.info("old measurements deleted", extra=extra)
    return rows


def delete_all(
    name: str, delete_chunk: DeleteChunk, *, now: datetime, should_stop: Callable[[], bool]
) -> Chunk:
    """Deletes chunk after chunk, and leaves writers their turn between; all of it as one."""
    rows, chunk = 0, Chunk(is_last=False)
    while not chunk.is_last and not should_stop():
        chunk = delete_chunk(name, now)
        rows += chunk.rows
        if not chunk.is_last:
            time.sleep(PAUSE_S)
    return Chunk(rows, chunk.end_us, chunk.is_last)


def delete_raw(name: str, now: datetime, *, left_from_us: int | None = None) -> Chunk:
    """Deletes the oldest measurements that are no anomalies, and moves ``raw_from`` past them.

    It begins at ``raw_from``, so that the anomalies which were kept before are not read again.
    Where there is nothing to delete yet, ``raw_from`` stays empty: late readings may still come.
    """
    with transaction.atomic():
        series = lock_series(name)
        if series is None or series.tag.retention_days is None:
            return NOTHING
        start = FIRST_MICROS if series.raw_from is None else to_micros(series.raw_from)
        before = cutoff(series.tag.retention_days, now)
        if left_from_us is not None:
            before = min(before, left_from_us)
        if before <= start or (series.raw_from is None and not anything_before(series.tag, before)):
            return NOTHING
        chunk = delete(series.tag, OTHERS, start, before)
        Series.objects.filter(pk=series.pk).update(
            measurements=F("measurements") - chunk.rows,
            raw_from=from_micros(chunk.end_us),
            recent_values=None,
        )
        return chunk


def delete_anomalies(name: str, now: datetime) -> Chunk:
    """Deletes the oldest of the anomalies that outlived the measurements around them."""
    with transaction.atomic():
        series = lock_series(name)
        if series is None or series.raw_from is None:
            return NOTHING
        if series.tag.retention_days is None or series.tag.anomaly_retention_days is None:
            return NOTHING
        before = min(cutoff(series.tag.anomaly_retention_days, now), to_micros(series.raw_from))
        chunk = delete(series.tag, ANOMALIES, FIRST_MICROS, before)
        if chunk.rows:
            Series.objects.filter(pk=series.pk).update(
                measurements=F("measurements") - chunk.rows, anomalies=F("anomalies") - chunk.rows
            )
        return chunk


def delete_excluded(name: str, now: datetime) -> Chunk:
    """Deletes the oldest of the excluded measurements from before ``raw_from``, anomalies among them."""
    with transaction.atomic():
        series = lock_series(name)
        if series is None or series.raw_from is None:
            return NOTHING
        old = ExcludedMeasurement.objects.filter(tag=series.tag, timestamp__lt=series.raw_from)
        chunk = list(old.order_by("timestamp").values_list("pk", flat=True)[:CHUNK])
        if chunk:
            ExcludedMeasurement.objects.filter(pk__in=chunk).delete()
            update_excluded_until(series.tag.pk)
        return Chunk(len(chunk), is_last=len(chunk) < CHUNK)


def delete_events(name: str, now: datetime) -> None:
    """Deletes the tag's events that ended before the anomalies which are kept. They are few."""
    days = Tag.objects.values_list("anomaly_retention_days", flat=True).filter(name=name).first()
    if days is not None:
        Event.objects.filter(tag__name=name, end__lt=from_micros(cutoff(days, now))).delete()


def delete_replacements(name: str) -> None:
    """Delete the records of replaced values whose measurement was deleted: no reading comes there again."""
    left = Measurement.objects.filter(tag=OuterRef("tag"), timestamp=OuterRef("timestamp"))
    with transaction.atomic():
        series = lock_series(name)
        if series is not None and series.raw_from is not None:
            old = Replacement.objects.filter(tag=series.tag, timestamp__lt=series.raw_from)
            old.filter(~Exists(left)).delete()


def lock_series(name: str) -> Series | None:
    """What is stored of a tag that nobody writes to until the transaction ends; None if nothing was ever."""
    lock_tags([name])
    return Series.objects.select_related("tag").filter(tag__name=name).first()


def anything_before(tag: Tag, moment_us: int) -> bool:
    """Whether any measurement of the tag is older than that, be it excluded or not."""
    older = {"tag": tag, "timestamp__lt": from_micros(moment_us)}
    return (
        Measurement.objects.filter(**older).exists() or ExcludedMeasurement.objects.filter(**older).exists()
    )


def delete(tag: Tag, kind: str, start_us: int, before_us: int) -> Chunk:
    """Deletes the oldest ``CHUNK`` measurements of that time and kind, with their findings."""
    within: list[int] = [tag.pk, start_us, before_us]
    with connection.cursor() as cursor:
        cursor.execute(CHUNK_END.format(kind=kind), [*within, CHUNK])
        next_chunk = cursor.fetchone()
        end_us = next_chunk[0] if next_chunk else before_us
        within[-1] = end_us
        cursor.execute(DELETE_FINDINGS.format(kind=kind), within)
        cursor.execute(DELETE_MEASUREMENTS.format(kind=kind), within)
        return Chunk(cursor.rowcount, end_us, is_last=next_chunk is None)


def give_space_back(should_stop: Callable[[], bool]) -> None:
    """Makes SQLite's file as small as what is in it, from its next checkpoint on.

    Each page moves from the file's end into a gap. They are asked for one by one, as Python's
    sqlite3 ends the statement after the first, however many it was to move.
    """
    free = pragma("freelist_count")
    while free and not should_stop():
        with transaction.atomic():
            for _ in range(PAGES_A_STEP):
                pragma("incremental_vacuum(1)")
        before, free = free, pragma("freelist_count")
        if free == before:  # as in a file that can't shrink
            break
        time.sleep(PAUSE_S)


def pragma(words: str) -> Any:
    """The first that SQLite answers, if it answers."""
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {words}")
        row = cursor.fetchone()
    return row[0] if row else None
