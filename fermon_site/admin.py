"""The admin site: entered by role, with the same login page as all other pages."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.decorators import method_decorator

from monitoring.access.pages import to_login
from monitoring.access.roles import CONFIGURE, allows

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

# The sections of the index, by model; models that no section names are in the last one.
SECTIONS = {
    "Monitoring": (
        *("Tag", "Measurement", "Event", "Note", "Exclusion", "ExcludedMeasurement"),
        *("Replacement", "Refusal", "SetAsideReading", "SavedView", "FileImport"),
    ),
    "Alarms": ("AlarmDefinition", "AlarmOccurrence", "AlarmJournalEntry"),
    "Batches": ("Vessel", "VesselTag", "Recipe", "Batch", "Sample", "Profile", "BatchWatch", "Deviation"),
    "Sources": (
        *("Source", "SourceMapping", "SourcePoint", "SourceStatus"),
        *("SourceGap", "QualitySpan", "SourceJob"),
    ),
    "Notifications": (
        *("Person", "Channel", "PushSubscription", "Route", "Schedule", "MaintenanceWindow"),
        *("Delivery", "DeliveryAttempt"),
    ),
    "Access": ("User", "Group", "Token", "ExternalIdentity", "TOTPDevice", "LogEntry"),
    "Internals": (),
}
OWN_APPS = frozenset(
    {"monitoring", "auth", "auditlog", "otp_totp"}
)  # other apps have models of the same names
NO_ADMIN = "Your role may not use the admin: that is for engineers and administrators."


class FermonAdminSite(AdminSite):
    """Django's admin site for all roles with the permission to change tags, without a "staff status"."""

    site_header = site_title = "Fermon"
    index_title = "Tables"
    site_url = "/dashboard"

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may enter. Each page checks its own permission as well."""
        return super().has_permission(request) or allows(request.user, CONFIGURE)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the models that the user may see by section; those of one app for ``app_label``."""
        apps = super().get_app_list(request, app_label)
        return apps if app_label else sections_of(apps)

    def password_change(  # type: ignore[override]  # a redirect is an answer, too
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect to the password page of all users, which counts wrong old passwords."""
        return redirect("password")

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Return the view for permitted users, with rejected values answered by 400."""
        return super().admin_view(or_bad_request(view), cacheable)

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect to the login page; let signed-in users enter.

        Raises:
            PermissionDenied: the user's role may not use the admin.
        """
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied(NO_ADMIN)
        return to_login(request, request.GET.get("next") or request.path)


def sections_of(apps: list[Any]) -> list[dict[str, Any]]:
    """Return the sections of the index with Django's entries of the models; empty sections are left out."""
    entries = {
        (app["app_label"] in OWN_APPS, model["object_name"]): model for app in apps for model in app["models"]
    }
    found = {
        title: [entries.pop((True, name)) for name in names if (True, name) in entries]
        for title, names in SECTIONS.items()
    }
    found[list(SECTIONS)[-1]] += entries.values()
    return [
        {"name": title, "app_label": title.lower(), "app_url": "", "models": models}
        for title, models in found.items()
        if models
    ]


def or_bad_request(view: View) -> View:
    """Return the view, with status 400 for an address or a form value that a column can't hold.

    Examples: a text with NUL, which PostgreSQL rejects, a number of thirty digits, a word as an id. The
    warning in the log has the error's traceback.
    """

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except (DataError, OverflowError, ValueError) as error:
            raise BadRequest(str(error)) from error

    return cast(View, answered)
