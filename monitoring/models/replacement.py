"""The replacement: a value that a later reading replaced."""

from django.db import models

from monitoring.models.fields import MicrosecondsField
from monitoring.models.tag import Tag


class Replacement(models.Model):
    """One row per replaced value, of tags that keep the last of several values at one timestamp.

    Rows are append-only. Retention deletes a row together with the measurement.
    """

    tag = models.ForeignKey(
        Tag, on_delete=models.PROTECT, db_column="tag", db_index=False, related_name="replacements"
    )
    timestamp = MicrosecondsField(help_text="The measurement's timestamp.")
    old_value = models.FloatField()
    new_value = models.FloatField()
    replaced_at = models.DateTimeField()
    source = models.CharField(
        max_length=100, blank=True, help_text="Sender of the new value; empty: Fermon itself."
    )

    class Meta:
        db_table = "replacements"
        ordering = ["-id"]
        indexes = [models.Index(fields=["tag", "timestamp"], name="replacement_tag_timestamp")]

    def __str__(self) -> str:
        return f"{self.tag} at {self.timestamp.isoformat()}: {self.old_value:.15g} -> {self.new_value:.15g}"
