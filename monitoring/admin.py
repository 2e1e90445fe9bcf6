"""The admin: tags are edited here, measurements and events only looked at."""

import csv
import json
from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from typing import TYPE_CHECKING, Any

from auditlog.admin import LogEntryAdmin
from auditlog.models import LogEntry
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.checks import ModelAdminChecks
from django.core.checks import CheckMessage
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from monitoring.domain.cells import inert
from monitoring.domain.detectors.overrides import override_lines, parse_overrides, refusal
from monitoring.domain.detectors.settings import defaults
from monitoring.domain.monitor import DETECTORS, DetectionSettings, SettingError
from monitoring.ingest.replay import retry
from monitoring.ingest.tokens import make_token
from monitoring.models import (
    Event,
    Finding,
    Lease,
    Measurement,
    Refusal,
    RefusalCount,
    Series,
    SetAsideReading,
    Tag,
    Token,
)
from monitoring.queries.browsing import CappedPaginator, IndexedTimes, matching

MOST_TAGS_TO_CHOOSE = 100

if TYPE_CHECKING:
    TagModelAdmin = admin.ModelAdmin[Tag]
    BrowsedModelAdmin = admin.ModelAdmin[Any]
    TagModelForm = forms.ModelForm[Tag]
    LeaseModelAdmin = admin.ModelAdmin[Lease]
    SeriesModelAdmin = admin.ModelAdmin[Series]
    RefusalModelAdmin = admin.ModelAdmin[Refusal]
    RefusalCountModelAdmin = admin.ModelAdmin[RefusalCount]
    SetAsideModelAdmin = admin.ModelAdmin[SetAsideReading]
    TokenModelAdmin = admin.ModelAdmin[Token]
    FindingTabularInline = admin.TabularInline[Finding, Measurement]
else:  # Django's own classes take no parameters while it runs
    TagModelAdmin = BrowsedModelAdmin = LeaseModelAdmin = SeriesModelAdmin = admin.ModelAdmin
    RefusalModelAdmin = RefusalCountModelAdmin = SetAsideModelAdmin = TokenModelAdmin = admin.ModelAdmin
    TagModelForm = forms.ModelForm
    FindingTabularInline = admin.TabularInline


class ReadOnly:
    """Records that the system writes and nobody edits."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes."""
        return False


class ParametersField(forms.CharField):
    """The detectors' own parameters that are overridden: ``detector.parameter = value``, one a line."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 50, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        """Parameters by name become lines; what was typed stays."""
        return "\n".join(override_lines(value)) if isinstance(value, dict) else value

    def clean(self, value: Any) -> Any:
        """Lines become parameters by name."""
        try:
            return parse_overrides(super().clean(value).splitlines())
        except SettingError as error:
            raise forms.ValidationError(refusal(error)) from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the lines say something else."""
        return super().has_changed(self.prepare_value(initial or {}), data)


def parameters_help() -> SafeString:
    """How parameters are written, and those that there are."""
    return format_html(
        "<code>detector.parameter = value</code>, one a line, where a detector's own does not do."
        "<details><summary>All of them with their defaults</summary><pre>{}</pre></details>",
        "\n".join(override_lines(defaults())),
    )


class TagForm(TagModelForm):
    """A tag; its detectors as boxes to tick, their parameters as lines."""

    detectors_off = forms.MultipleChoiceField(
        choices=[(name, name) for name in DETECTORS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Those that are ticked find nothing for this tag.",
    )
    detection_parameters = ParametersField(required=False, label="Parameters", help_text=parameters_help())

    reason = forms.CharField(
        label="reason for change",
        required=False,
        max_length=200,
        help_text="Kept in the audit trail beside what was changed.",
    )

    class Meta:
        model = Tag
        fields = "__all__"

    def clean_sensitivity(self) -> float:
        """An empty one is the usual one."""
        given: float | None = self.cleaned_data["sensitivity"]
        return 1.0 if given is None else given

    def clean(self) -> dict[str, Any]:
        """Refuses settings that the detectors can't have."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            DetectionSettings(parameters=data.get("detection_parameters") or {})
        except SettingError as error:
            self.add_error("detection_parameters", refusal(error))
        return data


def tried_settings(query: QueryDict) -> dict[str, Any]:
    """The form's values by the address; they are not checked before somebody saves them."""
    return {
        "detectors_off": query.getlist("detectors_off"),
        "sensitivity": query["sensitivity"],
        "detection_parameters": query.get("detection_parameters", ""),
    }


def filled_in(form: type[TagModelForm], values: dict[str, Any]) -> type[TagModelForm]:
    """The form with these values in place of the tag's."""

    class FilledIn(form):  # type: ignore[misc, valid-type]  # a class that is made while it runs
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs, initial=values)

    return FilledIn


@admin.register(Tag)
class TagAdmin(TagModelAdmin):
    """A tag is made here, without code; once it has measurements it can be set inactive, not deleted."""

    list_display = ("name", "group", "description", "unit", "valid_range", "limits", "active")
    list_filter = ("active", "group")
    search_fields = ("name", "description")
    actions = None
    form = TagForm
    fieldsets = (
        (None, {"fields": ("name", "description", "group", "unit", "active", "stale_after_s")}),
        ("Valid range", {"fields": (("valid_min", "valid_max"),)}),
        ("Limits", {"fields": (("lower_limit", "upper_limit"),)}),
        (
            "Detection",
            {"fields": ("detectors_off", "sensitivity", "detection_parameters", "other_settings")},
        ),
        ("Retention", {"fields": (("retention_days", "anomaly_retention_days"),)}),
        ("Audit trail", {"fields": ("reason",)}),
    )

    @admin.display(description="valid range")
    def valid_range(self, tag: Tag) -> str:
        """Both ends in one column."""
        return f"{tag.valid_min:g} to {tag.valid_max:g}"

    @admin.display(description="limits")
    def limits(self, tag: Tag) -> str:
        """Both limits in one column."""
        low, high = (
            "none" if limit is None else f"{limit:g}" for limit in (tag.lower_limit, tag.upper_limit)
        )
        return f"{low} to {high}"

    def save_model(self, request: HttpRequest, obj: Tag, form: Any, change: bool) -> None:
        """Hands the reason to the audit trail, which asks the tag for it."""
        if reason := form.cleaned_data["reason"]:
            obj.get_additional_data = lambda: {"reason": reason}  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def get_readonly_fields(self, request: HttpRequest, obj: Tag | None = None) -> tuple[str, ...]:
        """A tag's name is its identity: measurements carry it."""
        return ("name", "other_settings") if obj else ("other_settings",)

    @admin.display(description="other settings")
    def other_settings(self, tag: Tag) -> str:
        """Where they can be tried before they are used."""
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
        """The form, filled in with the settings that the address brings along, as a backtest does."""
        form: type[TagModelForm] = super().get_form(request, obj, change, **kwargs)
        is_filled_in = request.method == "GET" and "sensitivity" in request.GET
        if obj is None or not is_filled_in or not self.has_change_permission(request, obj):
            return form
        messages.info(request, "Filled in with the settings that were tried. Save to use them.")
        return filled_in(form, tried_settings(request.GET))

    def has_delete_permission(self, request: HttpRequest, obj: Tag | None = None) -> bool:
        """Only a tag without measurements; Django would list all of them to say no."""
        unused = obj is None or not obj.measurements.exists()
        return unused and super().has_delete_permission(request, obj)


def to_the_second(moment: datetime) -> str:
    """The moment in UTC: Django's own format leaves the seconds out."""
    return moment.isoformat(sep=" ").removesuffix("+00:00")


class MomentAdminChecks(ModelAdminChecks):
    """Django's checks of an admin class, but for one that goes by the name of the column's type."""

    def _check_date_hierarchy(self, obj: Any) -> list[CheckMessage]:
        """A moment is as good as any DateTimeField; Django knows only those that it named itself."""
        return []


class Browsed(ReadOnly, BrowsedModelAdmin):
    """A list in the order of time, whose page costs the same at a thousand and at a hundred million rows."""

    checks_class = MomentAdminChecks
    sortable_by = ()
    list_per_page = 100
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each would count the whole table
    paginator = CappedPaginator
    search_fields = ("tag",)
    search_help_text = "A part of a tag's name or description, or a time: 2026-01-31, 2026-01-31T12:30"
    list_select_related = ("tag",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Rows whose date hierarchy is read off the index, newest first."""
        return IndexedTimes(self.model).order_by(*self.ordering or ())

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By tag or by time, both through an index."""
        return matching(queryset, search_term, moment=self.date_hierarchy or ""), False


class TagFilter(admin.RelatedFieldListFilter):
    """The tags to choose from. Of too many it has the first, and the chosen one: the search finds all."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        """Their ids and names."""
        tags = Tag.objects.order_by("name").values_list("pk", "name")
        first = list(tags[:MOST_TAGS_TO_CHOOSE])
        chosen = request.GET.get(self.lookup_kwarg, "")
        others = tags.filter(pk=int(chosen)) if chosen.isdecimal() else tags.none()
        return [*first, *(tag for tag in others if tag not in first)]


class FindingInline(ReadOnly, FindingTabularInline):
    """Why a measurement is an anomaly."""

    model = Finding
    fields = ("reason", "lower", "upper")
    verbose_name_plural = "findings: the rules that speak against it, and the band that it left"


@admin.register(Measurement)
class MeasurementAdmin(Browsed):
    """What is stored."""

    list_display = ("timestamp_utc", "tag_name", "value", "anomaly")
    list_filter = (("tag", TagFilter), "is_anomaly")
    date_hierarchy = "timestamp"
    ordering = ("-timestamp", "-id")
    inlines = (FindingInline,)

    @admin.display(description="timestamp (UTC)")
    def timestamp_utc(self, row: Measurement) -> str:
        """The whole timestamp."""
        return to_the_second(row.timestamp)

    @admin.display(description="tag")
    def tag_name(self, row: Measurement) -> str:
        """The tag's name."""
        name: str = row.tag.name
        return name

    @admin.display(description="anomaly")
    def anomaly(self, row: Measurement) -> str:
        """In a word; most rows are normal, and say nothing."""
        return "▲ anomaly" if row.is_anomaly else ""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Says how far the list goes."""
        title = f"Measurements, the newest {CappedPaginator.cap:,} of the selection"
        return super().changelist_view(request, {"title": title, **(extra_context or {})})


class DetectorFilter(admin.SimpleListFilter):
    """By detector: the names are known, so nobody has to look for them in the table."""

    title = parameter_name = "detector"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every detector."""
        return [(name, name) for name in DETECTORS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        """The chosen detector's."""
        return queryset.filter(detector=self.value()) if self.value() else queryset


@admin.register(Event)
class EventAdmin(Browsed):
    """What the detectors found."""

    list_display = ("start_utc", "end_utc", "tag", "detector", "kind", "score", "explanation")
    list_filter = (("tag", TagFilter), DetectorFilter, ("end", admin.EmptyFieldListFilter))
    date_hierarchy = "start"
    list_per_page = 50
    ordering = ("-start", "-id")
    exclude = ("revision",)

    @admin.display(description="start (UTC)")
    def start_utc(self, row: Event) -> str:
        """When it began."""
        return to_the_second(row.start)

    @admin.display(description="end (UTC)")
    def end_utc(self, row: Event) -> str:
        """When it ended, if it has."""
        return to_the_second(row.end) if row.end else "▲ it lasts"


@admin.register(Series)
class SeriesAdmin(ReadOnly, SeriesModelAdmin):
    """How much is stored of each tag, and since when."""

    list_display = ("tag", "measurements", "anomalies", "last", "raw_from")
    list_select_related = ("tag",)


@admin.register(Lease)
class LeaseAdmin(ReadOnly, LeaseModelAdmin):
    """Which worker runs a source, and how far it has written."""

    list_display = ("source", "owner", "renewed_at", "written_until", "position")


@admin.register(Refusal)
class RefusalAdmin(ReadOnly, RefusalModelAdmin):
    """The last readings that were refused, as they came."""

    list_display = ("received_at", "tag", "reason", "message", "source")
    list_filter = ("reason",)
    search_fields = ("tag", "message", "source")


@admin.register(RefusalCount)
class RefusalCountAdmin(ReadOnly, RefusalCountModelAdmin):
    """How many were refused, hour by hour."""

    list_display = ("hour", "tag", "reason", "count")
    list_filter = ("reason",)
    search_fields = ("tag",)


@admin.register(SetAsideReading)
class SetAsideReadingAdmin(SetAsideModelAdmin):
    """Readings that were acknowledged and can't be stored: tried again, or dismissed, by a person."""

    list_display = ("set_aside_at", "reading", "message", "source", "kept_at")
    fields = readonly_fields = ("reading", "message", "source", "kept_at", "set_aside_at")
    actions = ("try_again",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only the system sets aside."""
        return False

    @admin.action(description="Try to store the selected readings again", permissions=["change"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[SetAsideReading]) -> None:
        """Stores those that can be stored now; the others stay, with the reason of today."""
        outcomes = [retry(row) for row in queryset]
        stuck = [outcome.error for outcome in outcomes if outcome.reason is not None]
        if len(stuck) < len(outcomes):
            messages.success(request, f"{len(outcomes) - len(stuck)} stored.")
        if stuck:
            messages.warning(request, f"{len(stuck)} can't be stored still: {stuck[0]}")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Django's deletion under the name of what it means here."""
        actions: dict[str, Any] = super().get_actions(request)
        if "delete_selected" in actions:
            function, name, _ = actions["delete_selected"]
            actions["delete_selected"] = (function, name, "Dismiss the selected readings for good")
        return actions


@admin.register(Token)
class TokenAdmin(TokenModelAdmin):
    """A token is made and revoked here; its secret is on the page that follows, and nowhere afterwards."""

    list_display = ("name", "scope", "prefix", "active", "expires_at", "used_at", "created_at")
    list_filter = ("active", "scope")
    search_fields = ("name", "prefix")
    actions = ("revoke",)

    def get_fields(self, request: HttpRequest, obj: Token | None = None) -> tuple[str, ...]:
        """Once it is made, also what became of it."""
        decided = ("name", "scope", "prefix", "expires_at")
        return (*decided, "active", "created_at", "used_at") if obj else decided

    def get_readonly_fields(self, request: HttpRequest, obj: Token | None = None) -> tuple[str, ...]:
        """What it may do is decided when it is made."""
        return ("scope", "prefix", "created_at", "used_at") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Token | None = None) -> bool:
        """It is revoked, and stays known."""
        return False

    def save_model(self, request: HttpRequest, obj: Token, form: Any, change: bool) -> None:
        """Makes the secret of a new one."""
        if change:
            obj.save(update_fields=["name", "expires_at", "active"])  # not used_at, which moves meanwhile
        else:
            request.new_secret = make_token(obj)  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: Token, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The secret, this once: neither a message nor a session ever holds it."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"Token {obj}",
            "secret": request.new_secret,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "admin/monitoring/token/made.html", context)

    @admin.action(description="Revoke the selected tokens", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Token]) -> None:
        """Lets nobody in by them any more. Row by row: each is recorded."""
        for token in queryset.filter(active=True):
            token.active = False
            token.save(update_fields=["active"])


TRAIL_COLUMNS = ("when", "who", "address", "action", "what", "object", "changes", "details")
admin.site.unregister(LogEntry)  # auditlog's own, whose export is missing


@admin.register(LogEntry)
class TrailAdmin(LogEntryAdmin):  # type: ignore[misc]  # auditlog has no types
    """The audit trail: read, searched and exported; nobody edits or deletes it."""

    list_display = ("created", "who", "remote_addr", "action", "resource_url", "msg_short", "details")
    search_fields = ("object_repr", "changes", "actor_email", "actor__username")
    fieldsets = (
        (None, {"fields": ("created", "who", "remote_addr", "resource_url", "action", "details")}),
        ("Changes", {"fields": ("msg",)}),
    )
    readonly_fields = ("created", "who", "remote_addr", "resource_url", "action", "details", "msg")
    actions = ("export",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody, not even along with something else."""
        return False

    @admin.display(description="who")
    def who(self, entry: LogEntry) -> str:
        """By name, also when the account is gone; empty for the system itself."""
        return entry.actor_email or ""

    @admin.display(description="details")
    def details(self, entry: LogEntry) -> str:
        """The reason for a change, or what happened to an account."""
        return "; ".join(map(str, (entry.additional_data or {}).values()))

    @admin.action(description="Export the selected entries as CSV", permissions=["view"])
    def export(self, request: HttpRequest, queryset: QuerySet[LogEntry]) -> StreamingHttpResponse:
        """A line an entry; no cell is a formula."""
        answer = StreamingHttpResponse(trail_lines(queryset), content_type="text/csv")
        answer["Content-Disposition"] = 'attachment; filename="fermon-audit-trail.csv"'
        return answer


def trail_lines(entries: QuerySet[LogEntry]) -> Iterator[str]:
    """The entries as lines of a CSV below its header, oldest first."""
    lines = StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(TRAIL_COLUMNS)
    for entry in entries.order_by("timestamp", "pk").iterator():
        cells = (
            entry.timestamp.isoformat(),
            entry.actor_email or "",
            entry.remote_addr or "",
            entry.get_action_display(),
            str(entry.content_type),
            entry.object_repr,
            json.dumps(entry.changes) if entry.changes else "",
            json.dumps(entry.additional_data) if entry.additional_data else "",
        )
        writer.writerow([inert(cell) for cell in cells])
        yield lines.getvalue()
        lines.seek(0)
        lines.truncate()
