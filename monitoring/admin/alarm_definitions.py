"""Alarm definitions in the admin: each change is a version with a reason."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest

from monitoring.access.callers import address_of
from monitoring.admin.alarms import AlarmTable, alarm_text
from monitoring.admin.read_only import ReadOnly
from monitoring.admin.tag_form import filled_in
from monitoring.alarms.definition_rules import DefinitionError, check_kind
from monitoring.alarms.definitions import CHANGEABLE, change, check, create
from monitoring.alarms.kinds import VALUE_KINDS, Kind
from monitoring.alarms.wording import title_of
from monitoring.detection.detectors.settings import DETECTORS
from monitoring.kernel.actor import Actor
from monitoring.models import AlarmDefinition, AlarmDefinitionVersion

LONGEST_REASON = 500
ADVISED = ("setpoint", "deadband", "on_delay_s", "off_delay_s", "reason")  # in links of the advisor
KINDS = [*sorted(VALUE_KINDS), Kind.BAD.value, *(f"{Kind.EVENT}{name}" for name in DETECTORS)]

if TYPE_CHECKING:
    DefinitionModelForm = forms.ModelForm[AlarmDefinition]
    VersionInlineAdmin = admin.TabularInline[AlarmDefinitionVersion, AlarmDefinition]
else:  # Django's classes are not generic at runtime
    DefinitionModelForm = forms.ModelForm
    VersionInlineAdmin = admin.TabularInline


class DefinitionForm(DefinitionModelForm):
    """Edit a definition; ask for the reason."""

    kind = forms.ChoiceField(choices=[(kind, f"{kind}: {title_of(kind)}") for kind in KINDS])
    reason = forms.CharField(max_length=LONGEST_REASON, help_text="Why; it stays on record.")

    class Meta:
        model = AlarmDefinition
        fields = ("tag", "kind", *CHANGEABLE)

    def _post_clean(self) -> None:
        """Check the definition as the API does, after Django has set the fields of the instance."""
        super()._post_clean()  # type: ignore[misc]  # not in the stubs
        if self.errors:
            return
        try:
            if self.instance._state.adding:
                check_kind(self.instance.kind, DETECTORS)
            check(self.instance)
        except DefinitionError as error:
            field = error.field if error.field in self.fields else None
            self.add_error(field, str(error)[:1].upper() + str(error)[1:])


class VersionInline(ReadOnly, VersionInlineAdmin):
    """List the versions of a definition."""

    model = AlarmDefinitionVersion
    fields = readonly_fields = ("version", "at", "by", "reason", "from_id", "fields")
    extra = 0
    can_delete = False


@admin.register(AlarmDefinition)
class AlarmDefinitionAdmin(AlarmTable):
    """List, define and redefine alarms. An unwanted alarm is disabled, never deleted."""

    list_display = (
        *("alarm", "kind", "setpoint", "deadband", "on_delay_s", "off_delay_s", "priority"),
        *("alarm_class", "is_enabled", "version"),
    )
    list_filter = ("priority", "alarm_class", "is_enabled", "is_latching")
    search_fields = ("tag__name", "vessel__title", "vessel__name", "group", "kind")
    list_select_related = ("tag", "vessel")
    ordering = ("id",)
    form = DefinitionForm
    raw_id_fields = ("tag", "target_tag")
    inlines = (VersionInline,)
    fieldsets = (
        (None, {"fields": ("tag", "kind", "is_enabled", "priority", "alarm_class")}),
        ("Condition", {"fields": (("setpoint", "deadband"), ("on_delay_s", "off_delay_s"))}),
        ("Deviation, rate of change", {"fields": (("target", "target_tag", "settle_s"), "window_s")}),
        ("For the operator", {"fields": ("consequence", "action", "respond_within_s")}),
        (
            "Handling",
            {"fields": ("needs_acknowledgement", "is_latching", "longest_shelf_min", "realarm_after_s")},
        ),
        ("Record", {"fields": ("reason",)}),
    )

    @admin.display(description="alarm")
    def alarm(self, row: AlarmDefinition) -> str:
        """Return the tag, vessel or group, and the kind in words."""
        return alarm_text(row)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the user has the right to define alarms (role engineer)."""
        return request.user.has_perm("monitoring.add_alarmdefinition")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the user has the right to change definitions (role engineer)."""
        return request.user.has_perm("monitoring.change_alarmdefinition")

    def get_form(
        self, request: HttpRequest, obj: AlarmDefinition | None = None, change: bool = False, **kwargs: Any
    ) -> type[DefinitionModelForm]:
        """Return the form; fill in the settings from the query string of the advisor's link, if present."""
        form: type[DefinitionModelForm] = super().get_form(request, obj, change, **kwargs)
        advised = {name: request.GET[name] for name in ADVISED if name in request.GET}
        is_filled_in = request.method == "GET" and advised
        if obj is None or not is_filled_in or not self.has_change_permission(request, obj):
            return form
        messages.info(request, "Filled in with the settings of the advisor. Save to use them.")
        return filled_in(form, advised)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Make tag and kind of an existing definition read-only: they are its identity."""
        return ("tag", "kind") if obj else ()

    def save_model(self, request: HttpRequest, obj: AlarmDefinition, form: Any, is_change: bool) -> None:
        """Store the definition as a new version, with reason and user."""
        actor = Actor(request.user.get_username(), "admin", address_of(request))
        reason = form.cleaned_data["reason"]
        if is_change:
            wanted = {name: form.cleaned_data[name] for name in CHANGEABLE}
            change(obj.pk, wanted, reason=reason, actor=actor)
        else:
            create(obj, reason=reason, actor=actor)
