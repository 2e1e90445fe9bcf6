"""Problems of the archive, in words with the remedy."""

from datetime import datetime, timedelta

from django.db.models import F, Q

from monitoring.archive.presence import is_used
from monitoring.models import ArchiveFile

OVERDUE = timedelta(hours=4)  # several of the hourly runs


def archive_problems(now: datetime) -> list[str]:
    """Return that files stay unfinished, or can't be deleted; nothing while the archive works.

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
