"""Rejected readings: the newest in full, and counts of all."""

from django.db import models


class Refusal(models.Model):
    """One rejected reading as received. Only the newest rows are kept; the counts cover all."""

    received_at = models.DateTimeField()
    source = models.CharField(max_length=100)
    tag = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=40)
    message = models.TextField()
    reading = models.TextField()

    class Meta:
        db_table = "refusals"
        verbose_name = "rejected reading"
        verbose_name_plural = "rejected readings"
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.message


class RefusalCount(models.Model):
    """The number of readings of a tag that were rejected for one reason within an hour (UTC).

    ``tag`` is empty if the reading names no known tag, so that foreign input creates no rows here.
    """

    hour = models.DateTimeField()
    tag = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=40)
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        db_table = "refusal_counts"
        verbose_name = "count of rejected readings"
        verbose_name_plural = "counts of rejected readings"
        ordering = ["-hour", "tag", "reason"]
        constraints = [
            models.UniqueConstraint(fields=["hour", "tag", "reason"], name="refusal_count_hour_tag_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.count} x {self.tag} {self.reason}"
