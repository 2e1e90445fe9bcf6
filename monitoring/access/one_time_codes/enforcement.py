"""End logins without a one-time code that the account needs: from before the app, the setting or the role."""

from collections.abc import Callable

from django.contrib.auth import logout
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse

from monitoring.access.one_time_codes.devices import needs_code
from monitoring.access.one_time_codes.pending import is_unverified


class RequireOneTimeCode:
    """Sign out users who need a code and signed in by a password alone; tokens need no code."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the answer, to nobody in particular if the code is missing."""
        try:
            if is_unverified(request) and request.user.is_authenticated and needs_code(request.user):
                logout(request)
        except DatabaseError:
            pass  # the view answers for a database that is away
        return self.get_response(request)
