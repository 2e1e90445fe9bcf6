"""Imports of files: each with state, settings, progress and result; mappings for the next file."""

from django.db import models
from django.db.models import Q

from monitoring.models.fields import MicrosecondsField


class FileImport(models.Model):
    """One row per file. The file lies in the data directory; ``path`` is another place, of the command.

    ``analysis`` is the content understood; ``format`` has all settings, ``chosen`` those set by a person,
    ``targets`` the tag of each series. ``counts`` are those of the import, ``check_result`` those of the dry
    run. ``position`` is the number of rows whose readings are stored, in the transaction of these readings.
    """

    STATES = [
        ("uploading", "is being uploaded"),
        ("reading", "is being read"),
        ("ready", "waits for a person"),
        ("checking", "is being checked"),
        ("checked", "checked"),
        ("importing", "is being imported"),
        ("done", "imported"),
        ("cancelled", "cancelled"),
        ("failed", "failed"),
    ]

    name = models.CharField(max_length=200)
    size = models.BigIntegerField()
    received = models.BigIntegerField(default=0)
    path = models.TextField(blank=True, default="")
    state = models.CharField(max_length=12, choices=STATES, default="uploading")
    error = models.TextField(blank=True, default="")
    chosen = models.JSONField(default=dict, blank=True)
    format = models.JSONField(default=dict, blank=True)
    analysis = models.JSONField(default=dict, blank=True)
    targets = models.JSONField(default=dict, blank=True)
    check_result = models.JSONField(default=dict, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    rows = models.BigIntegerField(null=True)
    position = models.BigIntegerField(default=0)
    rejected_bytes = models.BigIntegerField(default=0)
    by = models.CharField(max_length=200)
    created_at = MicrosecondsField()
    begun_at = MicrosecondsField(null=True)
    ended_at = MicrosecondsField(null=True)
    touched_at = MicrosecondsField()
    worker = models.CharField(max_length=64, blank=True, default="")
    renewed_at = MicrosecondsField(null=True)
    has_file = models.BooleanField(default=True)

    class Meta:
        db_table = "file_imports"
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(state__in=["reading", "checking", "importing"]),
                name="file_import_at_work",
            )
        ]

    def __str__(self) -> str:
        return self.name


class ImportMapping(models.Model):
    """The tags of a header's columns and the settings, for the next file with the same header."""

    header = models.CharField(max_length=64, unique=True)
    chosen = models.JSONField(default=dict, blank=True)
    targets = models.JSONField(default=dict, blank=True)
    name = models.CharField("last file", max_length=200)
    by = models.CharField(max_length=200)
    at = MicrosecondsField()

    class Meta:
        db_table = "import_mappings"
        ordering = ["-at"]

    def __str__(self) -> str:
        return self.name
