"""The rollup: count, total and extremes of a tag's measurements over a fixed interval."""

from django.db import models

from monitoring.models.fields import MicrosecondsField
from monitoring.models.tag import Tag


class Rollup(models.Model):
    """One row per tag, resolution and interval with measurements; the mean is total / count.

    The relative error of the mean is at most count · 2⁻⁵³ of the largest magnitude in the interval: 10⁻¹¹ for
    a day at 1 Hz.

    Rollups are updated in the transaction that stores the measurements, and stay when retention deletes
    these. The columns ``open_...`` of ``series`` may have more measurements of a tag's newest minute: read
    both by ``history/rollup_rows.py``.
    """

    tag = models.ForeignKey(
        Tag, on_delete=models.PROTECT, db_column="tag", db_index=False, related_name="rollups"
    )
    resolution_s = models.PositiveIntegerField()
    start = MicrosecondsField()
    count = models.BigIntegerField()
    total = models.FloatField()
    minimum = models.FloatField()
    minimum_at = MicrosecondsField()
    maximum = models.FloatField()
    maximum_at = MicrosecondsField()
    anomalies = models.BigIntegerField()

    class Meta:
        db_table = "rollups"
        constraints = [
            models.UniqueConstraint(fields=["tag", "resolution_s", "start"], name="rollup_interval"),
        ]

    def __str__(self) -> str:
        return f"{self.count} of {self.tag} over {self.resolution_s} s from {self.start.isoformat()}"
