"""How often one caller may call, and one address that nobody knows; and how often it may try to sign in."""

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from monitoring.access.addresses import client_address
from monitoring.access.token_bucket import Allowances, SharedAllowances
from monitoring.access.token_secrets import Grant
from monitoring.kernel.redis_link import RedisAwayError, link_to

if TYPE_CHECKING:
    from rest_framework.views import APIView

allowances = Allowances()


class CallerThrottle(BaseThrottle):
    """Counts by token, by user, or by address: over all processes where there is Redis, else in each.

    While Fermon is open nobody is asked who they are, and nobody is held up.
    """

    waiting = 0.0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Whether the call is within what is allowed."""
        if settings.FERMON_OPEN:
            return True
        caller = caller_of(request)
        if caller is None:
            self.waiting = stranger_waits(address_of(request))
        else:
            self.waiting = caller_waits(caller, per_minute=settings.FERMON_CALLER_RATE)
        return not self.waiting

    def wait(self) -> float:
        """Seconds until the next call is allowed, told as Retry-After."""
        return self.waiting


def address_of(request: HttpRequest | Request) -> str:
    """The client's IP address, as far as the proxies that are known can tell; empty if it has none."""
    return client_address(
        request.META.get("REMOTE_ADDR", ""),
        request.META.get("HTTP_X_FORWARDED_FOR", ""),
        proxies=settings.FERMON_PROXIES,
    )


def caller_of(request: Request) -> str | None:
    """Whose allowance the call is taken from; None if nobody is known."""
    if isinstance(request.auth, Grant):
        return f"token {request.auth.id}"
    user = request.user
    return f"user {user.pk}" if user and user.is_authenticated else None


def caller_waits(caller: str, *, per_minute: int) -> float:
    """Takes one call: 0 if it is allowed, else the seconds until one is. Without Redis by this process."""
    if link := link_to(settings.REDIS_URL):
        with suppress(RedisAwayError):
            return SharedAllowances(link).wait(caller, per_minute=per_minute)
    return allowances.wait(caller, per_minute=per_minute, now=time.monotonic())


def stranger_waits(address: str) -> float:
    """Takes one call of an address: 0 if it is allowed, else the seconds until one is."""
    return caller_waits(f"address {address}", per_minute=settings.FERMON_STRANGER_RATE)


def login_waits(address: str) -> float:
    """Takes one attempt to sign in: 0 if it is allowed, else the seconds until one is.

    It has as many as a stranger has calls, and of their own: a source beside whose token was revoked
    keeps nobody from signing in.
    """
    return caller_waits(f"login {address}", per_minute=settings.FERMON_STRANGER_RATE)


def count_failure(address: str) -> None:
    """Counts a call without a token, or with one that is none.

    Raises:
        Throttled: so many came from this address that they are not answered one by one any more.
    """
    if not settings.FERMON_OPEN and (waiting := stranger_waits(address)):
        raise Throttled(waiting)
