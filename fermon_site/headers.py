"""What every answer says to browsers, beside the Content-Security-Policy."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

UNUSED = ("camera", "microphone", "geolocation", "payment", "usb", "serial", "hid", "midi")
PERMISSIONS = ", ".join(f"{feature}=()" for feature in UNUSED)


class PermissionsPolicy:
    """Gives up what Fermon never asks a browser for, so that nothing on its pages can."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, with the header."""
        response = self.get_response(request)
        response.headers["Permissions-Policy"] = PERMISSIONS
        return response
