"""The file of the archive: measurements of one tag and day (UTC), or a part of it, outside the database."""

from django.db import models
from django.db.models import Q

from monitoring.models.fields import MicrosecondsField
from monitoring.models.tag import Tag


class ArchiveFile(models.Model):
    """One row per file. The rows of this table are the manifest of the archive.

    A file covers the time from ``start`` to before ``end``, which lie in one day; no two files that count
    overlap. Measurements of that time before ``moved_until`` are in the file and no longer in
    ``measurements``; ``moved_until`` equals ``start`` until the first chunk moves, and ``end`` once all have.
    A file never changes. ``superseded_at`` marks a file whose measurements are in the database again or that
    was never completed: no read uses the file, which is deleted an hour later. ``sha256`` is empty until the
    file is complete.
    """

    tag = models.ForeignKey(
        Tag, on_delete=models.PROTECT, db_column="tag", db_index=False, related_name="archive_files"
    )
    start = MicrosecondsField()
    end = MicrosecondsField()
    moved_until = MicrosecondsField()
    first = MicrosecondsField(null=True, help_text="The oldest measurement's timestamp.")
    last = MicrosecondsField(null=True, help_text="The newest measurement's timestamp.")
    path = models.CharField(max_length=200, unique=True)
    rows = models.BigIntegerField(default=0)
    anomalies = models.BigIntegerField(default=0)
    first_id = models.BigIntegerField(default=0)
    last_id = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    created_at = MicrosecondsField()
    superseded_at = MicrosecondsField(null=True)

    class Meta:
        db_table = "archive_files"
        ordering = ["start", "tag"]
        constraints = [
            models.UniqueConstraint(
                fields=["tag", "start"], condition=Q(superseded_at=None), name="archive_tag_day"
            ),
        ]
        indexes = [
            models.Index(fields=["start", "tag"], name="archive_day_tag"),
            models.Index(fields=["last_id"], condition=Q(superseded_at=None), name="archive_last_id"),
            models.Index(
                fields=["tag", "start"],
                condition=Q(superseded_at=None, anomalies__gt=0),
                name="archive_anomalies_tag_day",
            ),
            models.Index(
                fields=["superseded_at"], condition=Q(superseded_at__isnull=False), name="archive_superseded"
            ),
        ]

    def __str__(self) -> str:
        return self.path
