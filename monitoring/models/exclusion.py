"""The exclusion: measurements that an engineer has taken out, and why; and the measurements themselves."""

from django.db import models
from django.db.models import Q

from monitoring.models.fields import MomentField
from monitoring.models.tag import Tag


class Exclusion(models.Model):
    """One row an exclusion; it is never deleted, and what it says of who, when and why never changes.

    It is about the measurements of one tag from ``start`` to ``end`` (inclusive) with an id up to
    ``upto_id``: those that were stored when it was made. ``ids`` narrows them down (None: all).
    Measurements move chunk by chunk; ``is_complete`` says that all have, out or, once revoked, back.
    ``is_judged`` says that the events have followed.
    """

    tag = models.ForeignKey(
        Tag, on_delete=models.PROTECT, db_column="tag", db_index=False, related_name="exclusions"
    )
    start = MomentField()
    end = MomentField()
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
    """A measurement that is excluded: as it was stored, with its id and its findings.

    ``findings`` are lists of reason, lower and upper bound (None: open). What leaves ``measurements``
    leaves every chart, total and rule; that its tag and time are taken, ingestion learns from here.
    """

    id = models.BigIntegerField(primary_key=True)
    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, db_column="tag", db_index=False, related_name="+")
    timestamp = MomentField()
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
