"""Tags in the admin, the only place to create and edit tags."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode

from monitoring.admin.browsed import GroupFilter
from monitoring.admin.tag_form import TagForm, TagModelForm, filled_in, tried_settings
from monitoring.history.ahead import times_of
from monitoring.history.archive_extent import read_extent
from monitoring.kernel.source_clock import error_text
from monitoring.models import AlarmDefinition, AlarmDefinitionVersion, AlarmOccurrence, AlarmState, Note, Tag

ALARM_TABLES = (AlarmDefinition, AlarmDefinitionVersion, AlarmOccurrence, AlarmState)

if TYPE_CHECKING:
    TagModelAdmin = admin.ModelAdmin[Tag]
else:  # Django's class is not generic at runtime
    TagModelAdmin = admin.ModelAdmin


@admin.register(Tag)
class TagAdmin(TagModelAdmin):
    """Create and edit tags. A tag with measurements can be set inactive, but not deleted."""

    list_display = ("name", "group", "description", "kind", "unit", "valid_range", "limits", "active")
    list_filter = ("active", "kind", ("group", GroupFilter))
    search_fields = ("name", "display_name", "description")
    actions = None
    form = TagForm
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "name",
                    "display_name",
                    "description",
                    "group",
                    "kind",
                    "states",
                    "unit",
                    "decimals",
                    "active",
                    "stale_after_s",
                    "source_clock",
                )
            },
        ),
        ("Valid range", {"fields": (("valid_min", "valid_max"),)}),
        ("Limits", {"fields": (("lower_limit", "upper_limit"),)}),
        ("Readings", {"fields": ("on_conflict", "hold_s")}),
        (
            "Detection",
            {
                "fields": (
                    "detectors_off",
                    "detectors_on",
                    "sensitivity",
                    "detection_parameters",
                    "other_settings",
                )
            },
        ),
        ("Retention", {"fields": (("retention_days", "anomaly_retention_days"),)}),
        ("Archive", {"fields": ("archive_after_days", "archived")}),
        ("Audit trail", {"fields": ("reason",)}),
    )

    @admin.display(description="valid range")
    def valid_range(self, tag: Tag) -> str:
        """Return the lower and upper end of the valid range as text."""
        return f"{tag.valid_min:g} to {tag.valid_max:g}"

    @admin.display(description="limits")
    def limits(self, tag: Tag) -> str:
        """Return the lower and upper limit as text; "none" for a missing limit."""
        low, high = (
            "none" if limit is None else f"{limit:g}" for limit in (tag.lower_limit, tag.upper_limit)
        )
        return f"{low} to {high}"

    def save_model(self, request: HttpRequest, obj: Tag, form: Any, change: bool) -> None:
        """Save the tag, and attach the reason to the tag for the audit trail."""
        if reason := form.cleaned_data["reason"]:
            obj.get_additional_data = lambda: {"reason": reason}  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def get_readonly_fields(self, request: HttpRequest, obj: Tag | None = None) -> tuple[str, ...]:
        """Make the name of an existing tag read-only: the name identifies its measurements."""
        shown = ("source_clock", "other_settings", "archived")
        return ("name", *shown) if obj else shown

    @admin.display(description="source's clock")
    def source_clock(self, tag: Tag) -> str:
        """Return the constant error of the clock that stamps the readings, and the readings ahead of time."""
        ahead, error_s = times_of(tag.name, datetime.now(UTC))
        told = [
            f"{error_text(error_s)} of the server's, constantly" if error_s else "",
            ahead.text if ahead else "",
        ]
        return "; ".join(filter(None, told)) or "no error known"

    @admin.display(description="in the archive")
    def archived(self, tag: Tag) -> str:
        """Return how many measurements of which time are in files of the archive."""
        extent = read_extent(tag.pk) if tag.pk else None
        return str(extent) if extent else "nothing"

    @admin.display(description="other settings")
    def other_settings(self, tag: Tag) -> str:
        """Return a link to the backtest page; a note for a new tag."""
        if tag.pk is None:
            return "They can be tried on measurements once there are some."
        query = urlencode({"tag": tag.name})
        return format_html(
            '<a href="{}?{}">Try them on what is stored</a>: which events would they have given?',
            reverse("backtest"),
            query,
        )

    def get_form(
        self, request: HttpRequest, obj: Tag | None = None, change: bool = False, **kwargs: Any
    ) -> type[TagModelForm]:
        """Return the form; fill in the settings from the query string of a backtest's link, if present."""
        form: type[TagModelForm] = super().get_form(request, obj, change, **kwargs)
        is_filled_in = request.method == "GET" and "sensitivity" in request.GET
        if obj is None or not is_filled_in or not self.has_change_permission(request, obj):
            return form
        messages.info(request, "Filled in with the settings that were tried. Save to use them.")
        return filled_in(form, tried_settings(request.GET))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, set[Any], Any]:
        """Return the rows that go with these tags; those of alarms need no permission of their own."""
        deleted, counts, needed, protected = super().get_deleted_objects(objs, request)
        alarms = {str(model._meta.verbose_name) for model in ALARM_TABLES}
        return deleted, counts, {name for name in needed if str(name) not in alarms}, protected

    def has_delete_permission(self, request: HttpRequest, obj: Tag | None = None) -> bool:
        """Return whether the user may delete the tag; never with measurements, exclusions or notes.

        Django's own check would list all measurements before denying the deletion.
        """
        unused = obj is None or not (
            obj.measurements.exists()
            or obj.archive_files.exists()
            or obj.exclusions.exists()
            or Note.objects.filter(tag=obj).exists()
        )
        return unused and super().has_delete_permission(request, obj)
