"""Readings that were refused: the last of them whole, and how many there were."""

from django.db import models


class Refusal(models.Model):
    """One refused reading as it came. Only the newest are kept; the counts go on."""

    received_at = models.DateTimeField()
    source = models.CharField(max_length=100)
    tag = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=40)
    message = models.TextField()
    reading = models.TextField()

    class Meta:
        db_table = "refusals"
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.message


class RefusalCount(models.Model):
    """How many readings of a tag were refused for a reason within an hour (UTC).

    The tag is empty where none of ours was named: a stranger's words make no rows here.
    """

    hour = models.DateTimeField()
    tag = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=40)
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        db_table = "refusal_counts"
        ordering = ["-hour", "tag", "reason"]
        constraints = [
            models.UniqueConstraint(fields=["hour", "tag", "reason"], name="refusal_count_hour_tag_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.count} x {self.tag} {self.reason}"
