"""Who may call the API."""

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from monitoring.access.roles import EXCLUDE, INGEST, READ, allows

if TYPE_CHECKING:
    from rest_framework.views import APIView

    ViewBase = APIView
else:  # DRF imports this module before it has its views
    ViewBase = object

WRITING_NEEDS = "Writing needs a token: send 'Authorization: Token ...' (made in the admin under Tokens)."
NO_ROLE = "Signed in, but without a role that may do this. An administrator gives roles in the admin."


class OpenOrAllowed(BasePermission):
    """Everybody while Fermon is open; else whose role, or whose token's scope, allows it.

    Reading takes a login or a token. Writing takes a token: a page of another site may send a browser's
    login along, but it knows no token. What a token stands for answers ``has_perm`` by its scope.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether this request may go on."""
        if settings.FERMON_OPEN:
            return True
        if request.method in SAFE_METHODS:
            self.message = NO_ROLE
            return allows(request.user, READ)
        self.message = NO_ROLE if request.auth else WRITING_NEEDS
        return request.auth is not None and allows(request.user, INGEST)


class MayExclude(BasePermission):
    """Everybody while Fermon is open; else readers read, and engineers exclude and include again.

    By their login, whose forms carry a CSRF token, or by a token of their own. A source's token is for
    reading or for sending alone.
    """

    message = NO_ROLE

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether this request may go on."""
        needed = READ if request.method in SAFE_METHODS else EXCLUDE
        return settings.FERMON_OPEN or allows(request.user, needed)


class NobodyAskedWhileOpen(ViewBase):
    """For views that have to answer while the database is away: to look a token up would need it."""

    def get_authenticators(self) -> list[BaseAuthentication]:
        """None while Fermon is open."""
        return [] if settings.FERMON_OPEN else super().get_authenticators()
