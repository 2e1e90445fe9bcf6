"""The admin's site: entered by role, and by the same login page as everything else."""

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

NO_ADMIN = "Your role may not use the admin: that is for engineers and administrators."


class FermonAdminSite(AdminSite):
    """Django's, for whoever may change tags: nobody has to remember "staff status" beside the role."""

    site_header = site_title = "Fermon"
    index_title = "Administration"
    site_url = "/dashboard"

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the user may enter; what they may do there is asked for page by page."""
        return super().has_permission(request) or allows(request.user, CONFIGURE)

    def password_change(  # type: ignore[override]  # a redirect is an answer, too
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Leads to the page for everybody, where wrong old passwords are counted."""
        return redirect("password")

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """The view, to who may enter."""
        return super().admin_view(or_bad_request(view), cacheable)

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Leads to the login page; whoever is signed in already is let in or told why not."""
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied(NO_ADMIN)
        return to_login(request, request.GET.get("next") or request.path)


def or_bad_request(view: View) -> View:
    """The view; where an address or a form asks by a value that its column can't have, that is a 400.

    Such are a text with NUL, which PostgreSQL does not take, a number of thirty digits, and a word as an id.
    The warning in the log has the error's trace.
    """

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except (DataError, OverflowError, ValueError) as error:
            raise BadRequest(str(error)) from error

    return cast(View, answered)
