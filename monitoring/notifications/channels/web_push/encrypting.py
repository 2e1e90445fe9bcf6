"""Encrypt a message for one browser: content coding aes128gcm (RFC 8188) with keys of web push (RFC 8291)."""

import os
import struct
from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING

from monitoring.notifications.push_keys import public_bytes

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

RECORD = 4096  # bytes; a message is one record
LAST = b"\x02"  # ends the last record
# Push services take 4,096 bytes; header and tag of the encryption need 103 of them.
MOST_PLAIN = 3993


def encrypt(
    text: bytes,
    p256dh: str,
    auth: str,
    *,
    own: "EllipticCurvePrivateKey | None" = None,
    salt: bytes | None = None,
) -> bytes:
    """Return the body of a push for a subscription's keys. ``own`` and ``salt`` are new for each message.

    Raises:
        ValueError: the keys are none of a subscription, or the text is longer than ``MOST_PLAIN`` bytes.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import ECDH, SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey as PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(text) > MOST_PLAIN:
        raise ValueError(f"a push has at most {MOST_PLAIN} bytes")
    theirs = decoded(p256dh)
    own = own or generate_private_key(SECP256R1())
    shared = own.exchange(ECDH(), PublicKey.from_encoded_point(SECP256R1(), theirs))
    ours, salt = public_bytes(own), salt or os.urandom(16)
    secret = derived(shared, decoded(auth), b"WebPush: info\x00" + theirs + ours, 32)
    key = derived(secret, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = derived(secret, salt, b"Content-Encoding: nonce\x00", 12)
    header = salt + struct.pack("!IB", RECORD, len(ours)) + ours
    return header + AESGCM(key).encrypt(nonce, text + LAST, None)


def derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """Return ``length`` bytes by HKDF with SHA-256 (RFC 5869)."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), length, salt, info).derive(secret)


def decoded(text: str) -> bytes:
    """Return the bytes of URL-safe base64, with or without padding."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
