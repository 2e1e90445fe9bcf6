"""How running batches differ from golden ones: the state of watching, and deviations."""

from django.db import models
from django.db.models import Q

from monitoring.models.batch import Batch, Profile
from monitoring.models.fields import MicrosecondsField


class BatchWatch(models.Model):
    """The result of the newest watching of a batch; a function of the stored data, written over each time.

    ``upto`` is the end of the last minute that was watched. ``score`` and ``families`` (by letter) are those
    of that minute as a share of the limit, which is 1; null without a value. ``message`` says why or how far
    the batch is not watched. ``inputs`` tells whether the data have changed since.
    """

    batch = models.OneToOneField(Batch, on_delete=models.CASCADE, related_name="watch")
    profile = models.ForeignKey(Profile, on_delete=models.PROTECT, null=True, related_name="+")
    upto = MicrosecondsField(null=True)
    score = models.FloatField(null=True)
    families = models.JSONField(default=dict)
    message = models.CharField(max_length=500, blank=True, default="")
    inputs = models.CharField(max_length=64, blank=True, default="")
    changed_at = MicrosecondsField()

    class Meta:
        db_table = "batch_watches"
        verbose_name, verbose_name_plural = "watched batch", "watched batches"

    def __str__(self) -> str:
        return f"watching of {self.batch}"


class Deviation(models.Model):
    """A time in which a batch is not like golden ones; ``end`` is null while it lasts.

    One at a time a batch. ``contributions`` are the channels with the largest share of their limits, the
    largest first; ``verdict`` says whether the probe or the process is the cause, null before it is known.
    ``revision`` increases with each change over all deviations.
    """

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="deviations")
    profile = models.ForeignKey(Profile, on_delete=models.PROTECT, null=True, related_name="+")
    start = MicrosecondsField()
    end = MicrosecondsField(null=True)
    peak_at = MicrosecondsField()
    score = models.FloatField()
    contributions = models.JSONField(default=list)
    sentence = models.TextField()
    verdict = models.JSONField(null=True)
    revision = models.BigIntegerField()
    changed_at = MicrosecondsField()

    class Meta:
        db_table = "batch_deviations"
        ordering = ["-start", "-id"]
        constraints = [models.UniqueConstraint(fields=["batch", "start"], name="deviation_batch_start")]
        indexes = [
            models.Index(fields=["start", "id"], name="deviation_start"),
            models.Index(fields=["revision"], name="deviation_revision"),
            models.Index(fields=["batch"], condition=Q(end=None), name="deviation_lasting"),
        ]

    def __str__(self) -> str:
        return self.sentence
