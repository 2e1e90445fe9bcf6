"""Clocks of the hosts in the admin, where an administrator confirms a clock that has jumped."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path

from monitoring.admin.read_only import ReadOnly
from monitoring.kernel.host_clock import read_clock
from monitoring.models import HostClock
from monitoring.models.host_clock import clock_state
from monitoring.storage.host_clock import confirm_clock

if TYPE_CHECKING:
    HostClockModelAdmin = admin.ModelAdmin[HostClock]
else:  # Django's own class takes no parameters while it runs
    HostClockModelAdmin = admin.ModelAdmin

CONFIRM = "monitoring.change_hostclock"


@admin.register(HostClock)
class HostClockAdmin(ReadOnly, HostClockModelAdmin):
    """The last time at which each clock was right, and the jump since."""

    list_display = ("host", "good_until", "jumped_by", "boot")
    change_list_template = "admin/monitoring/hostclock/change_list.html"

    @admin.display(description="jumped by")
    def jumped_by(self, clock: HostClock) -> str:
        """Return the jump in days; empty for none."""
        return f"{clock.jump_s / 86_400:.1f} days" if clock.jump_s else "-"

    def get_urls(self) -> list[URLPattern]:
        """Add the address for confirming a clock."""
        view = self.admin_site.admin_view(self.confirm)
        return [path("confirm/", view, name="monitoring_hostclock_confirm"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show this server's clock above the list, with a button for users who may confirm."""
        found = {"clock": clock_state(read_clock()), "may_confirm": request.user.has_perm(CONFIRM)}
        return super().changelist_view(request, {**(extra_context or {}), **found})

    def confirm(self, request: HttpRequest) -> HttpResponse:
        """Accept this server's clock as right.

        Raises:
            PermissionDenied: the user is no administrator.
        """
        if not request.user.has_perm(CONFIRM):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        now = confirm_clock("clock confirmed in the admin")
        messages.success(request, f"Confirmed: it is {now:%Y-%m-%d %H:%M:%S} UTC. Retention goes on.")
        return redirect("admin:monitoring_hostclock_changelist")
