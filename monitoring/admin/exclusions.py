"""Exclusions in the admin: exclude wrong measurements, list excluded ones, include them again."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from monitoring.access.roles import EXCLUDE, allows
from monitoring.admin.browsed import Browsed, TagFilter, to_the_second
from monitoring.admin.read_only import ReadOnly
from monitoring.ingest.exclusions import (
    AlreadyRevokedError,
    Choice,
    ExclusionError,
    Preview,
    choice_of_ids,
    choice_of_range,
    exclude,
    preview,
    revoke,
)
from monitoring.kernel.clock import iso_utc, parse_bound
from monitoring.models import ExcludedMeasurement, Exclusion

LONGEST_REASON = 500
FIELDS = {"tag": "tag", "from": "start", "start": "start", "to": "end", "end": "end"}  # by field of the error
TIME_HELP = "ISO 8601, as in 2026-01-31T12:00:00Z; UTC unless it has an offset. Inclusive."

if TYPE_CHECKING:
    ExclusionModelAdmin = admin.ModelAdmin[Exclusion]
else:  # Django's class is not generic at runtime
    ExclusionModelAdmin = admin.ModelAdmin


class ReasonForm(forms.Form):
    """Ask for the reason for an exclusion or an inclusion; the reason is stored with the exclusion."""

    reason = forms.CharField(
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
        help_text="Why; it stays on record.",
    )


class ExcludeForm(ReasonForm):
    """Select measurements by tag and time range, or by measurement ``ids``; ask for a reason."""

    ids = forms.CharField(required=False, widget=forms.HiddenInput)
    tag = forms.CharField(required=False, max_length=64)
    start = forms.CharField(label="From", required=False, help_text=TIME_HELP)
    end = forms.CharField(label="To", required=False, help_text=TIME_HELP)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ("ids", "tag", "start", "end", "reason", "seen")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self["ids"].value():  # ids already determine tag and time
            for name in ("tag", "start", "end"):
                self.fields[name].widget = forms.HiddenInput()

    def clean(self) -> dict[str, Any]:
        """Return the fields, with the selection as ``choice``.

        Raises:
            ValidationError: the fields select no measurements that can be excluded; the message gives the
                reason.
        """
        cleaned: dict[str, Any] = super().clean() or {}
        try:
            cleaned["choice"] = self._choice(cleaned)
        except ExclusionError as error:
            name = FIELDS.get(error.field, "__all__")
            raise ValidationError({name: str(error)[:1].upper() + str(error)[1:]}) from error
        return cleaned

    def _choice(self, cleaned: dict[str, Any]) -> Choice:
        if cleaned.get("ids"):
            numbers = cleaned["ids"].split(",")
            if not all(number.isdecimal() for number in numbers):
                raise ExclusionError("expected ids of measurements", "ids")
            return choice_of_ids([int(number) for number in numbers])
        if not cleaned.get("tag"):
            raise ExclusionError("the name of a tag is missing", "tag")
        start, end = self._bound(cleaned, "start"), self._bound(cleaned, "end", end=True)
        return choice_of_range(cleaned["tag"], start, end)

    def _bound(self, cleaned: dict[str, Any], name: str, *, end: bool = False) -> Any:
        try:
            return parse_bound(cleaned.get(name) or "", end=end)
        except ValueError as error:
            raise ExclusionError(f"expected {TIME_HELP}", name) from error


@admin.register(Exclusion)
class ExclusionAdmin(ReadOnly, ExclusionModelAdmin):
    """List exclusions with user, time and reason. Exclusions can be revoked, but not edited or deleted."""

    list_display = ("made_at", "tag", "start_utc", "end_utc", "measurements", "reason", "made_by", "state")
    list_filter = (("tag", TagFilter), ("revoked_at", admin.EmptyFieldListFilter))
    search_fields = ("tag__name", "reason", "made_by")
    list_select_related = ("tag",)
    actions = ("include_again",)
    fields = (
        *("tag", "start_utc", "end_utc", "measurements", "reason", "made_by", "made_at"),
        *("state", "revoke_reason", "revoked_by", "revoked_at", "returned"),
    )
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the user has the right to exclude (role engineer)."""
        return allows(request.user, EXCLUDE)

    def has_exclude_permission(self, request: HttpRequest) -> bool:
        """Return whether the user has the right to exclude, for Django's check of the action."""
        return allows(request.user, EXCLUDE)

    @admin.display(description="from (UTC)")
    def start_utc(self, row: Exclusion) -> str:
        """Return the start with seconds."""
        return to_the_second(row.start)

    @admin.display(description="to (UTC)")
    def end_utc(self, row: Exclusion) -> str:
        """Return the end with seconds."""
        return to_the_second(row.end)

    @admin.display(description="measurements excluded")
    def measurements(self, row: Exclusion) -> str:
        """Return the number of excluded measurements, as a link to those that are still excluded."""
        address = reverse("admin:monitoring_excludedmeasurement_changelist")
        return format_html('<a href="{}?exclusion__id__exact={}">{}</a>', address, row.pk, f"{row.taken:,}")

    @admin.display(description="state")
    def state(self, row: Exclusion) -> str:
        """Return "excluded" or "included again", with "in progress" while measurements are moving."""
        words = "excluded" if row.revoked_at is None else "included again"
        return words if row.is_complete else f"{words}, in progress"

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for a selection, show the number of measurements, and exclude them after confirmation.

        Raises:
            PermissionDenied: the user may not exclude.
        """
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ExcludeForm(request.POST or None, initial={name: request.GET[name] for name in request.GET})
        found: Preview | None = None
        if form.is_valid():
            found = preview(form.cleaned_data["choice"])
            if "confirm" in request.POST and form.cleaned_data["seen"] == seen(found):
                return self.excluded(request, form, found)
        elif not form.is_bound and form["ids"].value():
            found = preview_of_ids(form["ids"].value())
        return self.page(request, "exclude", {"title": "Exclude measurements", "form": form, "found": found})

    def excluded(self, request: HttpRequest, form: ExcludeForm, found: Preview) -> HttpResponse:
        """Exclude the measurements, report their number or the error, and redirect to the list."""
        reason, by = form.cleaned_data["reason"], request.user.get_username()
        try:
            made = exclude(found.choice, reason=reason, by=by)
        except ExclusionError as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request, f"{made.taken:,} measurements of {made.tag} excluded.{unfinished(made)}"
            )
        return redirect("admin:monitoring_exclusion_changelist")

    @admin.action(
        description="Include the measurements of the selected exclusions again", permissions=["exclude"]
    )
    def include_again(self, request: HttpRequest, queryset: QuerySet[Exclusion]) -> HttpResponse | None:
        """Ask for a reason, then include the measurements again."""
        rows = list(queryset.filter(revoked_at=None).select_related("tag"))
        if not rows:
            messages.warning(request, "The measurements of these exclusions are included again already.")
            return None
        form = ReasonForm(request.POST if "confirm" in request.POST else None)
        if form.is_valid():
            self.include(request, rows, form.cleaned_data["reason"])
            return None
        return self.page(request, "include", {"title": "Include again", "form": form, "rows": rows})

    def include(self, request: HttpRequest, rows: list[Exclusion], reason: str) -> None:
        """Include the measurements of these exclusions again and report the numbers."""
        for row in rows:
            try:
                done = revoke(row.pk, reason=reason, by=request.user.get_username())
            except AlreadyRevokedError:
                continue  # another user revoked this exclusion since the query
            messages.success(
                request, f"{done.returned:,} measurements of {done.tag} included again.{unfinished(done)}"
            )

    def page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        """Render ``admin/monitoring/exclusion/<name>.html`` with the admin's context."""
        found = context.get("found")
        context = {
            **self.admin_site.each_context(request),
            **context,
            "opts": self.model._meta,
            "seen": seen(found) if found else "",
        }
        return TemplateResponse(request, f"admin/monitoring/exclusion/{name}.html", context)


def seen(found: Preview) -> str:
    """Return a key of the previewed selection; a changed selection needs a new preview first."""
    choice = found.choice
    return f"{choice.tag} {iso_utc(choice.start)} {iso_utc(choice.end)} {choice.ids}"


def preview_of_ids(text: str) -> Preview | None:
    """Return the preview of comma-separated ids from a URL; None if these ids cannot be excluded.

    The form reports the error on submission.
    """
    try:
        return preview(choice_of_ids([int(number) for number in text.split(",")]))
    except ValueError:
        return None


def unfinished(exclusion: Exclusion) -> str:
    """Return an addition to the message while measurements are still moving, else an empty string."""
    return "" if exclusion.is_complete else " There are more: the worker goes on with them."


@admin.register(ExcludedMeasurement)
class ExcludedMeasurementAdmin(Browsed):
    """List the measurements that are excluded now."""

    list_display = ("timestamp_utc", "tag", "value", "anomaly", "reason", "excluded_by")
    list_filter = (("tag", TagFilter), "is_anomaly")
    date_hierarchy = "timestamp"
    ordering = ("-timestamp", "-id")
    list_select_related = ("tag", "exclusion")

    @admin.display(description="timestamp (UTC)")
    def timestamp_utc(self, row: ExcludedMeasurement) -> str:
        """Return the timestamp with seconds."""
        return to_the_second(row.timestamp)

    @admin.display(description="anomaly")
    def anomaly(self, row: ExcludedMeasurement) -> str:
        """Return a label if the measurement was an anomaly when excluded, else an empty string."""
        return "▲ anomaly" if row.is_anomaly else ""

    @admin.display(description="reason")
    def reason(self, row: ExcludedMeasurement) -> str:
        """Return the reason, as a link to the exclusion."""
        address = reverse("admin:monitoring_exclusion_change", args=[row.exclusion_id])
        return format_html('<a href="{}">{}</a>', address, row.exclusion.reason)

    @admin.display(description="excluded by")
    def excluded_by(self, row: ExcludedMeasurement) -> str:
        """Return the name of the user that made the exclusion."""
        by: str = row.exclusion.made_by
        return by
