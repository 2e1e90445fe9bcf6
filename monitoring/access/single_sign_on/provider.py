"""The provider of single sign-on: its endpoints (OpenID Connect Discovery 1.0) and its keys."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import jwt
from django.conf import settings

from monitoring.access.single_sign_on.documents import CachedDocument, Document, ProviderAwayError
from monitoring.access.single_sign_on.signed_tokens import (
    UnknownKeyError,
    header_of,
    key_for,
    usable_keys,
    verified_claims,
)
from monitoring.kernel.runtime import part

DISCOVERY_PATH = "/.well-known/openid-configuration"
MAX_AGE_S = 3600.0
# Without an answer for so long, a key that the provider has withdrawn would still be believed in.
LONGEST_OUTAGE_S = 24 * 3600.0
CHECK_AGE_S = 60.0
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
OPTIONAL_ENDPOINTS = ("userinfo_endpoint", "end_session_endpoint")


class Provider:
    """Endpoints and keys of the configured provider, in this process."""

    def __init__(self) -> None:
        directory = settings.FERMON_DATA_DIR / "single_sign_on"
        self.discovery = CachedDocument(directory / "discovery.json", check_discovery)
        self.key_set = CachedDocument(directory / "keys.json", check_keys)
        self._parsed: tuple[Document, list[jwt.PyJWK]] | None = None

    def known(self) -> Mapping[str, Any]:
        """Return the discovery document without a request; empty if it was never read."""
        return self.discovery.copy(discovery_url()) or {}

    def read(self) -> Mapping[str, Any]:
        """Return the discovery document.

        Raises:
            ProviderAwayError: the provider does not answer, and never did.
        """
        return self.discovery.get(discovery_url(), max_age_s=MAX_AGE_S)

    def answers(self) -> bool:
        """Return whether the provider answered within the last minute; ask again after that."""
        is_recent = self.known() and self.discovery.age_s() < CHECK_AGE_S
        return bool(is_recent) or self.discovery.refresh(discovery_url())

    def keys(self) -> Sequence[jwt.PyJWK]:
        """Return the keys for signatures.

        Raises:
            ProviderAwayError: the provider has not answered for a day.
        """
        found = self.key_set.get(self.read()["jwks_uri"], max_age_s=MAX_AGE_S)
        if self.key_set.age_s() > LONGEST_OUTAGE_S:
            raise ProviderAwayError("the provider has not answered for a day")
        if self._parsed is None or self._parsed[0] is not found:
            self._parsed = (found, usable_keys(found))
        return self._parsed[1]

    def claims_of(self, token: str, *, audience: str | None) -> dict[str, Any]:
        """Return the verified claims of a token; read new keys if the token's key is unknown.

        Raises:
            InvalidTokenError: a check failed.
            ProviderAwayError: there are no keys to check with.
        """
        header = header_of(token)
        keys = self.keys()
        try:
            key_for(header, keys)
        except UnknownKeyError:
            self.key_set.refresh(self.read()["jwks_uri"])
            keys = self.keys()
        return verified_claims(token, keys, issuer=self.read()["issuer"], audience=audience)


def provider() -> Provider:
    """Return the provider of this process."""
    return part(Provider)


def discovery_url() -> str:
    """Return the address of the discovery document."""
    return f"{settings.FERMON_OIDC_ISSUER.rstrip('/')}{DISCOVERY_PATH}"


def check_discovery(document: Document) -> None:
    """Check issuer and endpoints of a discovery document.

    Raises:
        ValueError: it is of another issuer, an endpoint is missing, or one is less protected than the issuer.
    """
    if str(document.get("issuer", "")).rstrip("/") != settings.FERMON_OIDC_ISSUER.rstrip("/"):
        raise ValueError("another issuer")
    schemes = ("https",) if settings.FERMON_OIDC_ISSUER.startswith("https:") else ("http", "https")
    for name in (*ENDPOINTS, *(each for each in OPTIONAL_ENDPOINTS if each in document)):
        if urlsplit(str(document.get(name, ""))).scheme not in schemes:
            raise ValueError(f"{name} is missing or not https")


def check_keys(document: Document) -> None:
    """Check that a key set has keys.

    Raises:
        ValueError: there is no key for signatures.
    """
    if not usable_keys(document):
        raise ValueError("no key for signatures")
