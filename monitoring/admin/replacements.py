"""Replaced values in the admin."""

from django.contrib import admin

from monitoring.admin.browsed import Browsed, TagFilter, to_the_second
from monitoring.models import Replacement


@admin.register(Replacement)
class ReplacementAdmin(Browsed):
    """List replaced values, with the arrival time and the source of the new value; read-only."""

    list_display = ("replaced_at_utc", "tag", "timestamp_utc", "old_value", "new_value", "source")
    list_filter = (("tag", TagFilter),)
    date_hierarchy = "timestamp"
    ordering = ("-timestamp", "-id")

    @admin.display(description="replaced at (UTC)")
    def replaced_at_utc(self, row: Replacement) -> str:
        """Return the arrival time of the new value."""
        return to_the_second(row.replaced_at)

    @admin.display(description="timestamp (UTC)")
    def timestamp_utc(self, row: Replacement) -> str:
        """Return the timestamp of the measurement, with seconds."""
        return to_the_second(row.timestamp)
