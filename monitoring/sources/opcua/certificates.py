"""Fermon's own application certificate, and the fingerprints of servers' certificates."""

import socket
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from asyncua.crypto.cert_gen import (
    dump_private_key_as_pem,
    generate_private_key,
    generate_self_signed_app_certificate,
)
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.conf import settings

from monitoring.kernel.key_files import read_or_make
from monitoring.sources.session import SourceError

KEY_FILE = "opcua_key.pem"  # key and certificate, in one file that is made at once
CERTIFICATE_FILE = "opcua_certificate.der"  # a copy of the certificate, for servers that want it imported
DAYS = 3_650
WARNING = timedelta(days=60)


class Identity(NamedTuple):
    """The application certificate by which servers know Fermon."""

    uri: str
    certificate: bytes  # DER
    key: bytes  # PEM
    ends: datetime


def application_identity() -> Identity:
    """Return Fermon's application certificate; make it at the first use. This takes up to a second.

    Raises:
        SourceError: the file is damaged.
    """
    path = settings.FERMON_DATA_DIR / KEY_FILE
    content = read_or_make(path, make_identity)
    try:
        certificate = x509.load_pem_x509_certificate(content)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uri = names.get_values_for_type(x509.UniformResourceIdentifier)[0]
    except (ValueError, IndexError, x509.ExtensionNotFound):
        raise SourceError(
            f"{path} holds no application certificate. Delete the file: Fermon makes a new one,"
            " which the servers have to trust again."
        ) from None
    der = certificate.public_bytes(Encoding.DER)
    read_or_make(settings.FERMON_DATA_DIR / CERTIFICATE_FILE, lambda: der)
    return Identity(uri, der, content, certificate.not_valid_after_utc)


def make_identity() -> bytes:
    """Return a new key and its certificate of ten years, in PEM."""
    host = socket.gethostname()
    key = generate_private_key()
    names: list[x509.GeneralName] = [
        x509.UniformResourceIdentifier(f"urn:{host}:fermon"),
        x509.DNSName(host),
    ]
    certificate = generate_self_signed_app_certificate(
        key, f"Fermon@{host}"[:64], {}, names, [ExtendedKeyUsageOID.CLIENT_AUTH], days=DAYS
    )
    pem: bytes = dump_private_key_as_pem(key) + certificate.public_bytes(Encoding.PEM)
    return pem


def ending_notice(name: str, ends: datetime, remedy: str) -> str:
    """Return a sentence about a certificate that ends within 60 days; empty if none does."""
    now = datetime.now(UTC)
    if ends - now > WARNING:
        return ""
    word = "ends" if ends > now else "ended"
    return f"{name} {word} on {ends:%Y-%m-%d}. {remedy}"


def fingerprint_of(certificate: x509.Certificate) -> str:
    """Return the SHA-256 fingerprint in hexadecimal, as tools of servers show it."""
    return sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def check_fingerprint(fingerprint: str, trusted: str) -> None:
    """Compare a server's certificate with the trusted one.

    Raises:
        SourceError: no certificate is trusted yet, or another one is.
    """
    if fingerprint == trusted.replace(":", "").lower():
        return
    if not trusted:
        raise SourceError(
            f"The server's certificate is unknown: SHA-256 {fingerprint}. Compare this fingerprint with the"
            " one that the server shows, then trust it on the page of this source."
        )
    raise SourceError(
        f"The server's certificate has changed: SHA-256 {fingerprint}, trusted is {trusted}. If the server"
        " was set up anew, compare and trust the new one; else someone may stand in between."
    )


def user_identity(certificate: str, key: str) -> tuple[x509.Certificate, PrivateKeyTypes]:
    """Return certificate and key of a user from PEM.

    Raises:
        SourceError: one of them is no such PEM.
    """
    try:
        return x509.load_pem_x509_certificate(certificate.encode()), load_pem_private_key(key.encode(), None)
    except (ValueError, TypeError):
        raise SourceError(
            "Certificate or key of the user is not PEM, or the key has a passphrase. Expected"
            " -----BEGIN CERTIFICATE----- and an unencrypted -----BEGIN PRIVATE KEY-----."
        ) from None
