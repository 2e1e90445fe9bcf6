"""mozilla-django-oidc with endpoints by discovery, all checks of OpenID Connect, and roles."""

import hmac
from collections.abc import Mapping
from typing import Any

import requests
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from mozilla_django_oidc.utils import import_from_settings

from monitoring.access.callers import address_of
from monitoring.access.single_sign_on.accounts import account_for
from monitoring.access.single_sign_on.claims import NAMES, find_claim, name_of, roles_of
from monitoring.access.single_sign_on.documents import ProviderAwayError
from monitoring.access.single_sign_on.provider import provider
from monitoring.access.single_sign_on.signed_tokens import InvalidTokenError

RENEW_S = 15 * 60  # groups are read again after this time
REQUEST_TIMEOUT_S = 10
LONGEST_SUBJECT = 255
# Endpoints that the library names otherwise than the discovery document does.
RENAMED_ENDPOINTS = {"user_endpoint": "userinfo_endpoint", "jwks_endpoint": "jwks_uri"}


class SignInFailedError(Exception):
    """The login at the provider did not succeed; ``reason`` is a key of ``dashboard.single_sign_on.REASONS``.

    Not a ``PermissionDenied``: Django would report that as a wrong password, with the code of the login.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason


def library_setting(name: str, *default: Any) -> Any:
    """Return a setting of mozilla-django-oidc, from Fermon's own settings and the discovery document.

    No request: endpoints that were never read are empty.
    """
    values = {
        "OIDC_RP_CLIENT_ID": settings.FERMON_OIDC_CLIENT_ID,
        "OIDC_RP_CLIENT_SECRET": settings.FERMON_OIDC_SECRET or None,
        "OIDC_RP_SCOPES": settings.FERMON_OIDC_SCOPES,
        "OIDC_RP_SIGN_ALGO": "RS256",
        "OIDC_USE_PKCE": True,
        "OIDC_USE_NONCE": True,
        "OIDC_TIMEOUT": REQUEST_TIMEOUT_S,
        "OIDC_RENEW_ID_TOKEN_EXPIRY_SECONDS": RENEW_S,
        "OIDC_AUTHENTICATION_CALLBACK_URL": "sign-in-return",
        "LOGIN_REDIRECT_URL_FAILURE": settings.LOGIN_URL,
    }
    if name in values:
        return values[name]
    if name == "OIDC_TOKEN_USE_BASIC_AUTH":
        return wants_basic_authentication(provider().known())
    if name.startswith("OIDC_OP_") and name.endswith("_ENDPOINT"):
        endpoint = name.removeprefix("OIDC_OP_").lower()
        return provider().known().get(RENAMED_ENDPOINTS.get(endpoint, endpoint), "")
    return import_from_settings(name, *default)


def wants_basic_authentication(document: Mapping[str, Any]) -> bool:
    """Return whether the provider takes the secret in a header only; in the body no character needs care."""
    methods = document.get("token_endpoint_auth_methods_supported")
    is_basic_only = isinstance(methods, list) and "client_secret_post" not in methods
    return bool(settings.FERMON_OIDC_SECRET) and is_basic_only


class ProviderBackend(OIDCAuthenticationBackend):  # type: ignore[misc]  # the library has no types
    """Exchange the code of a login for tokens, verify them, and find or make the account."""

    @staticmethod
    def get_settings(attr: str, *args: Any) -> Any:
        """Return a setting of the library."""
        return library_setting(attr, *args)

    def authenticate(self, request: HttpRequest, *, nonce: str, code_verifier: str) -> User:
        """Return the user of a login that comes back from the provider.

        The named parameters keep logins with a password away from this backend. Never None, which counts as
        a wrong password without a name: a few of these would lock out all logins of an address.

        Raises:
            SignInFailedError: provider or account refuse the login.
            django.db.Error: the database is away.
        """
        try:
            user: User | None = super().authenticate(request, nonce=nonce, code_verifier=code_verifier)
        except (requests.RequestException, ProviderAwayError) as error:
            reason = "refused" if isinstance(error, requests.HTTPError) else "away"
            raise SignInFailedError(reason, type(error).__name__) from None  # its text may hold the answer
        except InvalidTokenError as error:
            raise SignInFailedError("invalid", str(error)) from error
        if user is None:
            raise SignInFailedError("refused", "no code, or no account")
        return user

    def get_user(self, user_id: int) -> User | None:
        """Return the user of a session; None if the account is closed, as ``ModelBackend`` does."""
        user: User | None = super().get_user(user_id)
        return user if user is not None and self.user_can_authenticate(user) else None

    def verify_token(self, token: str, **kwargs: Any) -> dict[str, Any]:
        """Return the claims of an ID token (OpenID Connect Core 3.1.3.7).

        Raises:
            InvalidTokenError: a check failed.
            ProviderAwayError: there are no keys to check with.
        """
        claims = provider().claims_of(str(token or ""), audience=settings.FERMON_OIDC_CLIENT_ID)
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), str(kwargs["nonce"]).encode()):
            raise InvalidTokenError("it belongs to another login")
        if claims.get("azp", settings.FERMON_OIDC_CLIENT_ID) != settings.FERMON_OIDC_CLIENT_ID:
            raise InvalidTokenError("it was made for another client")
        if len(claims["sub"]) > LONGEST_SUBJECT:
            raise InvalidTokenError("its subject is too long")
        return claims

    def get_token(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Return the tokens for the code of a login.

        Raises:
            requests.RequestException: the provider refuses the code, or does not answer.
            InvalidTokenError: the answer is no JSON object.
        """
        found = super().get_token(payload)
        if not isinstance(found, dict):
            raise InvalidTokenError("the answer is no JSON object")
        return found

    def get_or_create_user(self, access_token: str, id_token: str, payload: dict[str, Any]) -> User:
        """Return the account of the subject, with the roles of the groups that the provider names.

        Raises:
            SignInFailedError: the account is closed.
        """
        sources = [payload, *self.further_claims(access_token, payload)]
        groups = next(filter(None, (find_claim(each, settings.FERMON_OIDC_CLAIM) for each in sources)), None)
        user = account_for(
            issuer=payload["iss"],
            subject=payload["sub"],
            name=name_of({**merged(sources), "sub": payload["sub"]}),
            roles=roles_of(groups, settings.FERMON_OIDC_ROLES),
            address=address_of(self.request),
        )
        if not user.is_active:
            raise SignInFailedError("closed")
        return user

    def further_claims(self, access_token: str, payload: dict[str, Any]) -> list[Mapping[str, Any]]:
        """Return the claims of userinfo and access token, if the ID token lacks groups or a name.

        Keycloak writes roles into the access token alone, unless told otherwise.
        """
        has_groups = find_claim(payload, settings.FERMON_OIDC_CLAIM) is not None
        if has_groups and payload.get(NAMES[0]):
            return []
        found: list[Mapping[str, Any]] = []
        if self.OIDC_OP_USER_ENDPOINT and access_token:
            info = self.get_userinfo(access_token, "", payload)
            if info.get("sub") != payload["sub"]:  # OpenID Connect Core 5.3.2
                raise InvalidTokenError("the user's details are of somebody else")
            found.append(info)
        try:
            claims = provider().claims_of(str(access_token or ""), audience=None)
        except (InvalidTokenError, ProviderAwayError):
            return found  # many providers issue access tokens that only they can read
        return [*found, claims] if claims["sub"] == payload["sub"] else found

    def get_userinfo(self, access_token: str, id_token: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Return the details of the user.

        Raises:
            requests.RequestException: the provider does not answer.
            InvalidTokenError: the answer is no JSON object.
        """
        answer = requests.get(
            self.OIDC_OP_USER_ENDPOINT,
            headers={"Authorization": f"Bearer {access_token}", "Accept": "application/json"},
            timeout=REQUEST_TIMEOUT_S,
        )
        answer.raise_for_status()
        if answer.headers.get("Content-Type", "").lower().startswith("application/jwt"):
            return provider().claims_of(answer.text, audience=settings.FERMON_OIDC_CLIENT_ID)
        found = answer.json()
        if not isinstance(found, dict):
            raise InvalidTokenError("the user's details are no JSON object")
        return found


def merged(sources: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the claims of all sources; those of earlier ones count."""
    found: dict[str, Any] = {}
    for each in reversed(sources):
        found |= each
    return found
