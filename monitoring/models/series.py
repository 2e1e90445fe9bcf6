"""The totals of the measurements of each tag."""

from django.db import models

from monitoring.models.fields import MicrosecondsField, RowNumberOneToOneField
from monitoring.models.tag import Tag


class Series(models.Model):
    """One row per tag from the first measurement on, updated in each transaction that writes measurements.

    Totals need no counting, and a writer sees from this row whether new readings only append.
    """

    tag = RowNumberOneToOneField(
        Tag, on_delete=models.CASCADE, primary_key=True, db_column="tag", related_name="series"
    )
    measurements = models.BigIntegerField(default=0, help_text="Rows of the tag in measurements.")
    anomalies = models.BigIntegerField(default=0, help_text="Those of them that are anomalies.")
    last = MicrosecondsField(null=True, help_text="The newest measurement's timestamp.")
    recent_values = models.BinaryField(
        null=True,
        help_text="Its last 50 values (little-endian doubles, oldest first), by which the next is judged."
        " Empty: they are to be read.",
    )
    raw_from = MicrosecondsField(
        null=True, help_text="What is older was deleted, as the tag's retention says, and is refused."
    )

    arrivals = models.BinaryField(
        null=True,
        help_text="When the last reading arrived, and how far the last 10 were ahead of the server's clock"
        " then (little-endian 64-bit integers: microseconds since 1970; milliseconds, oldest first).",
    )
    clock_error = models.BigIntegerField(
        default=0,
        help_text="By how many milliseconds the clock of the tag's source is always ahead of the server's;"
        " negative: behind. 0: none is known.",
    )
    excluded_until = MicrosecondsField(
        null=True, help_text="The newest excluded measurement's timestamp. Empty: none is excluded."
    )
    archived_until = MicrosecondsField(
        null=True,
        help_text="Measurements from here on are in the database; some of the older ones are in files of the"
        " archive. Empty: none is.",
    )

    # Rollups are written once a minute: see ``ingest/open_minutes.py``.
    open_start = MicrosecondsField(
        null=True,
        help_text="The start of the minute of which the following columns have measurements that the rollups"
        " lack. Empty: the rollups have all.",
    )
    open_count = models.BigIntegerField(null=True)
    open_total = models.FloatField(null=True)
    open_minimum = models.FloatField(null=True)
    open_minimum_at = MicrosecondsField(null=True)
    open_maximum = models.FloatField(null=True)
    open_maximum_at = MicrosecondsField(null=True)
    open_anomalies = models.BigIntegerField(null=True)

    class Meta:
        db_table = "series"
        verbose_name_plural = "series"

    def __str__(self) -> str:
        return f"{self.measurements} measurements of {self.tag}"
