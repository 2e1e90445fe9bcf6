"""A provider of the test's own: its keys, and the copies of its documents that Fermon keeps on disk."""

import json
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ISSUER = "https://login.plant.example/realms/plant"
CLIENT = "fermon"
DISCOVERY = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/certs",
}


@lru_cache
def rsa_key(name: str = "first") -> rsa.RSAPrivateKey:
    """A key for RS256; making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@lru_cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    """A key for ES256."""
    return ec.generate_private_key(ec.SECP256R1())


def key_set(**keys: Any) -> dict[str, Any]:
    """The key set of these keys, by key id."""
    found = []
    for kid, key in keys.items():
        kind = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
        found.append({**kind.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"})
    return {"keys": found}


def claims(now: float | None = None, **changed: Any) -> dict[str, Any]:
    """The claims of an access token that is in order; None leaves a claim out."""
    start = int(time.time() if now is None else now)
    found = {
        "iss": ISSUER,
        "aud": CLIENT,
        "sub": "7f1e",
        "iat": start,
        "exp": start + 300,
        "preferred_username": "gateway",
        "realm_access": {"roles": ["plant-engineers"]},
    }
    return {name: value for name, value in (found | changed).items() if value is not None}


def signed(content: dict[str, Any], *, key: Any = None, alg: str = "RS256", kid: str | None = "one") -> str:
    """A token with this content."""
    return jwt.encode(content, key or rsa_key(), algorithm=alg, headers={"kid": kid} if kid else {})


def keep_copies(data_dir: Path, keys: dict[str, Any], *, age_s: float = 0) -> None:
    """Puts copies of the provider's documents where Fermon looks for them."""
    directory = data_dir / "single_sign_on"
    directory.mkdir(parents=True, exist_ok=True)
    urls = {"discovery": f"{ISSUER}/.well-known/openid-configuration", "keys": DISCOVERY["jwks_uri"]}
    for name, document in (("discovery", DISCOVERY), ("keys", keys)):
        content = {"url": urls[name], "fetched_at": time.time() - age_s, "document": document}
        (directory / f"{name}.json").write_text(json.dumps(content))
