"""Check a one-time code of a request, with the same lockout as for passwords."""

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest

from monitoring.access.one_time_codes.devices import verify, wait_of

LONGEST_CODE = 64
WRONG = "This code is wrong, has expired or was used before. Wait for the next one and try again."


def problem_with(request: HttpRequest, user: User, code: str) -> str:
    """Return why the code does not count; empty if it does. A wrong one counts as a wrong password.

    After too many, the middleware of axes answers in place of the page.
    """
    credentials = {"username": user.get_username()}
    if not AxesProxyHandler.is_allowed(request, credentials):
        request.axes_locked_out = True  # type: ignore[attr-defined]
        return WRONG
    if waiting := wait_of(user):
        return f"Too many wrong codes. Wait {waiting} s, then enter a new one."
    if len(code) <= LONGEST_CODE and verify(user, code):
        return ""
    user_login_failed.send(sender=__name__, credentials=credentials, request=request)
    return WRONG
