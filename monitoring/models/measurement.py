"""The measurement: a stored reading."""

from django.db import models
from django.db.models import Q

from monitoring.models.fields import MicrosecondsField
from monitoring.models.tag import Tag


class Measurement(models.Model):
    """One row per tag and timestamp.

    The columns ``tag`` and ``timestamp`` hold integers, so that a year of measurements fits on the disk; the
    view ``readable_measurements`` shows the same rows with the name of the tag and ISO 8601.
    """

    timestamp = MicrosecondsField()
    tag = models.ForeignKey(
        Tag, on_delete=models.PROTECT, db_column="tag", db_index=False, related_name="measurements"
    )
    value = models.FloatField()
    is_anomaly = models.BooleanField("anomaly", default=False)

    class Meta:
        db_table = "measurements"
        constraints = [
            models.UniqueConstraint(fields=["tag", "timestamp"], name="measurement_tag_timestamp"),
        ]
        indexes = [
            models.Index(fields=["timestamp"], name="measurement_timestamp"),
            models.Index(fields=["timestamp"], condition=Q(is_anomaly=True), name="anomaly_timestamp"),
            models.Index(
                fields=["tag", "timestamp"], condition=Q(is_anomaly=True), name="anomaly_tag_timestamp"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tag} {self.value:g} at {self.timestamp.isoformat()}"
