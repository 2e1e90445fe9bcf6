"""Notifications in the admin: people, channels, routes, schedules and windows; outbox and log read-only."""

from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html

from monitoring.admin.alarms import AlarmTable, alarm_text
from monitoring.admin.browsed import to_the_second
from monitoring.models import (
    Channel,
    Delivery,
    DeliveryAttempt,
    Escalation,
    MaintenanceWindow,
    Person,
    PushSubscription,
    Route,
    RouteStep,
    Schedule,
    ScheduleMember,
    ScheduleOverride,
)
from monitoring.notifications.channel_settings import secrets_shown
from monitoring.notifications.delivery_log import alarm_of

if TYPE_CHECKING:
    NotificationAdmin = admin.ModelAdmin[Any]
    NotificationForm = forms.ModelForm[Any]
    NotificationInline = admin.TabularInline[Any, Any]
else:  # Django's classes are not generic at runtime
    NotificationAdmin = admin.ModelAdmin
    NotificationForm = forms.ModelForm
    NotificationInline = admin.TabularInline


class ZoneForm(NotificationForm):
    """A form with a time zone."""

    def clean_time_zone(self) -> str:
        """Return the name of the zone.

        Raises:
            ValidationError: no zone has this name.
        """
        name: str = self.cleaned_data["time_zone"]
        if name and name not in available_timezones():
            raise ValidationError("Expected a name of the time zone database, as Europe/Berlin.")
        return name


class Kept(NotificationAdmin):
    """Rows that the log refers to: switched off, never deleted."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False for all users."""
        return False


@admin.register(Person)
class PersonAdmin(Kept):
    """List and edit people; a person that leaves is switched off."""

    form = ZoneForm
    list_display = ("name", "user", "time_zone", "quiet_from", "quiet_until", "quiet_for", "is_enabled")
    list_filter = ("is_enabled",)
    search_fields = ("name", "user__username")
    list_select_related = ("user",)
    raw_id_fields = ("user",)


@admin.register(Channel)
class ChannelAdmin(Kept):
    """List channels and edit their owners. Address and secrets are set on the page of notifications."""

    list_display = ("name", "kind", "person", "is_enabled", "verified_at", "failing_since", "failure")
    list_filter = ("is_enabled", ("failing_since", admin.EmptyFieldListFilter))
    search_fields = ("name", "person__name")
    list_select_related = ("person",)
    fields = (
        *("name", "person", "position", "is_enabled", "allows_local", "kind", "address"),
        *("verified_at", "failing_since", "failure"),
    )
    readonly_fields = ("kind", "address", "verified_at", "failing_since", "failure")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the page with a form for each kind of channel.

        Raises:
            PermissionDenied: the user may not add channels.
        """
        if not self.has_add_permission(request):
            raise PermissionDenied
        return redirect("notification-channel-add")

    @admin.display(description="address")
    def address(self, row: Channel) -> str:
        """Return the settings, the secrets as "stored", and a link to the form."""
        parts = [f"{name}: {text}" for name, text in (row.settings | secrets_shown(row)).items() if text]
        link = reverse("notification-channel", args=[row.pk])
        return format_html('{} (<a href="{}">change</a>)', ", ".join(parts) or "none", link)

    def save_model(self, request: HttpRequest, obj: Channel, form: Any, change: bool) -> None:
        """Store the fields of the form; the notifier writes the other columns meanwhile."""
        obj.save(update_fields=["name", "person", "position", "is_enabled", "allows_local"])


class RouteStepInline(NotificationInline):
    """The steps of a route."""

    model = RouteStep
    extra = 0


@admin.register(Route)
class RouteAdmin(NotificationAdmin):
    """List and edit routes with their steps."""

    list_display = ("position", "name", "group", "alarm_class", "priority", "digest_at", "is_enabled")
    list_display_links = ("name",)
    inlines = (RouteStepInline,)


class MemberInline(NotificationInline):
    """The members of a rotation."""

    model = ScheduleMember
    extra = 0


class OverrideInline(NotificationInline):
    """The stand-ins."""

    model = ScheduleOverride
    extra = 0


@admin.register(Schedule)
class ScheduleAdmin(NotificationAdmin):
    """List and edit schedules with members and overrides."""

    form = ZoneForm
    list_display = ("name", "time_zone", "starts_on", "hands_over_at", "rotation_days")
    inlines = (MemberInline, OverrideInline)


@admin.register(MaintenanceWindow)
class MaintenanceWindowAdmin(Kept):
    """List and plan windows; one that is not wanted is ended."""

    list_display = ("start_utc", "end_utc", "subject", "reason", "by", "begun_at")
    list_select_related = ("tag",)
    raw_id_fields = ("tag",)
    readonly_fields = ("by", "begun_at")

    @admin.display(description="from (UTC)")
    def start_utc(self, row: MaintenanceWindow) -> str:
        """Return the start with seconds."""
        return to_the_second(row.start)

    @admin.display(description="to (UTC)")
    def end_utc(self, row: MaintenanceWindow) -> str:
        """Return the end with seconds."""
        return to_the_second(row.end)

    @admin.display(description="of")
    def subject(self, row: MaintenanceWindow) -> str:
        """Return the tag or group."""
        return str(row.tag or row.group or "whole plant")

    def save_model(self, request: HttpRequest, obj: MaintenanceWindow, form: Any, change: bool) -> None:
        """Store the window with the name of the user."""
        if not change:
            obj.by = request.user.get_username()
        obj.save()


@admin.register(PushSubscription)
class PushSubscriptionAdmin(NotificationAdmin):
    """List browsers that take messages; a lost one is deleted. The address is a secret of the browser."""

    list_display = ("channel", "browser", "added_at")
    list_select_related = ("channel",)
    fields = readonly_fields = ("channel", "browser", "added_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False for all users: a browser adds itself."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False for all users."""
        return False


@admin.register(Delivery)
class DeliveryAdmin(AlarmTable):
    """List deliveries, newest first."""

    list_display = (
        *("created_at_utc", "subject", "kind", "channel", "person", "state", "attempts"),
        *("sent_at_utc", "reason"),
    )
    list_filter = ("state", "kind")
    search_fields: ClassVar[tuple[str, ...]] = ("channel__name", "person__name")
    list_select_related: ClassVar[tuple[str, ...]] = (
        "channel",
        "person",
        "occurrence__definition__tag",
        "occurrence__definition__vessel",
    )
    ordering = ("-created_at", "-id")
    raw_id_fields = ("occurrence", "attempt")

    @admin.display(description="created at (UTC)")
    def created_at_utc(self, row: Delivery) -> str:
        """Return the creation with seconds."""
        return to_the_second(row.created_at)

    @admin.display(description="sent at (UTC)")
    def sent_at_utc(self, row: Delivery) -> str:
        """Return the time of sending with seconds."""
        return to_the_second(row.sent_at) if row.sent_at else ""

    @admin.display(description="alarm")
    def subject(self, row: Delivery) -> str:
        """Return the alarm in words."""
        return alarm_of(row) or "Test"


@admin.register(DeliveryAttempt)
class DeliveryAttemptAdmin(AlarmTable):
    """List attempts to send, newest first."""

    list_display = ("began_at_utc", "channel", "deliveries", "outcome", "detail", "is_repeat", "message_id")
    list_filter = ("outcome",)
    search_fields: ClassVar[tuple[str, ...]] = ("channel__name", "message_id")
    list_select_related: ClassVar[tuple[str, ...]] = ("channel",)
    ordering = ("-id",)

    @admin.display(description="began at (UTC)")
    def began_at_utc(self, row: DeliveryAttempt) -> str:
        """Return the begin with seconds."""
        return to_the_second(row.began_at)


@admin.register(Escalation)
class EscalationAdmin(AlarmTable):
    """List the alarms of which people are still notified, or were."""

    list_display = ("alarm", "priority", "route", "step", "due_at", "ended_at", "end_reason")
    list_filter = ("priority", ("ended_at", admin.EmptyFieldListFilter))
    search_fields: ClassVar[tuple[str, ...]] = ("occurrence__definition__tag__name",)
    list_select_related: ClassVar[tuple[str, ...]] = (
        "route",
        "occurrence__definition__tag",
        "occurrence__definition__vessel",
    )
    ordering = ("-occurrence",)
    raw_id_fields = ("occurrence",)

    @admin.display(description="alarm")
    def alarm(self, row: Escalation) -> str:
        """Return the alarm in words."""
        return alarm_text(row.occurrence.definition)
