"""Measurements that were ahead of the server's clock when they were stored."""

from django.db import models

from monitoring.models.fields import MomentField
from monitoring.models.tag import Tag


class ReadingAhead(models.Model):
    """One row a measurement that the detectors have not judged yet, since its time had not come.

    Kept because nothing else says how late it was when a measurement was stored: events stay a function of
    what is stored, also for detectors that begin anew long after.
    """

    measurement_id = models.BigIntegerField(primary_key=True)
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, db_column="tag", related_name="+")
    timestamp = MomentField()

    class Meta:
        db_table = "readings_ahead"
        verbose_name_plural = "readings ahead"

    def __str__(self) -> str:
        return f"measurement {self.measurement_id}"
