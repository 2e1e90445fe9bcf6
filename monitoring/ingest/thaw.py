"""Bring archived measurements back into the database before any of these changes, a file at a time.

A file of the archive never changes. Whoever adds, removes or judges measurements of archived time first thaws
the files: the rows return with the same ids, flags and rule violations, and the files count no more, in the
transaction that has locked the tag. The mover archives such spans again later. Totals and rollups stay as
they are, since archived measurements are part of both.
"""

from collections.abc import Iterable

import numpy as np
from django.db import connection

from monitoring.archive.files import ArchivedRows, Findings, read_groups
from monitoring.archive.manifest import supersede
from monitoring.archive.place import archive_place
from monitoring.archive.reading import archived_files, rows_of_file
from monitoring.ingest.bulk import insert_measurements
from monitoring.ingest.locked_tags import LockedTag
from monitoring.ingest.rules import LOOKBACK
from monitoring.kernel.arrays import IntArray
from monitoring.kernel.clock import FIRST_MICROS, LAST_MICROS, from_micros, to_micros
from monitoring.kernel.failpoints import failpoint
from monitoring.models import ArchiveFile, Measurement

INSERT_FINDINGS = "INSERT INTO findings (measurement_id, reason, lower, upper) VALUES (%s, %s, %s, %s)"
BETWEEN = """
    SELECT count(*) FROM (
        SELECT 1 FROM measurements WHERE tag = %s AND timestamp > %s AND timestamp < %s LIMIT %s
    ) AS following
"""


def thaw_around(tag: LockedTag, times_us: IntArray) -> None:
    """Thaw the files of measurements at these times, and those of up to ``LOOKBACK`` followers of each.

    The followers of a changed measurement are judged again.
    """
    if tag.archived_until_us is None:
        return
    times_us = np.unique(times_us[times_us < tag.archived_until_us])
    if not len(times_us):
        return
    thaw_holding(tag, times_us)
    files = files_before(tag, times_us)
    is_last = np.append(files[1:] != files[:-1], True)  # followers of the others are stored, or among its own
    for time_us in times_us[is_last].tolist():
        thaw_followers(tag, time_us)


def files_before(tag: LockedTag, times_us: IntArray) -> IntArray:
    """Return how many of the files between the first and the last of the times begin up to each; shape (n,).

    The times are in order. Between two times with the same count no file begins.
    """
    found = archived_files([tag.pk], int(times_us[0]), int(times_us[-1]) + 1).order_by("start")
    starts = [to_micros(start) for start in found.values_list("start", flat=True)]
    return np.searchsorted(np.array(starts, np.int64), times_us, side="right")


def thaw_holding(tag: LockedTag, times_us: IntArray) -> None:
    """Thaw the files whose archived time contains one of these times, which are in order."""
    if tag.archived_until_us is None or not len(times_us):
        return
    found = archived_files([tag.pk], int(times_us[0]), int(times_us[-1]) + 1)
    for file in list(found):
        first, last = np.searchsorted(times_us, [to_micros(file.start), to_micros(file.moved_until)])
        if first < last:
            thaw_file(file)


def thaw_followers(tag: LockedTag, time_us: int) -> None:
    """Thaw the files with measurements among the ``LOOKBACK`` that follow this time."""
    after = archived_files([tag.pk], time_us + 1, LAST_MICROS).filter(start__gt=from_micros(time_us))
    for file in after.iterator(chunk_size=1):
        with connection.cursor() as cursor:
            cursor.execute(BETWEEN, [tag.pk, time_us, to_micros(file.start), LOOKBACK])
            if cursor.fetchone()[0] >= LOOKBACK:
                return
        thaw_file(file)


def thaw_ids(tag: LockedTag, ids: Iterable[int], start_us: int, end_us: int) -> None:
    """Thaw the files with measurements of these ids in a time range (``end_us`` inclusive)."""
    if tag.archived_until_us is None:
        return
    wanted = np.array(list(ids), dtype=np.int64)
    for file in list(archived_files([tag.pk], start_us, end_us + 1)):
        if np.isin(wanted, rows_of_file(file).ids).any():
            thaw_file(file)


def thaw_newest_from(tag: LockedTag, start_us: int, end_us: int) -> bool:
    """Thaw the newest file with measurements in a time range (``end_us`` inclusive).

    Return whether there was one.
    """
    if tag.archived_until_us is None or end_us < start_us:
        return False
    file = archived_files([tag.pk], start_us, end_us + 1).order_by("-start").first()
    if file is not None:
        thaw_file(file)
    return file is not None


def keep_newest_stored(tag: LockedTag) -> None:
    """Thaw the newest files until the database has the ``LOOKBACK`` newest measurements of the tag."""
    if tag.archived_until_us is None:
        return
    for file in archived_files([tag.pk]).order_by("-start").iterator(chunk_size=1):
        newer = Measurement.objects.filter(tag=tag.pk, timestamp__gte=file.moved_until)
        if newer[LOOKBACK - 1 : LOOKBACK].exists():
            return
        thaw_file(file)


def thaw_file(file: ArchiveFile, *, anomalies_only: bool = False) -> tuple[int, int]:
    """Insert the measurements that a file has in place of the database; the file counts no more.

    With ``anomalies_only`` drop the other measurements. Return how many measurements of the file counted, and
    how many of them are anomalies. The caller has locked the tag.

    Raises:
        ArchiveError: the file cannot be read; the transaction must be rolled back.
    """
    counts = 0, 0
    for rows, findings in read_groups(archive_place(), file.path):
        counting = rows.between(FIRST_MICROS, to_micros(file.moved_until))
        counts = counts[0] + len(counting), counts[1] + int(counting.is_anomaly.sum())
        insert_again(
            file.tag_id, counting.take(counting.is_anomaly) if anomalies_only else counting, findings
        )
    failpoint("archive.thawing")
    supersede(file)
    return counts


def insert_again(tag: int, rows: ArchivedRows, findings: Findings) -> None:
    """Insert archived measurements with their ids and rule violations."""
    if not len(rows):
        return
    insert_measurements(
        rows.ids, rows.times_us, np.full(len(rows), tag, np.int64), rows.values, rows.is_anomaly
    )
    violations = [
        (row, *violation) for row in rows.ids[rows.is_anomaly].tolist() for violation in findings.get(row, ())
    ]
    if violations:
        with connection.cursor() as cursor:
            cursor.executemany(INSERT_FINDINGS, violations)
