"""Permissions of API callers."""

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from monitoring.access.roles import INGEST, READ, allows

if TYPE_CHECKING:
    from rest_framework.views import APIView

    ViewBase = APIView
else:  # DRF imports this module before rest_framework.views
    ViewBase = object

WRITING_NEEDS = "Writing needs a token: send 'Authorization: Token ...' (made in the admin under Tokens)."
NO_ROLE = "Signed in, but without a role that may do this. An administrator gives roles in the admin."


class OpenOrAllowed(BasePermission):
    """Allow everything while Fermon is open; otherwise require a role or a token with a suitable scope.

    Reading needs a login or a token. Writing needs a token: a page of another site can make a browser send a
    session cookie, but cannot know a token. The user of a source token implements ``has_perm`` by scope.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if settings.FERMON_OPEN:
            return True
        if request.method in SAFE_METHODS:
            self.message = NO_ROLE
            return allows(request.user, READ)
        self.message = NO_ROLE if request.auth else WRITING_NEEDS
        return request.auth is not None and allows(request.user, INGEST)


class MayAct(BasePermission):
    """Allow everything while Fermon is open; otherwise let readers read, and those act who have the right.

    A view declares ``rights``: the permission that each of its actions, or methods, needs; others need READ.
    People use their login, whose requests carry a CSRF token, or a token of their own. Source tokens only
    read or only ingest.
    """

    message = NO_ROLE

    def has_permission(self, request: Request, view: "APIView") -> bool:
        rights: dict[str, str] = getattr(view, "rights", {})
        action: str = getattr(view, "action", None) or str(request.method).lower()
        return settings.FERMON_OPEN or allows(request.user, rights.get(action, READ))


class UnauthenticatedWhileOpen(ViewBase):
    """Skip authentication while Fermon is open, in views that must work without the database."""

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Return no authenticators while Fermon is open."""
        return [] if settings.FERMON_OPEN else super().get_authenticators()
