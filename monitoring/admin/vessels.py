"""Vessels and their tags in the admin: edited through the checks of the API."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from monitoring.access.roles import DESIGN, allows
from monitoring.admin.designed import CheckedForm, Designed, ListInline, actor_of, errors_as_answers
from monitoring.batches import vessels
from monitoring.batches.vessel_roles import ROLES
from monitoring.models import Vessel, VesselName, VesselTag


class VesselForm(CheckedForm):
    """Edit a vessel."""

    def check(self) -> None:
        """Check fields and name.

        Raises:
            BatchInputError, BatchConflictError: one is invalid.
        """
        self.instance.made_at = self.instance.made_at or datetime.now(UTC)
        vessels.check_fields(self.instance)
        vessels.check_name(self.instance.name, but=self.instance if self.instance.pk else None)


class FormerNameInline(ListInline):
    """List the former names of a vessel: their addresses lead to the vessel."""

    model = VesselName
    fields = readonly_fields = ("name",)
    verbose_name_plural = "former names"


class BindingInline(ListInline):
    """List the tags of a vessel."""

    model = VesselTag
    fields = readonly_fields = ("tag", "role", "function", "tolerance", "is_shared", "begin", "end")
    verbose_name_plural = "tags"


@admin.register(Vessel)
class VesselAdmin(Designed):
    """List, make, change and rename vessels. One out of use is set inactive, never deleted."""

    form = VesselForm
    list_display = ("name", "title", "area", "working_volume_l", "is_active")
    list_filter = ("is_active", "area")
    search_fields = ("name", "title", "former_names__name")
    fields = ("name", *vessels.CHANGEABLE)
    inlines = (BindingInline, FormerNameInline)

    def save_model(self, request: HttpRequest, obj: Vessel, form: Any, change: bool) -> None:
        """Store the vessel; a former name stays reserved."""
        actor = actor_of(request)
        given = {name: getattr(obj, name) for name in self.fields}
        with errors_as_answers():
            if change:
                before = Vessel.objects.get(pk=obj.pk)
                vessels.change_vessel(before.name, given, actor=actor)
            else:
                obj.pk = vessels.make_vessel(**given, actor=actor).pk


class BindingForm(CheckedForm):
    """Edit the binding of a tag."""

    role = forms.ChoiceField(choices=[(role.name, role.title) for role in ROLES.values()])

    def check(self) -> None:
        """Check the binding beside others.

        Raises:
            BatchInputError, BatchConflictError: it is invalid.
        """
        vessels.check_binding(self.instance)


@admin.register(VesselTag)
class VesselTagAdmin(Designed):
    """List, bind and unbind tags. To move a tag to another vessel, set the end, then bind it there."""

    form = BindingForm
    list_display = ("vessel", "tag", "role", "function", "tolerance", "is_shared", "begin", "end")
    list_filter = ("vessel", "role", "function", "is_shared")
    search_fields = ("vessel__name", "tag__name")
    list_select_related = ("vessel", "tag")
    fields = ("vessel", "tag", *vessels.BINDING_FIELDS)
    raw_id_fields = ("tag",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Make vessel and tag of an existing binding read-only."""
        return ("vessel", "tag") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the user may delete a binding that was a mistake."""
        return allows(request.user, DESIGN)

    def save_model(self, request: HttpRequest, obj: VesselTag, form: Any, change: bool) -> None:
        """Store the binding."""
        given = {name: getattr(obj, name) for name in vessels.BINDING_FIELDS}
        with errors_as_answers():
            if change:
                vessels.change_binding(obj.vessel.name, obj.pk, given, actor=actor_of(request))
            else:
                made = vessels.bind(obj.vessel.name, obj.tag.name, **given, actor=actor_of(request))
                obj.pk = made.pk
