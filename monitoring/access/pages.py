"""Who may see a page, and who is shown as signed in."""

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
from monitoring.kernel import outages

NO_ROLE = "You are signed in, but without a role. An administrator gives roles in the admin."
NOT_SIGNED_IN = "Sign in first: in a browser at /login, in a script with 'Authorization: Token ...'."
AWAY = "The database is away. What is stored is safe; try again in a few seconds."
RETRY_AFTER_S = 5


class LoginForPages:
    """Django middleware: while Fermon is closed, every page needs somebody who may read.

    It asks for all views but those marked ``login_not_required``: what is added later is closed by itself.
    The API's views are marked so by DRF, and ask by ``monitoring.access.permissions``.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer, as the views give it."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], arguments: Any, named: Any
    ) -> HttpResponse | None:
        """What is answered instead of the page; None if it may be seen."""
        if settings.FERMON_OPEN or not getattr(view, "login_required", True):
            return None
        try:
            if allows(request.user, READ):
                return None
            is_known = request.user.is_authenticated
        except DatabaseError:
            return away(request)
        if is_known:
            raise PermissionDenied(NO_ROLE)
        return to_login(request, request.get_full_path())

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """What is answered by a page that does without the database in no other way, as the admin's."""
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        outages.database.begin(error)
        return away(request)


def for_whoever_is_signed_in(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The view of an account's own page: for who is signed in, open or closed, with a role or without."""

    @never_cache
    @login_not_required  # it is asked for here, and without a role
    @wraps(view)
    def own_page(request: HttpRequest) -> HttpResponseBase:
        try:
            if request.user.is_authenticated:
                return view(request)
        except DatabaseError:
            return away(request)
        return to_login(request, request.get_full_path())

    return own_page


def to_login(request: HttpRequest, following: str) -> HttpResponse:
    """Leads a browser to the login and from there to ``following``; a JSON client gets 401."""
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return JsonResponse({"detail": NOT_SIGNED_IN}, status=401, headers={"WWW-Authenticate": "Token"})
    return redirect_to_login(following)


def away(request: HttpRequest) -> HttpResponse:
    """What can be said of anybody while the database is away."""
    if request.get_preferred_type(["application/json", "text/html"]) == "text/html":
        answer = render(request, "error.html", {"code": 503, "detail": AWAY}, status=503)
    else:
        answer = JsonResponse({"detail": AWAY}, status=503)
    answer["Retry-After"] = str(RETRY_AFTER_S)
    return answer


def signed_in_as(request: HttpRequest) -> str:
    """The name of who is signed in; empty if nobody is, or if that can't be found out now."""
    try:
        return request.user.get_username()
    except DatabaseError:
        return ""
