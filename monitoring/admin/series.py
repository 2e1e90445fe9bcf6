"""Series in the admin."""

from typing import TYPE_CHECKING

from django.contrib import admin

from monitoring.admin.read_only import ReadOnly
from monitoring.models import Series

if TYPE_CHECKING:
    SeriesModelAdmin = admin.ModelAdmin[Series]
else:  # Django's own class takes no parameters while it runs
    SeriesModelAdmin = admin.ModelAdmin


@admin.register(Series)
class SeriesAdmin(ReadOnly, SeriesModelAdmin):
    """How much is stored of each tag, and since when."""

    list_display = ("tag", "measurements", "anomalies", "last", "raw_from")
    list_select_related = ("tag",)
