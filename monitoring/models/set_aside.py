"""Dead letters: readings that waited in the spool and can't be stored, for a person to decide."""

from django.db import models


class SetAsideReading(models.Model):
    """One reading that was acknowledged, spooled to disk, and rejected when replayed.

    ``digest`` is the SHA-256 of the text of the reading: a second rejection of the same reading adds no row.
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)
    reading = models.JSONField()
    source = models.CharField(max_length=100, blank=True)
    kept_at = models.DateTimeField(null=True, help_text="When it was taken.")
    set_aside_at = models.DateTimeField()
    message = models.TextField("reason")

    class Meta:
        db_table = "set_aside_readings"
        ordering = ["-id"]
        verbose_name = "reading set aside"
        verbose_name_plural = "readings set aside"

    def __str__(self) -> str:
        return self.message
