"""Connect to an OPC UA server: address, endpoint, certificate, session. Each connection has its own client.

The library's reconnection is not used: it does not cover the first connection, can hang, and forgets items.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import NamedTuple

from asyncua import Client, ua
from asyncua.crypto import security_policies, uacrypto
from asyncua.crypto.uacrypto import CertProperties
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from monitoring.sources import targets
from monitoring.sources.config import SourceConfig
from monitoring.sources.opcua.certificates import (
    Identity,
    application_identity,
    check_fingerprint,
    fingerprint_of,
    user_identity,
)
from monitoring.sources.opcua.kind import LABELS, NO_SECURITY, POLICIES, Settings, settings_of
from monitoring.sources.session import SourceError

logger = logging.getLogger(__name__)

REQUEST_S = 8.0  # after which a request has failed
CLOSE_S = 2.0
PROBE_S = 4.0  # of the library's own look at the connection
# Servers with few sessions, as PLCs are, free a lost one after this time.
SESSION_MS = 30_000
UNTRUSTED = (
    "The server does not trust Fermon's certificate yet: trust it there, often under rejected certificates,"
    " or import opcua_certificate.der from Fermon's data directory."
)
REMEDIES = {
    "BadUserAccessDenied": "The server refuses this user, or the password is wrong.",
    "BadIdentityTokenRejected": "The server refuses this user, or this kind of login.",
    "BadIdentityTokenInvalid": "The server refuses this kind of login: use another user, or certificate.",
    "BadSecurityChecksFailed": UNTRUSTED,
    "BadCertificateUntrusted": UNTRUSTED,
    "BadCertificateUriInvalid": "The server refuses the name in Fermon's certificate. Delete opcua_key.pem"
    " and opcua_certificate.der in the data directory for a new one, and trust that on the server.",
    "BadCertificateTimeInvalid": "The server finds Fermon's certificate not valid at its time: compare"
    " the clocks of both machines.",
    "BadTooManySessions": "The server has no free session: close other clients, or wait until the"
    " server drops lost ones.",
    "BadTcpServerTooBusy": "The server is too busy, or has no free connection.",
    "BadSecurityPolicyRejected": "The server does not allow this security policy.",
}

# The library prints whole results, with values; states and errors are ours to tell.
logging.getLogger("asyncua").setLevel(logging.CRITICAL)


class Endpoint(NamedTuple):
    """The endpoint that fits the settings; without security there is no certificate."""

    certificate: x509.Certificate | None
    fingerprint: str


class FixedClient(Client):  # type: ignore[misc] # untyped
    """A client that connects to addresses which were checked, whatever the name resolves to later."""

    def __init__(self, settings: Settings, addresses: Sequence[str]) -> None:
        super().__init__(settings.url, timeout=REQUEST_S, watchdog_intervall=PROBE_S)
        self._port, self._addresses = settings.port, addresses
        self.session_timeout = SESSION_MS
        self.application_uri = f"urn:{socket.gethostname()}:fermon"

    async def connect_socket(self) -> None:
        """Connect to the first address that answers."""
        for address in self._addresses[:-1]:
            with suppress(OSError, TimeoutError):
                await self.uaclient.connect_socket(address, self._port)
                return
        await self.uaclient.connect_socket(self._addresses[-1], self._port)


@asynccontextmanager
async def connection(config: SourceConfig) -> AsyncIterator[Client]:
    """Open a session, and end it on the server whatever happens.

    Raises:
        SourceError: in words.
    """
    settings = settings_of(config)
    addresses = await targets.resolve(settings.host, settings.port)
    with in_words(settings):
        endpoint = await find_endpoint(settings, addresses)
    check_trust(endpoint, config)
    identity = await own_identity(settings)
    async with session(settings, addresses, endpoint, identity) as client:
        yield client


@asynccontextmanager
async def session(
    settings: Settings, addresses: Sequence[str], endpoint: Endpoint, identity: Identity | None
) -> AsyncIterator[Client]:
    """Open a session on a checked endpoint.

    Raises:
        SourceError: in words.
    """
    check_password(settings)
    client = FixedClient(settings, addresses)
    client.name = client.description = "Fermon"
    try:
        with in_words(settings):
            await secure(client, settings, endpoint, identity)
            await client.connect()
        yield client
    finally:
        await close(client)


async def close(client: Client) -> None:
    """End session and connection; a server that does not answer is not waited for."""
    with suppress(Exception):
        async with asyncio.timeout(CLOSE_S):
            await client.disconnect()
    client.disconnect_socket()


async def find_endpoint(settings: Settings, addresses: Sequence[str]) -> Endpoint:
    """Ask the server for its endpoints and return the one with the chosen security.

    Raises:
        SourceError: the server offers none.
    """
    client = FixedClient(settings, addresses)
    try:
        found = await client.connect_and_get_server_endpoints()
    finally:
        client.disconnect_socket()
    uri, mode = policy_of(settings)
    for each in found:
        if each.SecurityPolicyUri == uri and each.SecurityMode == mode:
            certificate = uacrypto.x509_from_der(each.ServerCertificate) if uri != NONE_URI else None
            return Endpoint(certificate, fingerprint_of(certificate) if certificate else "")
    offers = sorted({offer_of(each) for each in found})
    wanted = LABELS[settings.policy].partition(":")[0]
    raise SourceError(f"The server does not offer {wanted}. It offers: {', '.join(offers)}.")


NONE_URI = security_policies.SecurityPolicyNone.URI


def policy_of(settings: Settings) -> tuple[str, ua.MessageSecurityMode]:
    """Return the identifier of the security policy, and the mode."""
    name, mode = POLICIES[settings.policy]
    uri = getattr(security_policies, f"SecurityPolicy{name}").URI if name else NONE_URI
    return uri, ua.MessageSecurityMode[mode]


def offer_of(endpoint: ua.EndpointDescription) -> str:
    """Return the security of an endpoint in words."""
    name = str(endpoint.SecurityPolicyUri).rpartition("#")[2].replace("_", "-")
    words = {
        ua.MessageSecurityMode.Sign: f"{name} signed",
        ua.MessageSecurityMode.SignAndEncrypt: f"{name} signed and encrypted",
    }
    return words.get(endpoint.SecurityMode, name)


def check_trust(endpoint: Endpoint, config: SourceConfig) -> None:
    """Compare the server's certificate with the one that a person has trusted.

    Raises:
        SourceError: the certificate is unknown or has changed.
    """
    if endpoint.certificate is not None:
        check_fingerprint(endpoint.fingerprint, config.trusted_certificate)


def check_password(settings: Settings) -> None:
    """Refuse to send a password over a connection without security, unless a person has allowed that.

    Raises:
        SourceError: refused.
    """
    if settings.user and settings.policy == NO_SECURITY and not settings.allows_plain_password:
        raise SourceError(
            "The password would cross the network without protection. Choose a security policy, or allow it."
        )


async def own_identity(settings: Settings) -> Identity | None:
    """Return Fermon's certificate if the security needs one."""
    return None if settings.policy == NO_SECURITY else await asyncio.to_thread(application_identity)


async def secure(client: Client, settings: Settings, endpoint: Endpoint, identity: Identity | None) -> None:
    """Set security and login of a client."""
    if endpoint.certificate is not None and identity is not None:
        client.application_uri = identity.uri
        name, mode = POLICIES[settings.policy]
        await client.set_security(
            getattr(security_policies, f"SecurityPolicy{name}"),
            CertProperties(identity.certificate, "der"),
            CertProperties(identity.key, "pem"),
            server_certificate=CertProperties(endpoint.certificate.public_bytes(Encoding.DER), "der"),
            mode=ua.MessageSecurityMode[mode],
        )
    if settings.user:
        client.set_user(settings.user)
        client.set_password(settings.password)
    elif settings.user_certificate:
        client.user_certificate, client.user_private_key = user_identity(
            settings.user_certificate, settings.user_key
        )


@contextmanager
def in_words(settings: Settings) -> Iterator[None]:
    """Turn errors of library and network into a ``SourceError`` in words."""
    try:
        yield
    except SourceError:
        raise
    except Exception as error:
        raise SourceError(words_of(error, settings)) from error


def words_of(error: Exception, settings: Settings) -> str:
    """Return an error of library or network in words, without secrets."""
    place = f"{settings.host}:{settings.port}"
    if isinstance(error, ua.UaStatusCodeError):
        name = ua.StatusCode(error.code).name
        return REMEDIES.get(name) or f"The server answered {name}: {ua.StatusCode(error.code).doc}"
    if isinstance(error, TimeoutError):
        return f"{place} does not answer within {REQUEST_S:g} s. Check address, port, cable and firewall."
    if isinstance(error, ConnectionRefusedError):
        return f"No server listens on {place}. Check the port, and whether the OPC UA server is started."
    if isinstance(error, OSError):
        return f"The connection to {place} failed: {targets.reason(error) or 'it was closed'}."
    if isinstance(error, uacrypto.InvalidSignature):
        return "The server can't prove that its certificate is its own: the signature is wrong."
    logger.error("connection to %s failed", place, exc_info=error)
    return f"The connection to {place} failed: {type(error).__name__}. The log has the details."
