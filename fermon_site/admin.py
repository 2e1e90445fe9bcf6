"""The admin's site: entered by role, and by the same login page as everything else."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator

from monitoring.dashboard.access import to_login
from monitoring.domain.roles import CONFIGURE, allows

NO_ADMIN = "Your role may not use the admin: that is for engineers and administrators."


class FermonAdminSite(AdminSite):
    """Django's, for whoever may change tags: nobody has to remember "staff status" beside the role."""

    site_header = site_title = "Fermon"
    index_title = "Administration"
    site_url = "/dashboard"

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the user may enter; what they may do there is asked for page by page."""
        return super().has_permission(request) or allows(request.user, CONFIGURE)

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Leads to the login page; whoever is signed in already is let in or told why not."""
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied(NO_ADMIN)
        return to_login(request, request.GET.get("next") or request.path)
