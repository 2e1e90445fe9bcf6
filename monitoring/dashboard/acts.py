"""Acts of people on pages: rights, refusals, and the name to record."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.cache import never_cache
from rest_framework.permissions import SAFE_METHODS

from monitoring.access.audit_trail import recorded_as
from monitoring.access.callers import address_of
from monitoring.access.pages import database_unavailable
from monitoring.access.roles import (
    CONDUCT,
    DESIGN,
    MAINTAIN,
    MAP_SOURCES,
    NOTE,
    SET_UP_NOTIFICATIONS,
    SET_UP_SOURCES,
    allows,
)
from monitoring.kernel.actor import Actor

REFUSED = {
    SET_UP_NOTIFICATIONS: "Administrators set up notifications. Ask one, or sign in as one.",
    SET_UP_SOURCES: "Administrators set up sources: Fermon connects outwards. Ask one, or sign in as one.",
    MAP_SOURCES: "Sources are mapped by the role engineer. An administrator gives roles in the admin.",
    CONDUCT: "Batches are conducted by the role operator. An administrator gives roles in the admin.",
    NOTE: "Notes are for the role operator. An administrator gives roles in the admin.",
    DESIGN: (
        "Vessels, recipes and golden profiles are set up by the role engineer."
        " An administrator gives roles in the admin."
    ),
    MAINTAIN: "Maintenance windows are for the role engineer. An administrator gives roles in the admin.",
}
View = Callable[..., HttpResponse]


def act(permission: str) -> Callable[[View], Callable[..., HttpResponseBase]]:
    """Make a view one for those with the permission, which answers 503 while the database is away."""

    def decorated(view: View) -> Callable[..., HttpResponseBase]:
        @never_cache
        @wraps(view)
        def page(request: HttpRequest, **named: Any) -> HttpResponseBase:
            try:
                if not may(request, permission):
                    raise PermissionDenied(REFUSED[permission])
                with recorded(request):
                    return view(request, **named)
            except DatabaseError:
                return database_unavailable(request)

        return page

    return decorated


@contextmanager
def recorded(request: HttpRequest) -> Iterator[None]:
    """Name a visitor without a session in the audit trail; the middleware names those with one."""
    if request.method in SAFE_METHODS or settings.SESSION_COOKIE_NAME in request.COOKIES:
        yield
        return
    with recorded_as(who(request), address=address_of(request)):
        yield


def may(request: HttpRequest, permission: str) -> bool:
    """Return whether the visitor has the permission; everybody has while Fermon is open."""
    if settings.FERMON_OPEN:
        return True
    try:
        return hasattr(request, "user") and allows(request.user, permission)
    except DatabaseError:
        return False


def actor_of(request: HttpRequest, name: str = "") -> Actor:
    """Return the visitor as the cause of an act: the user, or the ``name`` given without a login."""
    address = address_of(request)
    if request.user.is_authenticated:
        return Actor(who(request), "login", address)
    return Actor(f"{name} (unverified)" if name else who(request), "open", address)


def who(request: HttpRequest) -> str:
    """Return the person to record: the user name, or the address of somebody without a login."""
    user = request.user
    return str(user) if user.is_authenticated else f"somebody at {address_of(request)}"
