"""Access of monitoring systems to the metrics: from this machine, or by a token that can read."""

import hashlib
import ipaddress
import time

from django.http import HttpRequest
from rest_framework.request import Request

from monitoring.access.permissions import OpenOrAllowed, ViewBase
from monitoring.access.token_secrets import Grant
from monitoring.kernel.runtime import part

# A proxy on this machine has this machine's address, and names its client in one of these headers.
FORWARDED = (
    *("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO"),
    *("HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA"),
)
REMEMBERED_S = 24 * 3600.0
MOST_REMEMBERED = 100


def is_local(request: HttpRequest | Request) -> bool:
    """Return whether a program on this machine sent the request, and no proxy forwarded the request."""
    if any(name in request.META for name in FORWARDED):
        return False
    return is_loopback(request.META.get("REMOTE_ADDR", ""))


def is_loopback(peer: str) -> bool:
    """Return whether the address of a connection is this machine's own, also as IPv4 within IPv6."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


class LocalOrAllowed(OpenOrAllowed):
    """Allow programs on this machine; otherwise require a role or a token that reads."""

    def has_permission(self, request: Request, view: ViewBase) -> bool:
        return is_local(request) or super().has_permission(request, view)


class AcceptedCredentials:
    """Tokens of sources that this process has accepted lately, for times when the database is away.

    By their digests: secrets stay in no memory.
    """

    def __init__(self) -> None:
        self._until: dict[bytes, float] = {}

    def remember(self, request: Request) -> None:
        """Note that the credentials of the request are valid, if the database alone knows for how long."""
        key = key_of(request)
        if key and isinstance(request.auth, Grant):
            self._until.pop(key, None)
            self._until[key] = time.monotonic() + REMEMBERED_S
            while len(self._until) > MOST_REMEMBERED:
                self._until.pop(next(iter(self._until)), None)

    def forget(self, request: Request) -> None:
        """Note that the credentials of the request are not valid any more."""
        self._until.pop(key_of(request), None)

    def knows(self, request: Request) -> bool:
        """Return whether the credentials of the request were valid within the last day."""
        return self._until.get(key_of(request), 0.0) > time.monotonic()


def accepted_credentials() -> AcceptedCredentials:
    """Return the credentials that this process has accepted."""
    return part(AcceptedCredentials)


def key_of(request: Request) -> bytes:
    """Return a digest of the credentials; empty without credentials."""
    given = request.META.get("HTTP_AUTHORIZATION", "")
    return hashlib.sha256(given.encode()).digest() if given else b""
