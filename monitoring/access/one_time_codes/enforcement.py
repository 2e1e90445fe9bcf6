"""End logins without a required one-time code: those from before the setting or the role."""

from collections.abc import Callable

from django.contrib.auth import logout
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse

from monitoring.access.one_time_codes.devices import must_have_device
from monitoring.access.one_time_codes.pending import is_unverified


class RequireOneTimeCode:
    """Sign out users with the right to change settings and a login by password alone; tokens need no code."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the answer, to nobody in particular if the code is missing."""
        try:
            if is_unverified(request) and request.user.is_authenticated and must_have_device(request.user):
                logout(request)
        except DatabaseError:
            pass  # the view answers for a database that is away
        return self.get_response(request)
