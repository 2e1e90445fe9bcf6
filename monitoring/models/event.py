"""The event: an anomaly that a detector found over an interval of time."""

from django.db import models
from django.db.models import Q

from monitoring.models.fields import MicrosecondsField
from monitoring.models.tag import Tag


class Event(models.Model):
    """One row per tag, detector and start; ``end`` is null while the event lasts.

    ``revision`` increases with each change over all events: events with a higher revision are new or changed.
    """

    tag = models.ForeignKey(
        Tag, on_delete=models.CASCADE, db_column="tag", db_index=False, related_name="events"
    )
    detector = models.CharField(max_length=40)
    kind = models.CharField(max_length=40)
    start = MicrosecondsField()
    end = MicrosecondsField(null=True)
    score = models.FloatField()
    explanation = models.TextField()
    revision = models.BigIntegerField()
    part_of = models.BigIntegerField(
        null=True, help_text="The event that stands for this one, too: both have the same cause."
    )
    others = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Events of other tags that this one stands for."
    )

    class Meta:
        db_table = "events"
        constraints = [
            models.UniqueConstraint(fields=["tag", "detector", "start"], name="event_tag_detector_start"),
        ]
        indexes = [
            models.Index(fields=["start"], name="event_start"),
            models.Index(fields=["tag", "start"], name="event_tag_start"),
            models.Index(fields=["detector", "start"], name="event_detector_start"),
            models.Index(fields=["start"], condition=Q(end=None), name="open_event_start"),
            models.Index(fields=["revision"], name="event_revision"),
        ]

    def __str__(self) -> str:
        return self.explanation
