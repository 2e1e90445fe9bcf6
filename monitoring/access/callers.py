"""The caller of a request: grant, network address, and the source that readings record."""

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

from monitoring.access.addresses import client_address
from monitoring.access.roles import allows
from monitoring.access.token_secrets import Grant


def grant_of(request: Request) -> Grant | None:
    """Return the grant of the request's source token; None for other callers, and while Fermon is open."""
    return request.auth if isinstance(request.auth, Grant) and not settings.FERMON_OPEN else None


def address_of(request: HttpRequest | Request) -> str:
    """Return the IP address of the client as reported by trusted proxies; empty if there is none."""
    return client_address(
        request.META.get("REMOTE_ADDR", ""),
        request.META.get("HTTP_X_FORWARDED_FOR", ""),
        proxies=settings.FERMON_PROXIES,
    )


def source_of(request: Request) -> str:
    """Return the source to record: the user of the token, if any, and the address."""
    user = f"{request.user} " if request.auth else ""
    return f"{user}{address_of(request)}"


def has_by_login(request: HttpRequest | Request, permission: str) -> bool:
    """Return whether the caller is known and has the permission, also while Fermon is open."""
    user = request.user
    return bool(user and user.is_authenticated and allows(user, permission))
