"""Read archived measurements: rows of a tag and time, their rule violations, and which files there are.

Only rows with a time before ``moved_until`` of their file count; the others are still in ``measurements``.
Decoded row groups stay in memory up to ``CACHED_BYTES``: files never change, so a path is a safe key.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from django.db.models import F, QuerySet

from monitoring.archive import files
from monitoring.archive.files import NO_ROWS, ArchivedRows, Findings, GroupBounds, concatenate
from monitoring.archive.place import archive_place
from monitoring.kernel.arrays import IntArray
from monitoring.kernel.clock import DAY_US, FIRST_MICROS, LAST_MICROS, from_micros, to_micros
from monitoring.kernel.runtime import part
from monitoring.models import ArchiveFile

CACHED_BYTES = 64 << 20
BYTES_A_FINDING = 400  # as Python objects
BYTES_A_GROUP = 200
ALL_IDS = 1, 2**62


class Decoded:
    """What was decoded of files, most recently used last, up to ``CACHED_BYTES``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Any, tuple[Any, int]] = OrderedDict()
        self.bytes = 0

    def get(self, key: Any, read: Callable[[], Any], size: Callable[[Any], int]) -> Any:
        """Return the value of a key; read it if it is not kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]
        value = read()
        self.keep(key, value, size(value))
        return value

    def forget(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self.bytes = 0

    def keep(self, key: Any, value: Any, size: int) -> None:
        """Keep a value, and forget others that were not used for long."""
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = value, size
            self.bytes += size
            while self.bytes > CACHED_BYTES and len(self._kept) > 1:
                self.bytes -= self._kept.popitem(last=False)[1][1]


def archived_files(
    tag_ids: Collection[int] | None, start_us: int = FIRST_MICROS, end_us: int = LAST_MICROS
) -> QuerySet[ArchiveFile]:
    """Return the files with rows that count in a half-open time range, in order of day and tag.

    ``tag_ids`` None: of all tags. Their days overlap the range; a file of the first or last day may have no
    row in it.
    """
    found = ArchiveFile.objects.filter(superseded_at=None, moved_until__gt=F("start"))
    if start_us > FIRST_MICROS + DAY_US:  # a file covers a day at most
        found = found.filter(start__gt=from_micros(start_us - DAY_US), moved_until__gt=from_micros(start_us))
    if end_us <= LAST_MICROS:
        found = found.filter(start__lt=from_micros(end_us))
    return found if tag_ids is None else found.filter(tag__in=tag_ids)


def archived_spans(
    tag_ids: Collection[int] | None, start_us: int = FIRST_MICROS, end_us: int = LAST_MICROS
) -> list[ArchiveFile]:
    """Return ``archived_files`` as a list, read by one indexed query."""
    return list(archived_files(tag_ids, start_us, end_us))


def read_rows(tag_id: int, start_us: int, end_us: int, *, anomalies_only: bool = False) -> ArchivedRows:
    """Return the archived measurements of a tag in a half-open time range.

    Raises:
        ArchiveError: a file cannot be read.
    """
    spans = archived_spans([tag_id], start_us, end_us)
    return concatenate(
        (rows_of_file(file, start_us, end_us, anomalies_only=anomalies_only) for file in spans), NO_ROWS
    )


def rows_of_file(
    file: ArchiveFile,
    start_us: int = FIRST_MICROS,
    end_us: int = LAST_MICROS,
    *,
    anomalies_only: bool = False,
    ids: tuple[int, int] = ALL_IDS,
) -> ArchivedRows:
    """Return the rows of a file that count in a half-open time range; other row groups are not read.

    Row groups without ids of the range ``ids`` (inclusive) are not read either; the others may have more.

    Raises:
        ArchiveError: the file cannot be read.
    """
    if anomalies_only and not file.anomalies:
        return NO_ROWS
    end_us = min(end_us, to_micros(file.moved_until))
    if end_us <= max(start_us, to_micros(file.start)):
        return NO_ROWS
    groups = groups_between(file.path, start_us, end_us, ids)
    rows = concatenate((group_of(file.path, number).between(start_us, end_us) for number in groups), NO_ROWS)
    return rows.take(rows.is_anomaly) if anomalies_only else rows


def counted_of(file: ArchiveFile) -> tuple[int, int]:
    """Return how many measurements and anomalies of a file count.

    Raises:
        ArchiveError: a part of the measurements counts, and the file cannot be read.
    """
    if file.moved_until == file.end:
        return file.rows, file.anomalies
    rows = rows_of_file(file)
    return len(rows), int(rows.is_anomaly.sum())


def groups_between(path: str, start_us: int, end_us: int, ids: tuple[int, int]) -> list[int]:
    """Return the row groups of a file that may have rows in a half-open time range, with ids of a range."""
    return [
        number
        for number, group in enumerate(bounds_of(path))
        if group.first_us < end_us
        and group.last_us >= start_us
        and group.first_id <= ids[1]
        and group.last_id >= ids[0]
    ]


def bounds_of(path: str) -> Sequence[GroupBounds]:
    """Return the times and ids of each row group, read once while in memory."""
    place = archive_place()
    found: Sequence[GroupBounds] = part(Decoded).get(
        (path, "bounds"), lambda: files.read_bounds(place, path), lambda found: BYTES_A_GROUP * len(found)
    )
    return found


def group_of(path: str, number: int) -> ArchivedRows:
    """Return the rows of a row group, decoded once while in memory."""
    place = archive_place()
    found: ArchivedRows = part(Decoded).get(
        (path, number), lambda: files.read_group(place, path, number), lambda rows: rows.nbytes
    )
    return found


def findings_of_group(path: str, number: int) -> Findings:
    """Return the rule violations of a row group, decoded once while in memory."""
    place = archive_place()
    found: Findings = part(Decoded).get(
        (path, number, "findings"),
        lambda: files.read_group_findings(place, path, number),
        lambda found: BYTES_A_FINDING * (len(found) + 1),
    )
    return found


def read_findings(tag_id: int, ids: IntArray, times_us: IntArray) -> Findings:
    """Return the rule violations of archived measurements of a tag by id, each (reason, lower, upper).

    ``ids`` and ``times_us`` (n,) identify the measurements; those without violations are missing.

    Raises:
        ArchiveError: a file cannot be read.
    """
    if not len(ids):
        return {}
    times_us = np.asarray(times_us)
    wanted = set(np.asarray(ids).tolist())
    spans = archived_spans([tag_id], int(times_us.min()), int(times_us.max()) + 1)
    return {
        row: found for file in spans for row, found in findings_at(file, times_us).items() if row in wanted
    }


def findings_at(file: ArchiveFile, times_us: IntArray) -> Findings:
    """Return the rule violations in the row groups of a file that contain these times."""
    start_us, end_us = to_micros(file.start), to_micros(file.moved_until)
    within = np.sort(times_us[(times_us >= start_us) & (times_us < end_us)])
    return {
        row: found
        for number, group in enumerate(bounds_of(file.path))
        if np.searchsorted(within, group.first_us) < np.searchsorted(within, group.last_us, side="right")
        for row, found in findings_of_group(file.path, number).items()
    }


def last_rows_before(
    tag_id: int, before_us: int, count: int, *, start_us: int = FIRST_MICROS
) -> ArchivedRows:
    """Return up to ``count`` of the newest archived measurements of a tag before a time, in order of time."""
    found: list[ArchivedRows] = []
    lacking = count
    for file in archived_files([tag_id], start_us, before_us).order_by("-start").iterator(chunk_size=50):
        rows = rows_of_file(file, start_us, before_us)
        found.insert(0, rows.take(slice(max(0, len(rows) - lacking), None)))
        lacking -= len(found[0])
        if lacking <= 0:
            break
    return concatenate(found, NO_ROWS)


def rows_at(tag_id: int, times_us: IntArray) -> ArchivedRows:
    """Return the archived measurements of a tag at these times, in order of time.

    Raises:
        ArchiveError: a file cannot be read.
    """
    if not len(times_us):
        return NO_ROWS
    wanted = np.unique(times_us)
    spans = archived_spans([tag_id], int(wanted[0]), int(wanted[-1]) + 1)
    return concatenate((among(file, wanted) for file in with_times(spans, wanted)), NO_ROWS)


def among(file: ArchiveFile, wanted: IntArray) -> ArchivedRows:
    """Return the rows of a file at the given times."""
    first, last = np.searchsorted(wanted, [to_micros(file.start), to_micros(file.end)])
    rows = rows_of_file(file, int(wanted[first]), int(wanted[last - 1]) + 1)
    return rows.take(np.isin(rows.times_us, wanted[first:last]))


def with_times(spans: Iterable[ArchiveFile], times_us: IntArray) -> Iterator[ArchiveFile]:
    """Yield the files whose archived span contains one of the times, which are in order."""
    for file in spans:
        first, last = np.searchsorted(times_us, [to_micros(file.start), to_micros(file.moved_until)])
        if first < last:
            yield file
