"""The finding: a rule violation, the reason why a measurement is an anomaly."""

from django.db import models

from monitoring.kernel.reason_words import reason_text
from monitoring.models.measurement import Measurement


class Finding(models.Model):
    """One row per measurement and reason; ``lower`` to ``upper`` is the band that the value left.

    The band is stored because limits change later, and the band at the time of the measurement would be lost.
    """

    measurement = models.ForeignKey(
        Measurement, on_delete=models.CASCADE, db_index=False, related_name="findings"
    )
    reason = models.CharField(max_length=40)
    lower = models.FloatField(null=True)
    upper = models.FloatField(null=True)

    class Meta:
        db_table = "findings"
        constraints = [
            models.UniqueConstraint(fields=["measurement", "reason"], name="finding_measurement_reason"),
        ]

    def __str__(self) -> str:
        return reason_text(self.reason)
