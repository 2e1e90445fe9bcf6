"""Access to pages: require a login and a role, and answer while the database is unavailable."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from monitoring.access.roles import READ, allows
from monitoring.access.single_sign_on.options import no_role_text
from monitoring.archive.outage import read_outage
from monitoring.archive.place import ArchiveError
from monitoring.kernel.outages import outages

NO_ROLE = "You are signed in, but without a role. An administrator gives roles in the admin."
NOT_SIGNED_IN = "Sign in first: in a browser at /login, in a script with 'Authorization: Token ...'."
AWAY = "The database is away. What is stored is safe; try again in a few seconds."
ARCHIVE_AWAY = "The archive can't be read now. Nothing is lost; try again in a few minutes."
RETRY_AFTER_S = 5


class LoginRequiredMiddleware:
    """Require a user with the READ permission for every page while Fermon is closed.

    All views are covered except those marked ``login_not_required``, so a new view is closed by default. DRF
    marks the views of the API, which check access by ``monitoring.access.permissions``.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], arguments: Any, named: Any
    ) -> HttpResponse | None:
        """Return the response that replaces the page; None if the user may see the page."""
        return refusal(request) if getattr(view, "login_required", True) else None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer 503 for views that do not handle a database failure themselves, such as the admin's."""
        if isinstance(error, ArchiveError):
            read_outage().begin(error)
            return unavailable(request, ARCHIVE_AWAY)
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        outages().database.begin(error)
        return database_unavailable(request)


def refusal(request: HttpRequest) -> HttpResponse | None:
    """Return the response that replaces a page while Fermon is closed; None if the user may see the page.

    Raises:
        PermissionDenied: the user has no role.
    """
    if settings.FERMON_OPEN:
        return None
    try:
        if allows(request.user, READ):
            return None
        is_known = request.user.is_authenticated
    except DatabaseError:
        return database_unavailable(request)
    if is_known:
        raise PermissionDenied(no_role_text(request) or NO_ROLE)
    return to_login(request, request.get_full_path())


def signed_in_only(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Require a login for a page of the user's own account, without a role, also while Fermon is open."""

    @never_cache
    @login_not_required  # the view below checks the login itself, without a role
    @wraps(view)
    def own_page(request: HttpRequest) -> HttpResponseBase:
        try:
            if request.user.is_authenticated:
                return view(request)
        except DatabaseError:
            return database_unavailable(request)
        return to_login(request, request.get_full_path())

    return own_page


def to_login(request: HttpRequest, following: str) -> HttpResponse:
    """Redirect a browser to the login page, and from there to ``following``; answer 401 to a JSON client."""
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return JsonResponse({"detail": NOT_SIGNED_IN}, status=401, headers={"WWW-Authenticate": "Token"})
    return redirect_to_login(following)


def database_unavailable(request: HttpRequest) -> HttpResponse:
    """Return the 503 response for the time while the database is unavailable."""
    return unavailable(request, AWAY)


def unavailable(request: HttpRequest, detail: str) -> HttpResponse:
    """Return a 503 response in the format that the client prefers."""
    if request.get_preferred_type(["application/json", "text/html"]) == "text/html":
        answer = render(request, "error.html", {"code": 503, "detail": detail}, status=503)
    else:
        answer = JsonResponse({"detail": detail}, status=503)
    answer["Retry-After"] = str(RETRY_AFTER_S)
    return answer


def signed_in_as(request: HttpRequest) -> str:
    """Return the name of the signed-in user; empty if anonymous, or if the database is unavailable."""
    try:
        return request.user.get_username()
    except DatabaseError:
        return ""
