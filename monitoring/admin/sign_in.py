"""How accounts sign in: at the provider of single sign-on, and with one-time codes."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django_otp.plugins.otp_static.admin import StaticDeviceAdmin  # noqa: F401  # registers the table
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.admin import TOTPDeviceAdmin as LibraryAdmin  # noqa: F401  # registers, too
from django_otp.plugins.otp_totp.models import TOTPDevice

from monitoring.access.one_time_codes.devices import remove
from monitoring.models import ExternalIdentity

# The pages of django-otp show secrets, from which anybody can make the user's codes.
admin.site.unregister([StaticDevice, TOTPDevice])

if TYPE_CHECKING:
    IdentityModelAdmin = admin.ModelAdmin[ExternalIdentity]
else:  # Django's class is not generic at runtime
    IdentityModelAdmin = admin.ModelAdmin


@admin.register(ExternalIdentity)
class ExternalIdentityAdmin(IdentityModelAdmin):
    """Accounts and their subjects at the provider. Without the row, the next login makes a new account."""

    list_display = ("user", "issuer", "subject", "created_at")
    search_fields = ("user__username", "subject")
    list_select_related = ("user",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: the first login adds the row."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: ExternalIdentity | None = None) -> bool:
        """Return False: an account stays with its subject."""
        return False


@admin.register(TOTPDevice)
class TOTPDeviceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # the library has no types
    """Users with an authenticator app. Delete a lost one: the recovery codes go, too."""

    list_display = ("user", "name", "created_at", "last_used_at")
    fields = ("user", "name", "created_at", "last_used_at")
    search_fields = ("user__username",)
    list_select_related = ("user",)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Return whether an address may filter by this: not by the secret, or its parts could be guessed."""
        return not lookup.startswith("key") and super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: users set up their own."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: TOTPDevice | None = None) -> bool:
        """Return False: users set up their own."""
        return False

    def delete_model(self, request: HttpRequest, obj: TOTPDevice) -> None:
        """Remove the app with the recovery codes."""
        remove(obj.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TOTPDevice]) -> None:
        """Remove the apps with their recovery codes."""
        for device in queryset.select_related("user"):
            remove(device.user)
