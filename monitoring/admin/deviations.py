"""States of watching and deviations of batches in the admin; read-only: they follow from the data."""

from typing import ClassVar

from django.contrib import admin

from monitoring.admin.alarms import AlarmTable
from monitoring.admin.browsed import to_the_second
from monitoring.models import BatchWatch, Deviation


@admin.register(BatchWatch)
class BatchWatchAdmin(AlarmTable):
    """List the state of each batch that is watched."""

    list_display = ("batch", "profile", "upto_utc", "score", "message")
    search_fields = ("batch__name", "batch__vessel__name")
    list_select_related = ("batch", "profile")
    ordering = ("-batch",)

    @admin.display(description="up to (UTC)")
    def upto_utc(self, row: BatchWatch) -> str:
        """Return the end of the last minute that was watched."""
        return to_the_second(row.upto) if row.upto else ""


@admin.register(Deviation)
class DeviationAdmin(AlarmTable):
    """List the deviations, newest first."""

    list_display = ("batch", "start_utc", "end_utc", "score", "sentence", "says", "revision")
    list_filter: ClassVar = (("end", admin.EmptyFieldListFilter),)
    search_fields = ("batch__name", "batch__vessel__name", "sentence")
    list_select_related = ("batch",)
    ordering = ("-start", "-id")

    @admin.display(description="begin (UTC)")
    def start_utc(self, row: Deviation) -> str:
        """Return the begin with seconds."""
        return to_the_second(row.start)

    @admin.display(description="end (UTC)")
    def end_utc(self, row: Deviation) -> str:
        """Return the end with seconds; empty while the deviation lasts."""
        return to_the_second(row.end) if row.end else ""

    @admin.display(description="probe or process")
    def says(self, row: Deviation) -> str:
        """Return the verdict."""
        return str(row.verdict["says"]) if row.verdict else ""
