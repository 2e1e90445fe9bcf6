"""Runs of the archive: move the days that are due, and delete files that nothing needs any more."""

import logging
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime

from django.db import connection
from django.db.models import F, QuerySet

from monitoring.archive.manifest import is_needless, supersede, superseded_files
from monitoring.archive.outage import archive_outage
from monitoring.archive.place import ArchiveError, archive_place, told
from monitoring.kernel.host_clock import TOLERANCE
from monitoring.models import ArchiveFile, Series, Tag
from monitoring.models.host_clock import newest_measured
from monitoring.storage.archiving.due import (
    ArchiveLimits,
    due_spans,
    newest_id,
    note_run,
    present_limits,
    quiet_limits,
)
from monitoring.storage.archiving.emptied_months import drop_emptied_months
from monitoring.storage.archiving.moving import archive_span, is_announced, move_file
from monitoring.storage.retention import retention_lock, shrink_file

logger = logging.getLogger(__name__)

ANNOUNCING_S = 1.0
Stop = Callable[[], bool]


def archive_due(*, now: datetime, should_stop: Stop = lambda: False) -> int:
    """Move what is due and quiet; return the number of measurements. The caller must check the clock first.

    While another process archives or applies retention, do nothing.

    Raises:
        django.db.Error: the database is unavailable; what has moved stays so.
    """
    if not is_wanted():
        return 0
    limits, newest = quiet_limits(plausible(now)), newest_id()
    with retention_lock() as is_alone:
        if not is_alone:
            return 0
        try:
            moved = archive_tags(limits, (), should_stop=should_stop)
        except ArchiveError as error:
            archive_outage().begin(error)
            return 0
        archive_outage().end()
        note_run(newest)
        if moved and connection.vendor == "sqlite":
            shrink_file(should_stop)
    return moved


def is_wanted() -> bool:
    """Return whether a tag is to be archived, or a file is to be finished or deleted."""
    return Tag.objects.exclude(archive_after_days=None).exists() or unfinished_files().exists()


def plausible(now: datetime) -> datetime:
    """Return the time by which ages count: at most a day after the newest measurement, as in retention."""
    newest = newest_measured(now)
    return now if newest is None else min(now, newest + TOLERANCE)


def archive_now(names: Collection[str], *, now: datetime, should_stop: Stop = lambda: False) -> int | None:
    """Move what is due of the named tags (all if none is named), quiet or not; return how many measurements.

    None: another process archives or applies retention.

    Raises:
        ArchiveError: the archive cannot be used; what has moved stays so.
    """
    with retention_lock() as is_alone:
        if not is_alone:
            return None
        limits = present_limits(plausible(now))
        moved = archive_tags(limits, names, should_stop=should_stop)
        if not is_announcing():
            return moved
        while is_announcing() and not should_stop():
            time.sleep(ANNOUNCING_S)
        return moved + archive_tags(limits, names, should_stop=should_stop)


def is_announcing() -> bool:
    """Return whether the first file is so new that some process may not know of the archive."""
    return ArchiveFile.objects.exists() and not is_announced()


def archive_tags(limits: ArchiveLimits, names: Collection[str], *, should_stop: Stop) -> int:
    """Delete old files, finish what was interrupted, and move the days that are due, tag by tag.

    First drop the months that earlier runs have emptied.
    """
    drop_emptied_months(now=limits.now, should_stop=should_stop)
    delete_superseded(datetime.now(UTC))
    moved = finish_files(should_stop=should_stop)
    chosen = Series.objects.select_related("tag").exclude(tag__archive_after_days=None)
    if names:
        chosen = chosen.filter(tag__name__in=names)
    for series in chosen.order_by("tag__name"):
        for span in due_spans(series, limits):
            if should_stop() or is_announcing():
                return moved
            moved += archive_span(series.tag, *span, should_stop=should_stop)
    return moved


def unfinished_files() -> QuerySet[ArchiveFile]:
    """Return the files whose measurements have not all moved, and those to be deleted."""
    return ArchiveFile.objects.select_related("tag").exclude(superseded_at=None, moved_until=F("end"))


def finish_files(*, should_stop: Stop) -> int:
    """Move the rest of files whose move was interrupted, and give up files that were never complete."""
    moved = 0
    for file in unfinished_files().filter(superseded_at=None):
        if should_stop():
            break
        if file.sha256:
            moved += move_file(file, should_stop=should_stop)
        else:
            supersede(file)
    return moved


def delete_superseded(now: datetime) -> int:
    """Rename the files that no read uses any more; delete those that no backup names; return how many.

    A database that was restored from a backup may name a file that was superseded since.
    """
    deleted = 0
    for file in superseded_files(now):
        try:
            deleted += retire_or_delete(file, now)
        except ArchiveError:  # one file never stops the others
            logger.exception("a superseded file of the archive stays", extra={"path": file.path})
    return deleted


def retire_or_delete(file: ArchiveFile, now: datetime) -> bool:
    """Rename a superseded file, or delete it if no backup names it; return whether it is deleted.

    Raises:
        ArchiveError: neither is possible now.
    """
    with told(file.path, "changed"):
        if not is_needless(file, now):
            archive_place().retire(file.path)
            return False
        archive_place().delete(file.path)
    file.delete()
    return True
