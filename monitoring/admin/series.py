"""Series in the admin."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.contrib import admin

from monitoring.admin.read_only import ReadOnly
from monitoring.history.ahead import clock_error_of
from monitoring.kernel.source_clock import error_text
from monitoring.models import Series

if TYPE_CHECKING:
    SeriesModelAdmin = admin.ModelAdmin[Series]
else:  # Django's own class takes no parameters while it runs
    SeriesModelAdmin = admin.ModelAdmin


@admin.register(Series)
class SeriesAdmin(ReadOnly, SeriesModelAdmin):
    """The extent of each tag's data."""

    list_display = ("tag", "measurements", "anomalies", "last", "source_clock", "raw_from")
    list_select_related = ("tag",)

    @admin.display(description="source's clock", ordering="clock_error")
    def source_clock(self, series: Series) -> str:
        """Return the constant error of the source's clock."""
        error_s = clock_error_of(series, datetime.now(UTC))
        return error_text(error_s) if error_s else ""
