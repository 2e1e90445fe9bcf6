"""Notes of people on a moment or a span of time, and the versions of each note."""

from django.db import models

from monitoring.models.batch import Batch
from monitoring.models.fields import MicrosecondsField
from monitoring.models.tag import Tag
from monitoring.models.vessel import Vessel


class NoteKind(models.TextChoices):
    """The kind of a note."""

    NOTE = "note"
    INTERVENTION = "intervention"
    CALIBRATION = "calibration"
    DEVIATION = "deviation"


class Note(models.Model):
    """One row per note as it stands: about a tag, a group, a vessel or its batch, or the whole plant.

    ``start`` and ``end`` are times of the process; ``end`` is null for a note on a moment. Rows are never
    deleted: a note that is withdrawn keeps its text, and has the time of the withdrawal.
    """

    tag = models.ForeignKey(
        Tag, on_delete=models.PROTECT, db_column="tag", null=True, db_index=False, related_name="notes"
    )
    group = models.CharField(max_length=64, blank=True, default="")
    vessel = models.ForeignKey(Vessel, on_delete=models.PROTECT, null=True, related_name="notes")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, related_name="notes")
    kind = models.CharField(
        max_length=12, choices=NoteKind.choices, default=NoteKind.NOTE, db_default=NoteKind.NOTE
    )
    start = MicrosecondsField()
    end = MicrosecondsField(null=True)
    text = models.TextField()
    by = models.CharField("written by", max_length=200)
    at = MicrosecondsField("written at")
    version = models.PositiveIntegerField(default=1)
    withdrawn_at = MicrosecondsField(null=True)

    class Meta:
        db_table = "notes"
        ordering = ["-start", "-id"]
        indexes = [
            models.Index(fields=["start"], name="note_start"),
            models.Index(fields=["tag", "start"], name="note_tag_start"),
        ]

    def __str__(self) -> str:
        subject = self.batch or self.vessel or self.tag or self.group or "whole plant"
        return f"{subject} at {self.start.isoformat()}"


class NoteVersion(models.Model):
    """A note as written, corrected or withdrawn. Triggers forbid to change or delete rows.

    ``act`` is "write", "correct" or "withdraw". The row repeats the tag's name: a version is readable alone.
    """

    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    act = models.CharField(max_length=8)
    tag = models.CharField(max_length=64, blank=True)
    group = models.CharField(max_length=64, blank=True)
    vessel = models.CharField(max_length=64, blank=True, default="", db_default="")
    batch = models.CharField(max_length=64, blank=True, default="", db_default="")
    kind = models.CharField(max_length=12, default=NoteKind.NOTE, db_default=NoteKind.NOTE)
    start = MicrosecondsField()
    end = MicrosecondsField(null=True)
    text = models.TextField()
    reason = models.TextField(blank=True)
    by = models.CharField(max_length=200)
    via = models.CharField(max_length=20)
    address = models.CharField(max_length=64, blank=True)
    at = MicrosecondsField()

    class Meta:
        db_table = "note_versions"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["note", "version"], name="note_version")]

    def __str__(self) -> str:
        return f"{self.note_id} version {self.version}"
