"""The header by which a push service knows the sender: a signed token (RFC 8292)."""

import time
from urllib.parse import urlsplit

import orjson

from monitoring.notifications.push_keys import as_text, contact, private_key, public_bytes

VALID_S = 12 * 3600  # push services accept at most 24 h


def authorization(endpoint: str) -> str:
    """Return the value of the header Authorization for a push to this endpoint.

    Raises:
        PushKeyError: there is no key or no contact.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int(time.time()) + VALID_S,
        "sub": contact(),
    }
    signed = ".".join(as_text(orjson.dumps(part)) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
    key = private_key()
    pair = decode_dss_signature(key.sign(signed.encode(), ECDSA(SHA256())))
    signature = b"".join(number.to_bytes(32, "big") for number in pair)
    return f"vapid t={signed}.{as_text(signature)}, k={as_text(public_bytes(key))}"
