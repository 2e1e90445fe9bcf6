"""The exclusion: measurements that an engineer took out, and the reason; and the measurements themselves."""

from django.db import models
from django.db.models import Q

from monitoring.models.fields import MicrosecondsField
from monitoring.models.tag import Tag


class Exclusion(models.Model):
    """One row per exclusion. Rows are never deleted; author, time and reason never change.

    An exclusion covers the measurements of one tag from ``start`` to ``end`` (inclusive) with an id up to
    ``upto_id``: those stored before the exclusion was made. ``ids`` restricts the exclusion to single
    measurements (None: all). Measurements move in chunks; ``is_complete`` says that all have moved out or,
    after a revocation, back. ``is_judged`` says that the events have been recomputed.
    """

    tag = models.ForeignKey(
        Tag, on_delete=models.PROTECT, db_column="tag", db_index=False, related_name="exclusions"
    )
    start = MicrosecondsField()
    end = MicrosecondsField()
    ids = models.JSONField(null=True, editable=False)
    upto_id = models.BigIntegerField(editable=False)
    reason = models.TextField()
    made_by = models.CharField("excluded by", max_length=200)
    made_at = models.DateTimeField("excluded at")
    revoked_at = models.DateTimeField("included again at", null=True)
    revoked_by = models.CharField("included again by", max_length=200, blank=True)
    revoke_reason = models.TextField("reason to include again", blank=True)
    taken = models.BigIntegerField("measurements excluded", default=0)
    returned = models.BigIntegerField("measurements included again", default=0)
    is_complete = models.BooleanField("complete", default=False)
    is_judged = models.BooleanField("events follow", default=False)

    class Meta:
        db_table = "exclusions"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["tag", "start"], name="exclusion_tag_start"),
            models.Index(fields=["id"], condition=Q(is_complete=False), name="unfinished_exclusion"),
            models.Index(fields=["id"], condition=Q(is_judged=False), name="unjudged_exclusion"),
        ]

    def __str__(self) -> str:
        return f"{self.tag} from {self.start.isoformat()} to {self.end.isoformat()}"


class ExcludedMeasurement(models.Model):
    """An excluded measurement as it was stored, with id and rule violations.

    ``findings`` is a list of (reason, lower bound, upper bound), with None for an open bound. A row removed
    from ``measurements`` is gone from every chart, total and rule; ingestion reads this table to learn that
    tag and timestamp are taken.
    """

    id = models.BigIntegerField(primary_key=True)
    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, db_column="tag", db_index=False, related_name="+")
    timestamp = MicrosecondsField()
    value = models.FloatField()
    is_anomaly = models.BooleanField("anomaly")
    findings = models.JSONField(default=list)
    exclusion = models.ForeignKey(
        Exclusion, on_delete=models.PROTECT, db_index=False, related_name="measurements"
    )

    class Meta:
        db_table = "excluded_measurements"
        ordering = ["-timestamp", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["tag", "timestamp"], name="excluded_tag_timestamp"),
        ]
        indexes = [
            models.Index(fields=["timestamp"], name="excluded_timestamp"),
            models.Index(fields=["exclusion", "timestamp"], name="excluded_exclusion"),
        ]

    def __str__(self) -> str:
        return f"{self.tag} {self.value:g} at {self.timestamp.isoformat()}"
