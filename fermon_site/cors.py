"""Cross-origin reads: pages of the origins in FERMON_CORS_ORIGINS may read responses in a browser.

Cookies stay out of it (there is no Access-Control-Allow-Credentials), so a page of another origin reads as
an anonymous caller, or with the token that it sends. Only reads: such a page cannot write by any header here.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.cache import patch_vary_headers

METHODS = ("GET", "HEAD", "OPTIONS")
PREFLIGHT = {
    "Access-Control-Allow-Methods": ", ".join(METHODS),
    "Access-Control-Allow-Headers": "Authorization, Last-Event-ID",
    "Access-Control-Max-Age": "600",
}
# Headers of responses that a script of another origin cannot read otherwise.
EXPOSED = "Content-Disposition, Fermon-Replica-Lag, Link, Retry-After, X-Request-ID"


class CrossOriginReads:
    """Answer preflight requests, and add the CORS headers (https://fetch.spec.whatwg.org) to reads."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the response; readable for the request's origin, if that is a named one."""
        if not settings.FERMON_CORS_ORIGINS:
            return self.get_response(request)
        origin = request.headers.get("Origin", "")
        is_preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        response = preflight(origin) if is_preflight else self.get_response(request)
        if origin in settings.FERMON_CORS_ORIGINS and request.method in METHODS:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = EXPOSED
        patch_vary_headers(response, ["Origin"])
        return response


def preflight(origin: str) -> HttpResponse:
    """Return the response to a preflight request, which browsers send without a login."""
    if origin not in settings.FERMON_CORS_ORIGINS:
        refused = f"Pages of {origin[:200]!r} may not read here: it is not among FERMON_CORS_ORIGINS."
        return JsonResponse({"detail": refused}, status=403)
    return HttpResponse(status=204, headers=PREFLIGHT)
