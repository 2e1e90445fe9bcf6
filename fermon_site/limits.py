"""Limits of body size, for pages and the API alike, and of the rate of login attempts."""

from collections.abc import Callable
from math import ceil

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from rest_framework.permissions import SAFE_METHODS

from monitoring.access.body_limits import LengthRequired, too_large
from monitoring.access.callers import address_of
from monitoring.access.responses import error_response
from monitoring.access.throttles import throttle_login
from monitoring.kernel.request_limits import MAX_BODY_BYTES

LOGIN_PATHS = ("/login", "/sign-in/")


class RequestLimits:
    """Reject oversized bodies and too frequent logins before any code reads the body or checks a password.

    This middleware is the last one, so that rejections carry the headers of all the others. CSRF protection,
    the first code to read a body, runs in ``process_view``, after all middlewares have passed the request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the answer or the rejection."""
        return rejected_body(request) or rejected_login(request) or self.get_response(request)


def rejected_body(request: HttpRequest) -> HttpResponse | None:
    """Return 413 for a body of more than 8 MiB, 411 for a chunked body, whose size is unknown."""
    declared = request.META.get("CONTENT_LENGTH") or ""
    if not declared and "Transfer-Encoding" in request.headers and request.method not in SAFE_METHODS:
        return error_response(request, LengthRequired.status_code, LengthRequired.default_detail)
    try:
        length = int(declared)
    except ValueError:
        return None  # Django takes such a length for 0, and reads nothing
    if length <= MAX_BODY_BYTES:
        return None
    error = too_large(declared)
    return error_response(request, error.status_code, str(error.detail))


def rejected_login(request: HttpRequest) -> HttpResponse | None:
    """Return 429 after too many login attempts of an address, under any names; page views are free."""
    if not is_login(request):
        return None
    if not (waiting := ceil(throttle_login(address_of(request)))):
        return None
    page = error_response(
        request, 429, f"Too many tried to sign in from this address. Try again in {waiting} seconds."
    )
    page["Retry-After"] = str(waiting)
    return page


def is_login(request: HttpRequest) -> bool:
    """Return whether the request tries to sign in: by password, by code, or at the provider."""
    if not request.path_info.startswith(LOGIN_PATHS):  # the cheap test first: most requests are of data
        return False
    by_form = request.method == "POST" and request.path in (reverse("login"), reverse("login-code"))
    return by_form or request.path in (reverse("sign-in-start"), reverse("sign-in-return"))
