"""Who may call the API."""

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.authentication import TokenAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView


class OpenOrSignedIn(BasePermission):
    """Everybody while Fermon is open; else a login or a token to read, and a token to write."""

    message = "Writing needs a token: send 'Authorization: Token ...' (made in the admin under Tokens)."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether this request may go on."""
        if settings.FERMON_OPEN:
            return True
        if request.method in SAFE_METHODS:
            return bool(request.user and request.user.is_authenticated)
        return isinstance(request.successful_authenticator, TokenAuthentication)
