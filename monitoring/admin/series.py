"""Totals of the measurements of each tag in the admin."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.contrib import admin

from monitoring.admin.read_only import ReadOnly
from monitoring.history.ahead import clock_error_of
from monitoring.kernel.source_clock import error_text
from monitoring.models import Series

if TYPE_CHECKING:
    SeriesModelAdmin = admin.ModelAdmin[Series]
else:  # Django's class is not generic at runtime
    SeriesModelAdmin = admin.ModelAdmin


@admin.register(Series)
class SeriesAdmin(ReadOnly, SeriesModelAdmin):
    """List the totals, the newest timestamp and the retention bound of each tag; read-only."""

    list_display = ("tag", "measurements", "anomalies", "last", "source_clock", "raw_from")
    list_select_related = ("tag",)

    @admin.display(description="source's clock", ordering="clock_error")
    def source_clock(self, series: Series) -> str:
        """Return the constant error of the source's clock as text; empty if none is known."""
        error_s = clock_error_of(series, datetime.now(UTC))
        return error_text(error_s) if error_s else ""
