"""Authenticate API callers: sources by a source token, users by a token of their own."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from rest_framework.authentication import TokenAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from monitoring.access import roles
from monitoring.access.accountless_user import AccountlessUser
from monitoring.access.callers import address_of
from monitoring.access.single_sign_on import access_tokens
from monitoring.access.single_sign_on.access_tokens import ProviderUnavailable, is_access_token
from monitoring.access.single_sign_on.accounts import belongs_to_provider
from monitoring.access.single_sign_on.options import is_configured, provider_name
from monitoring.access.throttles import count_failure
from monitoring.access.token_lookup import find_grant
from monitoring.access.token_secrets import Grant, is_secret
from monitoring.access.token_store import record_use
from monitoring.models.token import Scope

SCHEMES = (b"token", b"bearer")
PERMISSIONS = {Scope.INGEST: roles.INGEST, Scope.READ: roles.READ}


@dataclass(frozen=True, slots=True)
class TokenUser(AccountlessUser):
    """The user of a request with a source token. No account exists, so pages and admin deny access."""

    grant: Grant

    def __str__(self) -> str:
        return f"token {self.grant.name}"

    def has_perm(self, permission: str, obj: object = None) -> bool:
        """Return whether the scope grants the permission: to read, or to ingest, and nothing else."""
        return permission == PERMISSIONS[self.grant.scope]


class SourceAuthentication(TokenAuthentication):
    """Accept a source's secret, the key of a user's own token, or an access token of the provider.

    Each after ``Authorization: Token`` or ``Authorization: Bearer`` (RFC 6750).
    """

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Return user and credentials; None without a token, and for an invalid token while Fermon is open.

        Raises:
            AuthenticationFailed: the token is invalid.
            Throttled: too many invalid tokens came from this address. Valid ones are still accepted: sources
                that share an address must not suffer from a neighbour with a revoked token.
        """
        try:
            return self.authenticate_header_of(request)
        except ProviderUnavailable:
            if settings.FERMON_OPEN:
                return None
            raise
        except AuthenticationFailed:
            if settings.FERMON_OPEN:
                return None
            count_failure(address_of(request))
            raise

    def authenticate_header_of(self, request: Request) -> tuple[Any, Any] | None:
        """Return user and credentials of the Authorization header; None for one of another scheme.

        Raises:
            AuthenticationFailed: the token is missing, has spaces or other letters than ASCII, or is invalid.
        """
        scheme, _, key = get_authorization_header(request).strip().partition(b" ")
        if scheme.lower() not in SCHEMES:
            return None
        key = key.strip()
        if scheme.lower() == b"bearer" and key.count(b".") == 2 and not is_configured():
            return None  # a proxy such as oauth2-proxy has added its own token to a call with a session
        if not key or len(key.split()) > 1 or not key.isascii():
            raise AuthenticationFailed(
                "Invalid token header: expected 'Token' or 'Bearer', a space, and the token."
            )
        return self.authenticate_credentials(key.decode())

    def authenticate_header(self, request: Request) -> str:
        """Return WWW-Authenticate for 401: Bearer (RFC 6750, section 3) for who sent that, else Token."""
        is_bearer = get_authorization_header(request).lower().startswith(b"bearer")
        return 'Bearer realm="Fermon", error="invalid_token"' if is_bearer else self.keyword

    def authenticate_credentials(self, key: str) -> tuple[Any, Any]:
        """Return the user and the credentials: a ``Grant``, a ``ProviderToken``, or the token of the user.

        Raises:
            AuthenticationFailed: the token is unknown, revoked or expired; the answer does not say which. Or
                an account of single sign-on has the token: it would outlast the groups at the provider.
            ProviderUnavailable: an access token can't be checked now.
        """
        if is_access_token(key):
            return access_tokens.user_of(key)
        if not is_secret(key):
            user, token = super().authenticate_credentials(key)
            if belongs_to_provider(user):
                raise AuthenticationFailed(
                    f"This account belongs to {provider_name()}: use an access token of the provider."
                )
            return user, token
        now = datetime.now(UTC)
        grant = find_grant(key, now=now)
        if grant is None:
            raise AuthenticationFailed("Invalid token: it is unknown, revoked or expired.")
        record_use(grant, now=now)
        return TokenUser(grant), grant
