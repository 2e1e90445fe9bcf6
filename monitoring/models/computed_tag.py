"""Computed tags: arithmetic on tags, computed when read, for quantities without a role or soft sensor."""

from django.db import models

from monitoring.models.vessel import SLUG, Vessel


class ComputedTag(models.Model):
    """A computed tag. ``expression`` as in ``batches/expressions.py``; ``unit`` is the result's."""

    vessel = models.ForeignKey(Vessel, on_delete=models.CASCADE, related_name="computed_tags")
    name = models.CharField(max_length=64, validators=[SLUG])
    title = models.CharField(max_length=100, blank=True, default="", help_text="For people. Empty: the name.")
    expression = models.CharField(max_length=500, help_text="As {demo1.o2} - 20.95, or fermenter_temp * 2.")
    unit = models.CharField(max_length=20, blank=True, default="", help_text="Of the result.")

    class Meta:
        db_table = "computed_tags"
        ordering = ["vessel", "name"]
        constraints = [models.UniqueConstraint(fields=["vessel", "name"], name="computed_tag_name")]

    def __str__(self) -> str:
        return self.title or self.name
