"""Measurements that were ahead of the server's clock when stored."""

from django.db import models

from monitoring.models.fields import MicrosecondsField
from monitoring.models.tag import Tag


class ReadingAhead(models.Model):
    """One row per measurement that detectors have not evaluated yet because its time is in the future.

    No other table records how late it was when a measurement was stored. With this row, events stay a
    function of stored data, also for detectors that are reset much later.
    """

    measurement_id = models.BigIntegerField(primary_key=True)
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, db_column="tag", related_name="+")
    timestamp = MicrosecondsField()

    class Meta:
        db_table = "readings_ahead"
        verbose_name_plural = "readings ahead"

    def __str__(self) -> str:
        return f"measurement {self.measurement_id}"
