"""Read measurements from the files of the archive, along the manifest, day by day.

All reads of the manifest and of the table ``measurements`` that belong together happen in ``both_places``:
a measurement that moves meanwhile is then in exactly one of the two.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import numpy as np
from django.db.models import F, Q, QuerySet, Sum

from monitoring.archive.files import NO_ROWS, ArchivedRows, concatenate
from monitoring.archive.outage import RETRY_S, read_outage
from monitoring.archive.place import ArchiveError
from monitoring.archive.presence import is_used
from monitoring.archive.reading import ALL_IDS, archived_files, rows_of_file
from monitoring.database.snapshot import read_snapshot
from monitoring.kernel.arrays import BoolArray, IntArray
from monitoring.kernel.clock import DAY_US, FIRST_MICROS, LAST_MICROS, SECOND_US, from_micros, to_micros
from monitoring.kernel.runtime import part
from monitoring.models import ArchiveFile

ResultT = TypeVar("ResultT")

ALL = ALL_IDS[1]
NARROWEST_US = SECOND_US
ONE_DAY = timedelta(days=1)
LAST_OF_DAY = ONE_DAY - timedelta.resolution  # no sum leaves the calendar


class LeftOut(threading.local):
    """Whether reads of this thread leave the archive out."""

    is_left_out = False


@contextmanager
def both_places() -> Iterator[bool]:
    """Read one state of database and manifest in the block; yield whether measurements may be archived.

    Without an archive, and in ``database_only``, the block reads as without.
    """
    if part(LeftOut).is_left_out or not is_used():
        yield False
        return
    with read_snapshot():
        yield True


@contextmanager
def database_only() -> Iterator[None]:
    """Let the reads of the block, in this thread, leave the archive out."""
    of_thread = part(LeftOut)
    before, of_thread.is_left_out = of_thread.is_left_out, True
    try:
        yield
    finally:
        of_thread.is_left_out = before


def read_what_can_be(read: Callable[[], ResultT]) -> tuple[ResultT, bool]:
    """Call a function that reads; if the archive can't be read, again for the database alone.

    Return the result, and whether it is that of the database alone.
    """
    if not read_outage().failed_within(RETRY_S):
        try:
            return read(), False
        except ArchiveError as error:
            read_outage().begin(error)
    with database_only():
        return read(), True


@dataclass(frozen=True, slots=True)
class ArchivedRange:
    """Archived measurements of some tags (None: all) in a half-open range of microseconds since 1970.

    ``after`` is a position in the order of (time, id) that the rows follow; ids are above ``above_id``, and
    ``upto_id`` at most.
    """

    tags: Sequence[int] | None
    start_us: int = FIRST_MICROS
    end_us: int = LAST_MICROS
    ascending: bool = True
    anomalies_only: bool = False
    above_id: int = 0
    upto_id: int | None = None
    after: tuple[int, int] | None = None

    def files(self) -> QuerySet[ArchiveFile]:
        """Return the files that have measurements of the range, unordered."""
        rows = archived_files(self.tags, *self.bounds).order_by()
        if self.above_id:
            rows = rows.filter(last_id__gt=self.above_id)
        if self.upto_id is not None:
            rows = rows.filter(first_id__lte=self.upto_id)
        return rows.filter(anomalies__gt=0) if self.anomalies_only else rows

    @property
    def ids(self) -> tuple[int, int]:
        """Return the range of ids (inclusive)."""
        return self.above_id + 1, ALL if self.upto_id is None else self.upto_id

    @property
    def bounds(self) -> tuple[int, int]:
        """Return the range, without what lies before ``after``."""
        if self.after is None:
            return self.start_us, self.end_us
        if self.ascending:
            return max(self.start_us, self.after[0]), self.end_us
        return self.start_us, min(self.end_us, self.after[0] + 1)


@dataclass(frozen=True, slots=True)
class Rows(ArchivedRows):
    """Archived measurements of several tags in order of (time, id), or the reverse; arrays of shape (n,)."""

    tags: IntArray


def of_tag(tag: int, rows: ArchivedRows) -> Rows:
    """Return the rows with the tag."""
    return Rows(rows.ids, rows.times_us, rows.values, rows.is_anomaly, np.full(len(rows), tag, np.int64))


NONE = of_tag(0, NO_ROWS)


def first_rows(range_: ArchivedRange, limit: int) -> Rows:
    """Return the first ``limit`` rows of the range, in its order."""
    parts, count = [], 0
    for found in windows(range_, limit):
        parts.append(found)
        count += len(found)
        if count >= limit:
            break
    return concatenate(parts, NONE).take(slice(0, limit))


def all_rows(range_: ArchivedRange) -> Rows:
    """Return all rows of the range, in its order."""
    return concatenate(windows(range_, ALL), NONE)


def windows(range_: ArchivedRange, wanted: int) -> Iterator[Rows]:
    """Yield the rows of the range in windows of time with about ``wanted`` rows, within a day, in order."""
    for files in days(range_):
        yield from windows_of_day(files, range_, wanted)


def days(range_: ArchivedRange) -> Iterator[list[ArchiveFile]]:
    """Yield the files of each day of the range, in its order of time.

    Ask for the next day by its date, as a search among all days of many tags takes longer.
    """
    rows = range_.files()
    start_us, end_us = range_.bounds
    first_us, step = (start_us, ONE_DAY) if range_.ascending else (end_us - 1, -ONE_DAY)
    day: datetime | None = from_micros(max(FIRST_MICROS, min(first_us, LAST_MICROS)) // DAY_US * DAY_US)
    while day is not None:
        files = list(rows.filter(start__range=(day, day + LAST_OF_DAY)))
        if files:
            yield files
            day += step
        else:
            day = following(rows, day, ascending=range_.ascending)


def following(rows: QuerySet[ArchiveFile], day: datetime, *, ascending: bool) -> datetime | None:
    """Return the next day that has files, in the order of time or the reverse; None if there is none."""
    order, beyond = ("start", "start__gt") if ascending else ("-start", "start__lt")
    starts = rows.filter(**{beyond: day}).order_by(order).values_list("start", flat=True)
    found: datetime | None = starts.first()
    return found and found.replace(hour=0, minute=0, second=0, microsecond=0)


def windows_of_day(files: Sequence[ArchiveFile], range_: ArchivedRange, wanted: int) -> Iterator[Rows]:
    """Yield the rows of a day's files in windows of about ``wanted`` rows, in the order of the range."""
    start_us = max(range_.bounds[0], min(to_micros(file.start) for file in files))
    end_us = min(range_.bounds[1], max(to_micros(file.moved_until) for file in files))
    stored = sum(file.anomalies if range_.anomalies_only else file.rows for file in files)
    width_us = max(NARROWEST_US, DAY_US * wanted // max(1, stored))
    while start_us < end_us:
        if range_.ascending:
            low_us, high_us = start_us, min(end_us, start_us + width_us)
            start_us = high_us
        else:
            low_us, high_us = max(start_us, end_us - width_us), end_us
            end_us = low_us
        found = rows_within(files, range_, low_us, high_us)
        if 2 * len(found) < wanted:
            width_us *= 2
        yield found


def rows_within(files: Sequence[ArchiveFile], range_: ArchivedRange, start_us: int, end_us: int) -> Rows:
    """Return the rows of the files in a part of the range, in its order."""
    read = partial(rows_of_file, anomalies_only=range_.anomalies_only, ids=range_.ids)
    parts = [of_tag(file.tag_id, read(file, start_us, end_us)) for file in files]
    rows = concatenate(parts, NONE)
    if range_.ids != ALL_IDS:
        rows = rows.take((rows.ids >= range_.ids[0]) & (rows.ids <= range_.ids[1]))
    if len(parts) > 1:
        rows = rows.take(np.lexsort((rows.ids, rows.times_us)))
    if range_.after is not None:
        rows = rows.take(is_after(rows, range_.after, ascending=range_.ascending))
    return rows if range_.ascending else rows.take(slice(None, None, -1))


def is_after(rows: Rows, after: tuple[int, int], *, ascending: bool) -> BoolArray:
    """Return which rows follow a position in the order of (time, id); shape (n,)."""
    time_us, pk = after
    if ascending:
        is_beyond, has_passed = rows.times_us > time_us, rows.ids > pk
    else:
        is_beyond, has_passed = rows.times_us < time_us, rows.ids < pk
    return np.asarray(is_beyond | ((rows.times_us == time_us) & has_passed))


def count_in_archive(range_: ArchivedRange, limit: int = ALL) -> int:
    """Return the number of rows in the range, counted up to about ``limit``.

    Of files that lie in the range as a whole, the manifest has the number.
    """
    start_us, end_us = range_.bounds
    is_whole = Q(moved_until=F("end"), end__lte=from_micros(min(end_us, LAST_MICROS)))
    is_whole &= Q(start__gte=from_micros(max(start_us, FIRST_MICROS)))
    if range_.upto_id is not None:
        is_whole &= Q(last_id__lte=range_.upto_id)
    count = Sum("anomalies" if range_.anomalies_only else "rows")
    found = int(range_.files().filter(is_whole).aggregate(found=count)["found"] or 0)
    for file in range_.files().exclude(is_whole).order_by("start"):
        if found > limit:
            break
        found += len(rows_within([file], range_, start_us, end_us))
    return found


def rows_with_ids(range_: ArchivedRange, ids: Collection[int]) -> Rows:
    """Return the rows of the range with these ids, in its order within each day and tag."""
    wanted = np.unique(np.array(list(ids), np.int64))
    if not len(wanted):
        return NONE
    files = range_.files().filter(first_id__lte=int(wanted[-1]), last_id__gte=int(wanted[0]))
    parts = []
    for file in files.order_by("start"):
        if np.searchsorted(wanted, file.first_id) < np.searchsorted(wanted, file.last_id, side="right"):
            rows = rows_within([file], range_, *range_.bounds)
            parts.append(rows.take(np.isin(rows.ids, wanted)))
    return concatenate(parts, NONE)


def rows_by_id(after_id: int, upto_id: int, limit: int) -> Rows:
    """Return the first ``limit`` rows with ids above ``after_id``, up to ``upto_id`` (inclusive), by id.

    Files are in order of time: each read decodes one or two row groups of all files with such ids.
    """
    range_, rows = ArchivedRange(None, above_id=after_id, upto_id=upto_id), NONE
    for file in range_.files().order_by("first_id"):
        if len(rows) == limit:
            range_ = replace(range_, upto_id=int(rows.ids[-1]))
        if file.first_id > range_.ids[1]:
            break
        rows = concatenate([rows, rows_within([file], range_, *range_.bounds)], NONE)
        rows = rows.take(np.argsort(rows.ids)[:limit])
    return rows


def is_any(range_: ArchivedRange) -> bool:
    """Return whether a file overlaps the range."""
    return range_.files().exists()
