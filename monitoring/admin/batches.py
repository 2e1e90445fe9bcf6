"""Batches, samples and profiles in the admin; read-only: people change them on the pages and by the API."""

from typing import ClassVar

from django.contrib import admin

from monitoring.admin.alarms import AlarmTable
from monitoring.admin.browsed import to_the_second
from monitoring.admin.designed import ListInline
from monitoring.models import Batch, BatchPhase, Sample, SampleResult


class BatchPhaseInline(ListInline):
    """List the phases of a batch."""

    model = BatchPhase
    fields = readonly_fields = ("position", "name", "start", "end", "source", "by")


@admin.register(Batch)
class BatchAdmin(AlarmTable):
    """List the batches, newest first."""

    list_display = ("name", "vessel", "recipe", "state", "start_utc", "end_utc", "is_golden", "revision")
    list_filter: ClassVar = ("state", "is_golden", "vessel")
    search_fields = ("name", "product", "strain", "vessel__name")
    list_select_related = ("vessel", "recipe")
    ordering = ("-start", "-id")
    inlines = (BatchPhaseInline,)

    @admin.display(description="start (UTC)")
    def start_utc(self, row: Batch) -> str:
        """Return the start with seconds; empty of a planned batch."""
        return to_the_second(row.start) if row.start else ""

    @admin.display(description="end (UTC)")
    def end_utc(self, row: Batch) -> str:
        """Return the end with seconds; empty while the batch runs."""
        return to_the_second(row.end) if row.end else ""


class SampleResultInline(ListInline):
    """List the results of a sample, also those that were corrected."""

    model = SampleResult
    fields = readonly_fields = (
        *("analyte", "value", "unit", "method", "entered_at", "entered_by", "supersedes", "reason"),
    )


@admin.register(Sample)
class SampleAdmin(AlarmTable):
    """List the samples, newest first."""

    list_display = ("batch", "number", "taken_utc", "entered_by", "comment", "withdrawn_at")
    list_filter: ClassVar = (("withdrawn_at", admin.EmptyFieldListFilter),)
    search_fields = ("batch__name", "comment", "entered_by")
    list_select_related = ("batch",)
    ordering = ("-id",)
    inlines = (SampleResultInline,)

    @admin.display(description="taken at (UTC)")
    def taken_utc(self, row: Sample) -> str:
        """Return the time with seconds."""
        return to_the_second(row.taken_at)
