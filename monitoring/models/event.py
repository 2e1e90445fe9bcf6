"""The event: what a detector found over some time, as one thing."""

from django.db import models
from django.db.models import Q

from monitoring.models.fields import MomentField
from monitoring.models.tag import Tag


class Event(models.Model):
    """One row a tag, detector and start; ``end`` is empty while it lasts.

    ``revision`` grows with each change, over all events: what changed since is what has a higher one.
    """

    tag = models.ForeignKey(
        Tag, on_delete=models.CASCADE, db_column="tag", db_index=False, related_name="events"
    )
    detector = models.CharField(max_length=40)
    kind = models.CharField(max_length=40)
    start = MomentField()
    end = MomentField(null=True)
    score = models.FloatField()
    explanation = models.TextField()
    revision = models.BigIntegerField()

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
