"""Verify tokens that a provider signed (RFC 7519, RFC 8725; OpenID Connect Core 3.1.3.7). Knows no Django."""

from collections.abc import Mapping, Sequence
from typing import Any

import jwt

# Never "none", and no HMAC: with it, the provider's public key would be enough to sign.
ALGORITHMS = ("RS256", "ES256")
LEEWAY_S = 60
REQUIRED = ["exp", "iss", "sub"]
LONGEST_TOKEN = 16_384
# Kinds of tokens that authorise no call: Keycloak writes the kind into the claim "typ".
OTHER_KINDS = frozenset({"ID", "Refresh", "Offline", "Logout"})


class InvalidTokenError(Exception):
    """The token is not acceptable; the message says why, without the token."""


class UnknownKeyError(InvalidTokenError):
    """No key of the provider has the token's key id: the provider may have new keys."""


def usable_keys(document: Mapping[str, Any]) -> list[jwt.PyJWK]:
    """Return the keys for signatures in a JSON Web Key Set (RFC 7517); others are left out."""
    found = []
    keys = document.get("keys")
    for each in keys if isinstance(keys, list) else []:
        try:
            key = jwt.PyJWK.from_dict(each)
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
            continue
        if key.algorithm_name in ALGORITHMS and key.public_key_use in ("sig", None):
            found.append(key)
    return found


def header_of(token: str) -> Mapping[str, Any]:
    """Return the header of a token, of which nothing is verified yet.

    Raises:
        InvalidTokenError: the text is no signed token, or its algorithm is not one of ``ALGORITHMS``.
    """
    if len(token) > LONGEST_TOKEN:
        raise InvalidTokenError(f"it is longer than {LONGEST_TOKEN} characters")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError) as error:
        raise InvalidTokenError("it is not a signed token (JWT)") from error
    if header.get("alg") not in ALGORITHMS:
        raise InvalidTokenError(f"its algorithm is not {' or '.join(ALGORITHMS)}")
    return header


def key_for(header: Mapping[str, Any], keys: Sequence[jwt.PyJWK]) -> jwt.PyJWK:
    """Return the key that a header names; without a key id, the only key of the algorithm.

    Raises:
        UnknownKeyError: there is none, or more than one.
    """
    fitting = [key for key in keys if key.algorithm_name == header["alg"]]
    if (kid := header.get("kid")) is not None:
        fitting = [key for key in fitting if key.key_id == kid]
    if len(fitting) != 1:
        raise UnknownKeyError("no key of the provider fits it")
    return fitting[0]


def verified_claims(
    token: str, keys: Sequence[jwt.PyJWK], *, issuer: str, audience: str | None
) -> dict[str, Any]:
    """Return the claims of a token after all checks: signature, issuer, expiry, not-before, audience.

    ``audience`` None leaves the audience unchecked, for a token that came from the provider itself.

    Raises:
        InvalidTokenError: a check failed.
        UnknownKeyError: no key fits.
    """
    header = header_of(token)
    options: Any = {"require": REQUIRED, "verify_aud": audience is not None}
    try:
        found: dict[str, Any] = jwt.decode(
            token,
            key_for(header, keys),
            algorithms=[header["alg"]],
            issuer=issuer,
            audience=audience,
            leeway=LEEWAY_S,
            options=options,
        )
    except jwt.PyJWTError as error:
        raise InvalidTokenError(reason_of(error)) from error
    return found


def reason_of(error: jwt.PyJWTError) -> str:
    """Return the failed check in words."""
    reasons: dict[type[jwt.PyJWTError], str] = {
        jwt.ExpiredSignatureError: "it has expired",
        jwt.ImmatureSignatureError: "it is not valid yet",
        jwt.InvalidAudienceError: "it is for another audience",
        jwt.InvalidIssuerError: "it is of another issuer",
        jwt.InvalidSignatureError: "its signature is wrong",
    }
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"it lacks the claim {error.claim}"
    return reasons.get(type(error), "it is malformed")


def refuse_other_kinds(claims: Mapping[str, Any]) -> None:
    """Check that the claims are those of an access token, and not of a token for the browser's login.

    Providers mark access tokens in different ways or not at all, ID tokens mostly by ``nonce`` or
    ``at_hash`` (OpenID Connect Core 2), logout tokens by ``events``.

    Raises:
        InvalidTokenError: the token is for something else.
    """
    kind = claims.get("typ")
    is_for_login = kind != "Bearer" and bool({"nonce", "at_hash", "events"} & claims.keys())
    if kind in OTHER_KINDS or is_for_login:
        raise InvalidTokenError("it is no access token")
