"""Response headers for browsers, other than the Content-Security-Policy."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

UNUSED = ("camera", "microphone", "geolocation", "payment", "usb", "serial", "hid", "midi")
PERMISSIONS = ", ".join(f"{feature}=()" for feature in UNUSED)


class PermissionsPolicy:
    """Disable the browser features that Fermon never uses, for every script on Fermon's pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the answer with the Permissions-Policy header."""
        response = self.get_response(request)
        response.headers["Permissions-Policy"] = PERMISSIONS
        return response
