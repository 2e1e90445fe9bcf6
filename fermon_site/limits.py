"""How much may be sent, to pages as to the API, and how often somebody may try to sign in."""

from collections.abc import Callable
from math import ceil

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from rest_framework.permissions import SAFE_METHODS

from monitoring.access.body_limits import LengthRequired, too_large
from monitoring.access.responses import error_response
from monitoring.access.throttles import address_of, throttle_login
from monitoring.kernel.request_limits import MAX_BODY_BYTES


class Limits:
    """Refuses what is too much before anybody has read of it, or has worked at a password.

    It is the last of the middlewares: what all the others add is added to its refusals, too, and the
    first that reads a body, the check against forged requests, does so behind all of them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, or why there is none."""
        return refused_body(request) or refused_login(request) or self.get_response(request)


def refused_body(request: HttpRequest) -> HttpResponse | None:
    """413 for a body of more than 8 MiB, 411 for one in chunks, of which nobody knows how large it is."""
    declared = request.META.get("CONTENT_LENGTH") or ""
    if not declared and "Transfer-Encoding" in request.headers and request.method not in SAFE_METHODS:
        return error_response(request, LengthRequired.status_code, LengthRequired.default_detail)
    try:
        length = int(declared)
    except ValueError:
        return None  # Django takes it for 0, and reads nothing
    if length <= MAX_BODY_BYTES:
        return None
    error = too_large(declared)
    return error_response(request, error.status_code, str(error.detail))


def refused_login(request: HttpRequest) -> HttpResponse | None:
    """429 for who tries to sign in too often, by whatever names; to look at the page costs nothing."""
    is_like_it = request.method == "POST" and request.path.endswith("login")  # readings come often
    if not is_like_it or request.path != reverse("login"):
        return None
    if not (waiting := ceil(throttle_login(address_of(request)))):
        return None
    page = error_response(
        request, 429, f"Too many tried to sign in from this address. Try again in {waiting} seconds."
    )
    page["Retry-After"] = str(waiting)
    return page
