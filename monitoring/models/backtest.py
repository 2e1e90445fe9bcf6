"""The backtest request: detection settings to test on past data."""

from django.db import models


class Backtest(models.Model):
    """One row per person: the last request, the progress and the outcome.

    ``outcome`` is null until the backtest ends; ``renewed_at`` is when the worker last renewed the claim on
    the row.
    """

    asker = models.CharField(max_length=80, unique=True)
    question = models.JSONField()
    start = models.DateTimeField()
    end = models.DateTimeField()
    asked_at = models.DateTimeField()
    renewed_at = models.DateTimeField(null=True)
    share = models.FloatField(default=0.0)
    outcome = models.JSONField(null=True)

    class Meta:
        db_table = "backtests"

    def __str__(self) -> str:
        return f"backtest of {self.asked_at:%Y-%m-%d %H:%M:%S}"
