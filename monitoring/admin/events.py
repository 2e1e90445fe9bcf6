"""Events in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from monitoring.admin.browsed import Browsed, TagFilter, to_the_second
from monitoring.detection.monitor import DETECTORS
from monitoring.models import Event


class DetectorFilter(admin.SimpleListFilter):
    """Filter by detector, with the names from ``DETECTORS`` instead of a query."""

    title = parameter_name = "detector"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return a (value, label) pair per detector."""
        return [(name, name) for name in DETECTORS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        """Return the events of the chosen detector; all events if none is chosen."""
        return queryset.filter(detector=self.value()) if self.value() else queryset


@admin.register(Event)
class EventAdmin(Browsed):
    """List the events of the detectors; read-only."""

    list_display = ("start_utc", "end_utc", "tag", "detector", "kind", "score", "explanation")
    list_filter = (("tag", TagFilter), DetectorFilter, ("end", admin.EmptyFieldListFilter))
    date_hierarchy = "start"
    list_per_page = 50
    ordering = ("-start", "-id")
    exclude = ("revision",)

    @admin.display(description="start (UTC)")
    def start_utc(self, row: Event) -> str:
        """Return the start with seconds."""
        return to_the_second(row.start)

    @admin.display(description="end (UTC)")
    def end_utc(self, row: Event) -> str:
        """Return the end with seconds; a label while the event lasts."""
        return to_the_second(row.end) if row.end else "▲ it lasts"
