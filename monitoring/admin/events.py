"""Events in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from monitoring.admin.browsed import Browsed, TagFilter, to_the_second
from monitoring.detection.monitor import DETECTORS
from monitoring.models import Event


class DetectorFilter(admin.SimpleListFilter):
    """A filter by detector; the names are known, so the table is not read for them."""

    title = parameter_name = "detector"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return every detector."""
        return [(name, name) for name in DETECTORS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        """Return the events of the chosen detector."""
        return queryset.filter(detector=self.value()) if self.value() else queryset


@admin.register(Event)
class EventAdmin(Browsed):
    """Events of the detectors."""

    list_display = ("start_utc", "end_utc", "tag", "detector", "kind", "score", "explanation")
    list_filter = (("tag", TagFilter), DetectorFilter, ("end", admin.EmptyFieldListFilter))
    date_hierarchy = "start"
    list_per_page = 50
    ordering = ("-start", "-id")
    exclude = ("revision",)

    @admin.display(description="start (UTC)")
    def start_utc(self, row: Event) -> str:
        """Return the start."""
        return to_the_second(row.start)

    @admin.display(description="end (UTC)")
    def end_utc(self, row: Event) -> str:
        """Return the end; empty while the event lasts."""
        return to_the_second(row.end) if row.end else "▲ it lasts"
