"""The detector state: learned state of a tag's detectors, loaded after a restart."""

from django.db import models

from monitoring.models.fields import MicrosecondsField
from monitoring.models.tag import Tag


class DetectorState(models.Model):
    """One row per tag; ``position`` is the id of the last measurement that the state includes."""

    tag = models.OneToOneField(
        Tag, on_delete=models.CASCADE, primary_key=True, db_column="tag", related_name="detector_state"
    )
    version = models.PositiveIntegerField()
    position = models.BigIntegerField()
    data = models.BinaryField()

    class Meta:
        db_table = "detector_states"

    def __str__(self) -> str:
        return f"what is known of {self.tag} up to measurement {self.position}"


class TagLearning(models.Model):
    """One row per tag with detectors that still learn; ``ready`` is when they will have learned, about."""

    tag = models.OneToOneField(
        Tag, on_delete=models.CASCADE, primary_key=True, db_column="tag", related_name="learning"
    )
    ready = MicrosecondsField()

    class Meta:
        db_table = "tags_learning"
        verbose_name_plural = "tags learning"

    def __str__(self) -> str:
        return f"{self.tag} is learned by {self.ready}"
