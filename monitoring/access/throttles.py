"""Rate limits: of calls per token or user, of calls per unknown address, and of login attempts."""

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from monitoring.access.callers import address_of
from monitoring.access.single_sign_on.access_tokens import ProviderToken
from monitoring.access.token_bucket import RedisTokenBucket, TokenBucket
from monitoring.access.token_secrets import Grant
from monitoring.kernel.redis_link import RedisAwayError, link_to
from monitoring.kernel.runtime import part

if TYPE_CHECKING:
    from rest_framework.views import APIView


def local_bucket() -> TokenBucket:
    """Return the token buckets in the memory of this process."""
    return part(TokenBucket)


class CallerThrottle(BaseThrottle):
    """Limit the calls of a token, a user or an address: over all processes with Redis, else per process.

    No limit applies while Fermon is open, since callers are not identified.
    """

    waiting = 0.0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Return whether the call is within the limit."""
        if settings.FERMON_OPEN:
            return True
        caller = caller_of(request)
        if caller is None:
            self.waiting = throttle_address(address_of(request))
        else:
            self.waiting = throttle_caller(caller, per_minute=settings.FERMON_CALLER_RATE)
        return not self.waiting

    def wait(self) -> float:
        """Return the seconds until the next call is allowed, for Retry-After."""
        return self.waiting


def caller_of(request: Request) -> str | None:
    """Return the key of the caller's token bucket; None for an unknown caller."""
    if isinstance(request.auth, Grant):
        return f"token {request.auth.id}"
    if isinstance(request.auth, ProviderToken):
        return f"subject {request.auth.subject}"
    user = request.user
    return f"user {user.pk}" if user and user.is_authenticated else None


def throttle_caller(caller: str, *, per_minute: int) -> float:
    """Take one call from the bucket of the caller; return 0 if allowed, else the seconds until a call is.

    The bucket is in Redis; without Redis, or while Redis is down, in the memory of this process.
    """
    if link := link_to(settings.REDIS_URL):
        with suppress(RedisAwayError):
            return RedisTokenBucket(link).wait(caller, per_minute=per_minute)
    return local_bucket().wait(caller, per_minute=per_minute, now=time.monotonic())


def throttle_address(address: str) -> float:
    """Take one call from the bucket of the address; return 0 if allowed, else the seconds to wait."""
    return throttle_caller(f"address {address}", per_minute=settings.FERMON_STRANGER_RATE)


def throttle_login(address: str) -> float:
    """Take one login attempt of the address; return 0 if allowed, else the seconds to wait.

    The limit is the same as for unknown callers, in a bucket of its own: a source with a revoked token at the
    same address must not block logins.
    """
    return throttle_caller(f"login {address}", per_minute=settings.FERMON_STRANGER_RATE)


def throttle_link(address: str) -> float:
    """Take one opening of a link in a message; return 0 if allowed, else the seconds to wait.

    The limit holds also while Fermon is open: only tokens that nobody can guess protect these pages.
    """
    return throttle_caller(f"link {address}", per_minute=settings.FERMON_STRANGER_RATE)


def count_failure(address: str) -> None:
    """Count a call without a token or with an invalid one.

    Raises:
        Throttled: the address has used up its limit, so further calls get one common answer.
    """
    if not settings.FERMON_OPEN and (waiting := throttle_address(address)):
        raise Throttled(waiting)
