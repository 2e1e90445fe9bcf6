"""Changes of the manifest: files that begin or cease to count, in the transaction that has locked the tag."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Max

from monitoring.archive.presence import note_used
from monitoring.archive.reading import archived_files
from monitoring.models import ArchiveFile, Series

KEPT = timedelta(hours=1)  # superseded files, for reads that have seen the manifest of before


def add_file(tag_id: int, start: datetime, end: datetime, path: str) -> ArchiveFile:
    """Announce a file that is about to be written; nothing of it counts yet."""
    note_used()
    return ArchiveFile.objects.create(
        tag_id=tag_id, start=start, end=end, moved_until=start, path=path, created_at=datetime.now(UTC)
    )


def move_until(file: ArchiveFile, until: datetime) -> None:
    """Let the measurements of a file count up to a time; the caller has deleted them from the database."""
    file.moved_until = until
    file.save(update_fields=["moved_until"])
    newer = Series.objects.filter(pk=file.tag_id).exclude(archived_until__gt=until)
    newer.update(archived_until=until)


def supersede(file: ArchiveFile) -> None:
    """Let a file count no more: its measurements are in the database, or deleted, or were never complete."""
    file.superseded_at, file.moved_until = datetime.now(UTC), file.start
    file.save(update_fields=["superseded_at", "moved_until"])
    newest = archived_files([file.tag_id]).aggregate(until=Max("moved_until"))["until"]
    Series.objects.filter(pk=file.tag_id).exclude(archived_until=newest).update(archived_until=newest)


def superseded_files(now: datetime) -> list[ArchiveFile]:
    """Return the files that no read uses any more."""
    return list(ArchiveFile.objects.filter(superseded_at__lt=now - KEPT).order_by("superseded_at", "pk"))


def is_needless(file: ArchiveFile, now: datetime) -> bool:
    """Return whether no backup of the database can name a superseded file."""
    kept = timedelta(days=settings.FERMON_BACKUPS_KEPT + 1)  # one a day
    return not file.sha256 or file.superseded_at is None or file.superseded_at < now - kept
