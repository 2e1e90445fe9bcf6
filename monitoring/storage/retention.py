"""Delete measurements and events older than the retention of their tag; rollups stay.

Each transaction deletes a few thousand rows under the lock of the tag and updates ``series`` accordingly: the
totals, and ``raw_from``, before which the write path rejects readings. So a deleted reading can't be stored
and counted again, wherever retention is interrupted. Retention counts whole days (UTC): with 30 days, a
measurement is deleted when the 30th day after its own is over. A longer retention later restores nothing.
Excluded measurements are deleted along with their neighbours. Archived days are deleted a file at a time;
their anomalies with a longer retention return to the database first.

Ages count up to the newest measurement plus a day at most, whatever the clock shows. So a plant that sends
nothing loses nothing, and ``raw_from`` never lies after the day of the newest measurement.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef
from filelock import FileLock, Timeout

from monitoring.archive.manifest import supersede
from monitoring.archive.place import ArchiveError
from monitoring.archive.reading import archived_files, counted_of
from monitoring.ingest.moving import update_excluded_until
from monitoring.ingest.tags import lock_tags
from monitoring.ingest.thaw import thaw_file
from monitoring.kernel.clock import FIRST_MICROS, from_micros, iso_utc, micros_or_first, to_micros
from monitoring.kernel.host_clock import TOLERANCE
from monitoring.models import ArchiveFile, Event, ExcludedMeasurement, Measurement, Replacement, Series, Tag
from monitoring.models.host_clock import newest_measured
from monitoring.storage.old_partitions import cutoff, drop_old_months, past_months, whole_months_from

logger = logging.getLogger(__name__)

CHUNK = 3_000
PAGES_A_STEP = 200
PAUSE_S = 0.05
ADVISORY_LOCK = 7_237_541_001  # arbitrary, the same on every host

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
    """Rows deleted in one transaction: measurements of one tag and kind, up to ``end_us`` (exclusive)."""

    rows: int = 0
    end_us: int = FIRST_MICROS
    is_last: bool = True


NOTHING = Chunk()
DeleteChunk = Callable[[str, datetime], Chunk]


def apply_retention(*, now: datetime, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Delete rows that are too old now and return the space to the disk; return the number of measurements.

    The caller must check the clock first. Writers wait for one short transaction at most. When asked to stop,
    finish the current transaction; the next call continues. While another process applies retention, do
    nothing.

    Raises:
        django.db.Error: the database is unavailable; earlier deletions persist.
    """
    newest = newest_measured(now)
    if newest is None:
        return 0
    now = min(now, newest + TOLERANCE)
    names = Tag.objects.exclude(retention_days=None).order_by("name").values_list("name", flat=True)
    with retention_lock() as is_alone:
        if not is_alone:
            return 0
        months = past_months(now)
        rows = drop_old_months(months, now=now, should_stop=should_stop)
        left = whole_months_from(month for month in months if not month.is_too_old(now))
        for name in list(names):
            try:
                rows += apply_to_tag(name, now=now, left_from_us=left.get(name), should_stop=should_stop)
            except ArchiveError:  # one file never stops the retention of other tags
                logger.exception("retention of a tag waits for its archive", extra={"tag": name})
        if connection.vendor == "sqlite":
            shrink_file(should_stop)
    return rows


@contextmanager
def retention_lock() -> Iterator[bool]:
    """Acquire the lock against concurrent retention on any host; yield whether that succeeded."""
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
            yield from advisory_lock()
    finally:
        lock.release()


def advisory_lock() -> Iterator[bool]:
    """Acquire PostgreSQL's advisory lock; yield whether that succeeded. The lock ends with the connection."""
    if not call_lock_function("pg_try_advisory_lock"):
        yield False
        return
    try:
        yield True
    finally:
        with suppress(DatabaseError):
            call_lock_function("pg_advisory_unlock")


def call_lock_function(function: str) -> bool:
    """Call a PostgreSQL function on the advisory lock that all hosts share; return the result."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [ADVISORY_LOCK])
        return bool(cursor.fetchone()[0])


def apply_to_tag(
    name: str, *, now: datetime, left_from_us: int | None = None, should_stop: Callable[[], bool]
) -> int:
    """Delete and log what is too old of a tag; return the number of measurements.

    Measurements from ``left_from_us`` on stay until their month is dropped.
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
    """Delete chunk by chunk, with a pause for writers after each; return the sum as one chunk."""
    rows, chunk = 0, Chunk(is_last=False)
    while not chunk.is_last and not should_stop():
        chunk = delete_chunk(name, now)
        rows += chunk.rows
        if not chunk.is_last:
            time.sleep(PAUSE_S)
    return Chunk(rows, chunk.end_us, chunk.is_last)


def delete_raw(name: str, now: datetime, *, left_from_us: int | None = None) -> Chunk:
    """Delete the oldest measurements that are no anomalies, and move ``raw_from`` past them.

    Start at ``raw_from``, so that anomalies kept earlier are not read again. If there is nothing to delete
    yet, ``raw_from`` stays null: late readings may still arrive.
    """
    with transaction.atomic():
        series = lock_series(name)
        if series is None or series.tag.retention_days is None:
            return NOTHING
        start = micros_or_first(series.raw_from)
        before = cutoff(series.tag.retention_days, now)
        if (file := oldest_archived(series, before)) is not None and to_micros(file.start) <= start:
            return delete_archived(series, file, now)
        if left_from_us is not None:
            before = min(before, left_from_us)
        if before <= start or (series.raw_from is None and not has_measurements_before(series.tag, before)):
            return NOTHING
        until = before if file is None else min(before, to_micros(file.start))
        chunk = delete_measurements(series.tag, OTHERS, start, until)
        if until < before:  # an archived day follows
            chunk = replace(chunk, is_last=False)
        Series.objects.filter(pk=series.pk).update(
            measurements=F("measurements") - chunk.rows,
            raw_from=from_micros(chunk.end_us),
            recent_values=None,
        )
        return chunk


def oldest_archived(series: Series, before: int) -> ArchiveFile | None:
    """Return the oldest file of the tag's archive that has measurements before a time."""
    if series.archived_until is None:
        return None
    return archived_files([series.tag_id], FIRST_MICROS, before).order_by("start").first()


def delete_archived(series: Series, file: ArchiveFile, now: datetime) -> Chunk:
    """Delete an archived day, and move ``raw_from`` past what was archived of it.

    Anomalies that are kept longer return to the database.
    """
    end = max(file.moved_until, series.raw_from or file.moved_until)
    rows, anomalies = counted_of(file)
    days = series.tag.anomaly_retention_days
    if anomalies and (days is None or cutoff(days, now) < to_micros(file.moved_until)):
        thaw_file(file, anomalies_only=True)
        rows, anomalies = rows - anomalies, 0
    else:
        supersede(file)
    Series.objects.filter(pk=series.pk).update(
        measurements=F("measurements") - rows,
        anomalies=F("anomalies") - anomalies,
        raw_from=end,
        recent_values=None,
    )
    return Chunk(rows, to_micros(end), is_last=False)


def delete_anomalies(name: str, now: datetime) -> Chunk:
    """Delete the oldest of the anomalies that remain where other measurements are deleted already."""
    with transaction.atomic():
        series = lock_series(name)
        if series is None or series.raw_from is None:
            return NOTHING
        if series.tag.retention_days is None or series.tag.anomaly_retention_days is None:
            return NOTHING
        before = min(cutoff(series.tag.anomaly_retention_days, now), to_micros(series.raw_from))
        chunk = delete_measurements(series.tag, ANOMALIES, FIRST_MICROS, before)
        if chunk.rows:
            Series.objects.filter(pk=series.pk).update(
                measurements=F("measurements") - chunk.rows, anomalies=F("anomalies") - chunk.rows
            )
        return chunk


def delete_excluded(name: str, now: datetime) -> Chunk:
    """Delete the oldest excluded measurements before ``raw_from``, including anomalies."""
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
    """Delete the events of the tag that ended before the retention period of anomalies."""
    days = Tag.objects.values_list("anomaly_retention_days", flat=True).filter(name=name).first()
    if days is not None:
        Event.objects.filter(tag__name=name, end__lt=from_micros(cutoff(days, now))).delete()


def delete_replacements(name: str) -> None:
    """Delete records of replaced values without a measurement; no reading can arrive there again."""
    left = Measurement.objects.filter(tag=OuterRef("tag"), timestamp=OuterRef("timestamp"))
    with transaction.atomic():
        series = lock_series(name)
        if series is not None and series.raw_from is not None:
            old = Replacement.objects.filter(tag=series.tag, timestamp__lt=series.raw_from)
            old.filter(~Exists(left)).delete()


def lock_series(name: str) -> Series | None:
    """Lock the tag until the end of the transaction and return its totals; None if nothing was stored."""
    lock_tags([name])
    return Series.objects.select_related("tag").filter(tag__name=name).first()


def has_measurements_before(tag: Tag, moment_us: int) -> bool:
    """Return whether the tag has a measurement before that time, excluded or not."""
    older = {"tag": tag, "timestamp__lt": from_micros(moment_us)}
    return (
        archived_files([tag.pk], FIRST_MICROS, moment_us).exists()
        or Measurement.objects.filter(**older).exists()
        or ExcludedMeasurement.objects.filter(**older).exists()
    )


def delete_measurements(tag: Tag, kind: str, start_us: int, before_us: int) -> Chunk:
    """Delete the oldest ``CHUNK`` measurements of that time and kind, with their rule violations."""
    within: list[int] = [tag.pk, start_us, before_us]
    with connection.cursor() as cursor:
        cursor.execute(CHUNK_END.format(kind=kind), [*within, CHUNK])
        next_chunk = cursor.fetchone()
        end_us = next_chunk[0] if next_chunk else before_us
        within[-1] = end_us
        cursor.execute(DELETE_FINDINGS.format(kind=kind), within)
        cursor.execute(DELETE_MEASUREMENTS.format(kind=kind), within)
        return Chunk(cursor.rowcount, end_us, is_last=next_chunk is None)


def shrink_file(should_stop: Callable[[], bool]) -> None:
    """Shrink SQLite's file to the size of its contents, from the next checkpoint on.

    Each call of ``incremental_vacuum`` moves one page from the end of the file into a gap: Python's sqlite3
    ends the statement after the first page, whatever number is requested.
    """
    free = pragma("freelist_count")
    while free and not should_stop():
        with transaction.atomic():
            for _ in range(PAGES_A_STEP):
                pragma("incremental_vacuum(1)")
        before, free = free, pragma("freelist_count")
        if free == before:  # a file that can't shrink
            break
        time.sleep(PAUSE_S)


def pragma(words: str) -> Any:
    """Return the first value that a PRAGMA returns; None if there is none."""
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {words}")
        row = cursor.fetchone()
    return row[0] if row else None
