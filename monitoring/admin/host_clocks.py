"""Host clocks in the admin, where an administrator confirms a clock that has jumped."""

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
else:  # Django's class is not generic at runtime
    HostClockModelAdmin = admin.ModelAdmin

CONFIRM = "monitoring.change_hostclock"


@admin.register(HostClock)
class HostClockAdmin(ReadOnly, HostClockModelAdmin):
    """List the last time at which each clock was known to be right, and the jump since."""

    list_display = ("host", "good_until", "jumped_by", "boot")
    change_list_template = "admin/monitoring/hostclock/change_list.html"

    @admin.display(description="jumped by")
    def jumped_by(self, clock: HostClock) -> str:
        """Return the jump in days; "-" for none."""
        return f"{clock.jump_s / 86_400:.1f} days" if clock.jump_s else "-"

    def get_urls(self) -> list[URLPattern]:
        """Add the URL that confirms a clock."""
        view = self.admin_site.admin_view(self.confirm)
        return [path("confirm/", view, name="monitoring_hostclock_confirm"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show this server's clock above the list, with a button for users with the permission."""
        found = {"clock": clock_state(read_clock()), "may_confirm": request.user.has_perm(CONFIRM)}
        return super().changelist_view(request, {**(extra_context or {}), **found})

    def confirm(self, request: HttpRequest) -> HttpResponse:
        """Confirm on POST that this server's clock is right, and redirect to the list.

        Raises:
            PermissionDenied: the user lacks the permission to confirm clocks.
        """
        if not request.user.has_perm(CONFIRM):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        now = confirm_clock("clock confirmed in the admin")
        messages.success(request, f"Confirmed: it is {now:%Y-%m-%d %H:%M:%S} UTC. Retention goes on.")
        return redirect("admin:monitoring_hostclock_changelist")
