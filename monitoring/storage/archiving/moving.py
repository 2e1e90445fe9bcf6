"""Move a span of a tag's day from the database to a file of the archive, each measurement exactly once.

Sequence: announce the file in the manifest; write it, a row group at a time; read it back; then, chunk by
chunk, delete the measurements from the database and let those of the file count, in one transaction under the
lock of the tag. A measurement is deleted only if the file has the very same, with its rule violations. If one
differs, the span has changed meanwhile: the chunk is rolled back, the file is thawed, and moves later.
A run that was interrupted goes on at ``moved_until``; a file that was not complete is given up.
"""

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
from django.db import connection, transaction

from monitoring.archive import presence
from monitoring.archive.files import (
    GROUP_ROWS,
    NO_ROWS,
    ArchivedRows,
    Findings,
    Summary,
    read_groups,
    sha256_of,
    write_file,
)
from monitoring.archive.manifest import add_file, move_until, supersede
from monitoring.archive.place import ArchiveError, Place, archive_place, archive_url, told
from monitoring.archive.reading import archived_files
from monitoring.database.write_lock import write_lock
from monitoring.ingest.rules import LOOKBACK
from monitoring.ingest.tags import lock_tags
from monitoring.ingest.thaw import thaw_file
from monitoring.kernel.clock import from_micros, moment_or_none, to_micros
from monitoring.kernel.failpoints import failpoint
from monitoring.models import ArchiveFile, Measurement, Tag

logger = logging.getLogger(__name__)

CHUNK = 4_096
PAUSE_S = 0.01
ROWS = """
    SELECT id, timestamp, value, is_anomaly FROM measurements
    WHERE tag = %s AND timestamp >= %s AND timestamp < %s ORDER BY timestamp LIMIT %s
"""
FINDINGS = """
    SELECT measurement_id, reason, lower, upper FROM findings WHERE measurement_id IN (
        SELECT id FROM measurements WHERE tag = %s AND timestamp >= %s AND timestamp < %s AND is_anomaly
    ) ORDER BY id
"""
DELETE_FINDINGS = """
    DELETE FROM findings WHERE measurement_id IN (
        SELECT id FROM measurements WHERE tag = %s AND timestamp >= %s AND timestamp < %s AND is_anomaly
    )
"""
DELETE = "DELETE FROM measurements WHERE tag = %s AND timestamp >= %s AND timestamp < %s"


class SpanChangedError(Exception):
    """The measurements in the database are not those of the file any more."""


def archive_span(
    tag: Tag, start_us: int, end_us: int, *, should_stop: Callable[[], bool] = lambda: False
) -> int:
    """Move a day of the tag, or a part, to a file of its own; return how many measurements have moved.

    The caller holds the lock against other movers.

    Raises:
        ArchiveError: the archive cannot be used; the measurements are in the database.
    """
    file = write_span(tag, start_us, end_us)
    return 0 if file is None else move_file(file, should_stop=should_stop)


def write_span(tag: Tag, start_us: int, end_us: int) -> ArchiveFile | None:
    """Write the file of a span; return its row in the manifest, of which nothing counts yet; None if empty.

    Raises:
        ArchiveError: the archive cannot be written, or reads back something else.
    """
    place = archive_place()
    check_place(place)
    start = from_micros(start_us)
    path = f"{tag.name}/{start.date():%Y}/{start.date().isoformat()}-{secrets.token_hex(4)}.parquet"
    file = add_file(tag.pk, start, from_micros(end_us), path)
    summary = write_file(place, path, tag.name, groups_of_span(tag.pk, start_us, end_us))
    failpoint("archive.file_written")
    if not summary.rows:
        supersede(file)
        return None
    if not summary.is_sorted or sha256_of(place, path) != summary.sha256:
        raise ArchiveError(f"The file {path} of the archive reads back other bytes than were written.")
    describe(file, summary)
    return file


def check_place(place: Place) -> None:
    """Check that the place has the newest file that counts: an empty mount point has none.

    Raises:
        ArchiveError: the place is another one, or is away.
    """
    newest = archived_files(None).order_by("-pk").first()
    if newest is None:
        return
    with told(newest.path, "read"):
        size = place.size(newest.path)
    if size is None:
        raise ArchiveError(
            f"{archive_url()} is not the archive that the list names: {newest.path} is missing. Check that it"
            " is mounted and that FERMON_ARCHIVE_URL is the same on every host; nothing moves."
        )


def describe(file: ArchiveFile, summary: Summary) -> None:
    """Write into the manifest what a file contains."""
    file.first, file.last = moment_or_none(summary.first_us), moment_or_none(summary.last_us)
    file.rows, file.anomalies = summary.rows, summary.anomalies
    file.first_id, file.last_id = summary.first_id, summary.last_id
    file.bytes, file.sha256 = summary.bytes, summary.sha256
    file.save()


def groups_of_span(pk: int, start_us: int, end_us: int) -> Iterator[tuple[ArchivedRows, Findings]]:
    """Yield the measurements of a tag in the database with their rule violations, a row group at a time."""
    while start_us < end_us:
        rows = stored_rows(pk, start_us, end_us, limit=GROUP_ROWS)
        if not len(rows):
            return
        next_us = int(rows.times_us[-1]) + 1
        yield rows, stored_findings(pk, start_us, next_us) if rows.is_anomaly.any() else {}
        start_us = next_us


def stored_rows(pk: int, start_us: int, end_us: int, *, limit: int) -> ArchivedRows:
    """Return the first measurements of a tag in the database, from one time to another (exclusive)."""
    with connection.cursor() as cursor:
        cursor.execute(ROWS, [pk, start_us, end_us, limit])
        rows = cursor.fetchall()
    if not rows:
        return NO_ROWS
    ids, times, values, flags = zip(*rows, strict=True)
    return ArchivedRows(
        np.array(ids, np.int64), np.array(times, np.int64), np.array(values), np.array(flags, np.bool_)
    )


def stored_findings(pk: int, start_us: int, end_us: int) -> Findings:
    """Return the rule violations of a tag's measurements in the database, by id."""
    found: Findings = {}
    with connection.cursor() as cursor:
        cursor.execute(FINDINGS, [pk, start_us, end_us])
        for row, *violation in cursor.fetchall():
            found.setdefault(row, []).append((violation[0], violation[1], violation[2]))
    return found


def move_file(file: ArchiveFile, *, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Move the remaining measurements of a complete file, chunk by chunk; return how many.

    Raises:
        ArchiveError: the file cannot be read.
    """
    moved = 0
    if not is_announced():
        return 0
    try:
        for rows, findings, until_us in chunks_of(file):
            if should_stop():
                return moved
            moved += move_chunk(file, rows, findings, until_us)
            time.sleep(PAUSE_S)
    except SpanChangedError:
        give_up(file)
        return 0
    failpoint("archive.moved")
    extra = {"tag": file.tag.name, "day": file.start.date().isoformat(), "rows": file.rows}
    logger.info("day archived", extra={**extra, "bytes": file.bytes, "path": file.path})
    return moved


def is_announced() -> bool:
    """Return whether every process knows by now that the archive is in use: see ``archive/presence.py``."""
    known = datetime.now(UTC) - timedelta(seconds=presence.ANNOUNCED_S)
    return ArchiveFile.objects.filter(created_at__lte=known).exists()


def chunks_of(file: ArchiveFile) -> Iterator[tuple[ArchivedRows, Findings, int]]:
    """Yield the rows that still move, with their rule violations and the time up to which all have moved."""
    from_us, end_us = to_micros(file.moved_until), to_micros(file.end)
    waiting: tuple[ArchivedRows, Findings] = (NO_ROWS, {})
    for rows, findings in read_groups(archive_place(), file.path):
        rows = rows.between(from_us, end_us)
        for start in range(0, len(rows), CHUNK):
            chunk = rows.take(slice(start, start + CHUNK))
            if len(waiting[0]):
                yield *waiting, int(chunk.times_us[0])
            waiting = chunk, findings
    yield *waiting, end_us


def move_chunk(file: ArchiveFile, rows: ArchivedRows, findings: Findings, until_us: int) -> int:
    """Delete the measurements from the database up to a time, and let those of the file count.

    Raises:
        SpanChangedError: the measurements differ; nothing has changed.
    """
    with write_lock(), transaction.atomic():
        lock_tags([file.tag.name])
        current = ArchiveFile.objects.filter(pk=file.pk, superseded_at=None).first()
        if current is None or current.moved_until != file.moved_until or not has_newer(file):
            raise SpanChangedError
        delete_same(file.tag_id, (to_micros(file.moved_until), until_us), rows, findings)
        failpoint("archive.chunk_deleted")
        move_until(file, from_micros(until_us))
    failpoint("archive.chunk_moved")
    return len(rows)


def has_newer(file: ArchiveFile) -> bool:
    """Return whether the database has ``LOOKBACK`` newer measurements: the history of the next reading."""
    newer = Measurement.objects.filter(tag=file.tag_id, timestamp__gte=file.end)
    return newer[LOOKBACK - 1 : LOOKBACK].exists()


def delete_same(pk: int, span: tuple[int, int], rows: ArchivedRows, findings: Findings) -> None:
    """Delete the measurements of a tag in a span, which must be these rows with these rule violations.

    Raises:
        SpanChangedError: the measurements are others; the transaction must be rolled back.
    """
    if not stored_rows(pk, *span, limit=len(rows) + 1).equals(rows):
        raise SpanChangedError
    if rows.is_anomaly.any():
        flagged = set(rows.ids[rows.is_anomaly].tolist())
        if stored_findings(pk, *span) != {row: found for row, found in findings.items() if row in flagged}:
            raise SpanChangedError
    with connection.cursor() as cursor:
        if rows.is_anomaly.any():
            cursor.execute(DELETE_FINDINGS, [pk, *span])
        cursor.execute(DELETE, [pk, *span])


def give_up(file: ArchiveFile) -> None:
    """Thaw a file whose span has changed while it moved; if that happened already, leave all as is."""
    with write_lock(), transaction.atomic():
        lock_tags([file.tag.name])
        current = ArchiveFile.objects.filter(pk=file.pk, superseded_at=None).first()
        if current is not None:
            thaw_file(current)
    logger.info("day has changed while it was archived", extra={"path": file.path})
