"""Forecasts of running batches, and how often such forecasts were right in past batches."""

from django.db import models

from monitoring.models.batch import Batch
from monitoring.models.fields import MicrosecondsField


class BatchForecast(models.Model):
    """The newest forecast of a running batch, from data up to ``upto``; written over each time.

    ``phase_end`` is the expected end of the phase (null: none), ``limits`` are the limits that tags cross
    soon. Both have only forecasts that were right often enough.
    """

    batch = models.OneToOneField(Batch, on_delete=models.CASCADE, primary_key=True, related_name="forecast")
    upto = MicrosecondsField()
    phase_end = models.JSONField(null=True)
    phase_end_at = MicrosecondsField(help_text="When the end of the phase was computed.")
    limits = models.JSONField(default=list)

    class Meta:
        db_table = "batch_forecasts"

    def __str__(self) -> str:
        return f"forecast of {self.batch}"


class BatchHindcast(models.Model):
    """An ended batch as evidence for forecasts: its phases by progress, and forecasts that were right.

    A function of the stored data. ``inputs`` is the hash of the batch's revision and the limits of the tags:
    with another one, the row is computed anew.
    """

    batch = models.OneToOneField(Batch, on_delete=models.CASCADE, primary_key=True, related_name="hindcast")
    inputs = models.CharField(max_length=64)
    phases = models.JSONField(default=dict)
    limits = models.JSONField(default=list)

    class Meta:
        db_table = "batch_hindcasts"

    def __str__(self) -> str:
        return f"hindcast of {self.batch}"
