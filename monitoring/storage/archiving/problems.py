"""Problems of the archive, in words with the remedy."""

from datetime import datetime, timedelta

from django.db.models import F, Q

from monitoring.archive.presence import is_used
from monitoring.kernel.clock import iso_utc
from monitoring.kernel.lease_names import ALARMS
from monitoring.models import ArchiveFile, Tag
from monitoring.storage.archiving.due import followers

OVERDUE = timedelta(hours=4)  # several of the hourly runs


def archive_problems(now: datetime) -> list[str]:
    """Return why measurements do not move to the archive; nothing while the archive works."""
    return [*unfinished_problems(now), *stopped_followers(now)]


def stopped_followers(now: datetime) -> list[str]:
    """Return which process archiving waits for, because that process has not run for long."""
    if not Tag.objects.exclude(archive_after_days=None).exists():
        return []
    stopped = followers().filter(renewed_at__lt=now - OVERDUE).order_by("renewed_at").first()
    if stopped is None or stopped.renewed_at is None:
        return []
    name = "alarms" if stopped.source == ALARMS else "detection"
    return [
        f"Old measurements do not move to the archive: {name} (lease {stopped.source}) has not read them"
        f" since {iso_utc(stopped.renewed_at)}. Start {name} again; if it is not to run any more,"
        " delete that lease (docs/archive.md)."
    ]


def unfinished_problems(now: datetime) -> list[str]:
    """Return that files stay unfinished.

    Each run that fails leaves a file that was announced and never completed.
    """
    given_up = Q(sha256="", superseded_at__lt=now - OVERDUE)
    unfinished = Q(superseded_at=None, created_at__lt=now - OVERDUE) & ~Q(moved_until=F("end"))
    if not is_used() or not ArchiveFile.objects.filter(given_up | unfinished).exists():
        return []
    return [
        "Old measurements do not move to the archive; they are safe in the database, which grows. The log"
        " says why; 'manage.py archive' tries again."
    ]
