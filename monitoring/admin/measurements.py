"""Measurements in the admin, with rule violations."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from monitoring.access.roles import EXCLUDE, allows
from monitoring.admin.browsed import Browsed, TagFilter, to_the_second
from monitoring.admin.read_only import ReadOnly
from monitoring.history.archive_extent import read_extent
from monitoring.history.browsing import CappedPaginator
from monitoring.kernel.reason_words import reason_text
from monitoring.models import Finding, Measurement

MOST_CHOSEN = 200  # the URL contains the ids
MOST_DIGITS = 18  # of an id

if TYPE_CHECKING:
    FindingTabularInline = admin.TabularInline[Finding, Measurement]
else:  # Django's class is not generic at runtime
    FindingTabularInline = admin.TabularInline


class FindingInline(ReadOnly, FindingTabularInline):
    """Show the rule violations of an anomaly."""

    model = Finding
    fields = readonly_fields = ("why", "lower", "upper")
    verbose_name_plural = "rule violations, and the band that the value left"

    @admin.display(description="reason")
    def why(self, row: Finding) -> str:
        """Return the reason in words."""
        return reason_text(row.reason)


@admin.register(Measurement)
class MeasurementAdmin(Browsed):
    """List the stored measurements; read-only, except that engineers may exclude measurements."""

    list_display = ("timestamp_utc", "tag_name", "value", "anomaly")
    list_filter = (("tag", TagFilter), "is_anomaly")
    date_hierarchy = "timestamp"
    ordering = ("-timestamp", "-id")
    inlines = (FindingInline,)
    actions = ("exclude_selected",)

    @admin.display(description="timestamp (UTC)")
    def timestamp_utc(self, row: Measurement) -> str:
        """Return the timestamp with seconds."""
        return to_the_second(row.timestamp)

    @admin.display(description="tag")
    def tag_name(self, row: Measurement) -> str:
        """Return the name of the tag."""
        name: str = row.tag.name
        return name

    @admin.display(description="anomaly")
    def anomaly(self, row: Measurement) -> str:
        """Return a label for an anomaly; an empty string for a normal measurement."""
        return "▲ anomaly" if row.is_anomaly else ""

    def has_exclude_permission(self, request: HttpRequest) -> bool:
        """Return whether the user has the right to exclude (role engineer)."""
        return allows(request.user, EXCLUDE)

    @admin.action(description="Exclude the selected measurements", permissions=["exclude"])
    def exclude_selected(self, request: HttpRequest, queryset: QuerySet[Measurement]) -> HttpResponse | None:
        """Redirect to the page that asks for the reason; warn if more than ``MOST_CHOSEN`` are selected."""
        ids = list(queryset.values_list("pk", flat=True)[: MOST_CHOSEN + 1])
        if len(ids) > MOST_CHOSEN:
            messages.warning(
                request,
                f"Choose at most {MOST_CHOSEN} measurements. More go by tag and time: Exclusions, Add.",
            )
            return None
        query = urlencode({"ids": ",".join(map(str, ids))})
        return redirect(f"{reverse('admin:monitoring_exclusion_add')}?{query}")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list; the title gives the maximum number of rows, the subtitle what is archived."""
        title = f"Measurements, the newest {CappedPaginator.cap:,} of the selection"
        told = {"title": title, "subtitle": archived_text(request.GET.get("tag__id__exact", ""))}
        return super().changelist_view(request, {**told, **(extra_context or {})})


def archived_text(tag: str) -> str | None:
    """Return which measurements of the chosen tag (empty: of all tags) the list lacks; None if it has all."""
    extent = read_extent(int(tag) if tag.isdecimal() and len(tag) <= MOST_DIGITS else None)
    if extent is None:
        return None
    return f"Not in this list: {extent} in the archive. Charts, downloads and /data have them."
