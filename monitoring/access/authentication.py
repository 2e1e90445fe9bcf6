"""Who calls the API: a source with a token, or somebody with a token of their own."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from monitoring.access import roles
from monitoring.access.throttles import address_of, count_failure
from monitoring.access.token_lookup import find_grant
from monitoring.access.token_secrets import Grant, is_secret
from monitoring.access.token_store import note_use
from monitoring.models.token import Scope

PERMISSIONS = {Scope.INGEST: roles.INGEST, Scope.READ: roles.READ}


@dataclass(frozen=True, slots=True)
class Source:
    """Who comes with a token: nobody with an account, so neither page nor admin knows it."""

    grant: Grant
    pk: None = None
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False
    is_staff: bool = False
    is_superuser: bool = False

    def __str__(self) -> str:
        return f"token {self.grant.name}"

    def has_perm(self, permission: str, obj: object = None) -> bool:
        """As of a user, by the scope: to read, or to write, and nothing else."""
        return permission == PERMISSIONS[self.grant.scope]


class SourceAuthentication(TokenAuthentication):
    """``Authorization: Token ...`` with a source's secret, or with the key of a user's own token."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Who it is; None without a token, and while Fermon is open also with one that is none.

        Raises:
            AuthenticationFailed: the token is none.
            Throttled: too many of them were none. Good ones are let in still: sources behind one
                address must not pay for a neighbour whose token was revoked.
        """
        try:
            return super().authenticate(request)
        except AuthenticationFailed:
            if settings.FERMON_OPEN:
                return None
            count_failure(address_of(request))
            raise

    def authenticate_credentials(self, key: str) -> tuple[Any, Any]:
        """Who it is, and what was shown: a ``Grant``, or the user's token.

        Raises:
            AuthenticationFailed: no such token, or it is revoked or expired; which, is not told.
        """
        if not is_secret(key):
            return super().authenticate_credentials(key)
        now = datetime.now(UTC)
        grant = find_grant(key, now=now)
        if grant is None:
            raise AuthenticationFailed("Invalid token: it is unknown, revoked or expired.")
        note_use(grant, now=now)
        return Source(grant), grant
