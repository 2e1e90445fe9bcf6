"""The rollup: one tag's measurements over a fixed interval, in a few numbers."""

from django.db import models

from monitoring.models.fields import MomentField
from monitoring.models.tag import Tag


class Rollup(models.Model):
    """One row a tag, resolution and interval that has measurements; the mean is total / count.

    The mean is right to count · 2⁻⁵³ of the largest magnitude in the interval: 10⁻¹¹ of it in a day at 1 Hz.

    Kept current in the transaction that stores, and kept for ever: also when the raw measurements
    under it are deleted.
    """

    tag = models.ForeignKey(
        Tag, on_delete=models.PROTECT, db_column="tag", db_index=False, related_name="rollups"
    )
    resolution_s = models.PositiveIntegerField()
    start = MomentField()
    count = models.BigIntegerField()
    total = models.FloatField()
    minimum = models.FloatField()
    minimum_at = MomentField()
    maximum = models.FloatField()
    maximum_at = MomentField()
    anomalies = models.BigIntegerField()

    class Meta:
        db_table = "rollups"
        constraints = [
            models.UniqueConstraint(fields=["tag", "resolution_s", "start"], name="rollup_interval"),
        ]

    def __str__(self) -> str:
        return f"{self.count} of {self.tag} over {self.resolution_s} s from {self.start.isoformat()}"
