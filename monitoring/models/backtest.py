"""The backtest: settings that someone wants tried on what is stored."""

from django.db import models


class Backtest(models.Model):
    """One row a person: what they asked last, how far it has come, and what came out.

    ``outcome`` is empty until it is over; ``renewed_at`` is when who works at it was last heard of.
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
