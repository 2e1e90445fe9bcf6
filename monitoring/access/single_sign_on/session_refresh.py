"""Ask the provider again, silently, whether a login still holds, and for which roles."""

import time
from typing import Any

from django.contrib.auth import logout
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from mozilla_django_oidc.middleware import SessionRefresh

from monitoring.access.single_sign_on.backend import library_setting
from monitoring.access.single_sign_on.options import began_at_provider
from monitoring.access.single_sign_on.provider import provider

EXPIRY_KEY = "oidc_id_token_expiration"
# A page that stays open asks for data only, which can't be sent to the provider; nor can anybody ask a
# provider that is away.
LONGEST_UNASKED_S = 12 * 3600
# Never led away: where the login itself happens.
EXEMPT = ("/sign-in/", "/login", "/logout")


class ProviderSessions(SessionRefresh):  # type: ignore[misc]  # the library has no types
    """Send navigations to the provider once its last answer is old; end sessions unasked for long."""

    @staticmethod
    def get_settings(attr: str, *args: Any) -> Any:
        """Return a setting of the library."""
        return library_setting(attr, *args)

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Return the redirect to the provider; None to go on, maybe without the login."""
        try:
            if not began_at_provider(request):
                return None
        except DatabaseError:
            return None  # the view answers for a database that is away
        overdue_s = time.time() - request.session.get(EXPIRY_KEY, 0)
        if overdue_s > LONGEST_UNASKED_S:
            logout(request)
        elif overdue_s > 0 and is_navigation(request) and provider().answers():
            self.OIDC_OP_AUTHORIZATION_ENDPOINT = library_setting("OIDC_OP_AUTHORIZATION_ENDPOINT")
            answer: HttpResponse | None = super().process_request(request)
            return answer
        return None

    def is_refreshable_url(self, request: HttpRequest) -> bool:
        """Return True: ``process_request`` has decided."""
        return True


def is_navigation(request: HttpRequest) -> bool:
    """Return whether a person opens a page, so that the browser follows to the provider and back."""
    is_page = (
        request.method == "GET"
        and request.get_preferred_type(["application/json", "text/html"]) == "text/html"
    )
    mode = request.headers.get("Sec-Fetch-Mode", "navigate")
    return is_page and mode == "navigate" and not request.path_info.startswith(EXEMPT)
