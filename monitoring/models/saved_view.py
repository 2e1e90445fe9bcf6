"""Views of the dashboard that people have saved under a name."""

from django.db import models

from monitoring.models.fields import MicrosecondsField


class SavedView(models.Model):
    """A choice of the dashboard's charts, their order and the range of time; ``slug`` is the view's address.

    ``charts`` lists names of tags in the order of their charts, empty for the charts of ``group`` by urgency.
    ``range`` is the key of a preset. Names may outlive their tags: the page skips unknown ones.
    """

    name = models.CharField(max_length=80, unique=True)
    slug = models.CharField("address", max_length=80, unique=True)
    group = models.CharField(max_length=64, blank=True, default="")
    charts = models.JSONField(blank=True, default=list)
    compare = models.JSONField(blank=True, default=list)
    show = models.CharField(max_length=8, blank=True, default="")
    range = models.CharField(max_length=8, blank=True, default="")
    by = models.CharField("saved by", max_length=200)
    at = MicrosecondsField("saved at")

    class Meta:
        db_table = "saved_views"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
