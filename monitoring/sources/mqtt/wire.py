"""The TCP or TLS connection to a broker: opened by the event loop, then read by the thread of the client."""

import asyncio
import hashlib
import os
import socket
import ssl
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress

from monitoring.kernel.tls import verifying_context
from monitoring.sources.mqtt.settings import BrokerSettings
from monitoring.sources.session import SourceError
from monitoring.sources.targets import reason, resolve

CONNECT_S, GOODBYE_S = 5.0, 0.5
READ_BYTES = 65_536


class Wire:
    """A socket as the client library uses one. Reads much at once: the library asks for single bytes.

    ``heard`` is the time of the monotonic clock at which the broker last sent anything.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._read, self._at = b"", 0
        self.heard = time.monotonic()

    def recv(self, most: int) -> bytes:
        """Return bytes, none at the end; raise BlockingIOError or SSLWantReadError if none are there yet."""
        if self._at >= len(self._read):
            self._read, self._at = self._socket.recv(READ_BYTES), 0
            self.heard = time.monotonic()
        found = self._read[self._at : self._at + most]
        self._at += len(found)
        return found

    def pending(self) -> int:
        """Return how many bytes can be read without the operating system."""
        below = self._socket.pending() if isinstance(self._socket, ssl.SSLSocket) else 0
        return len(self._read) - self._at + below

    def send(self, data: bytes) -> int:
        """Send bytes; return how many were sent."""
        return self._socket.send(data)

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._socket.fileno()

    def setblocking(self, flag: bool) -> None:
        """Set the mode of the socket."""
        self._socket.setblocking(flag)

    def shut(self) -> None:
        """End the connection from any thread; the reading thread then sees its end."""
        with suppress(OSError):  # ended already
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket after the broker has closed, or after half a second.

        To close with data unread would reset the connection, and the broker could miss the last
        acknowledgements.
        """
        if self._socket.fileno() < 0:
            return
        end = time.monotonic() + GOODBYE_S
        with suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_WR)
            self._socket.settimeout(GOODBYE_S)
            while time.monotonic() < end and socket.socket.recv(self._socket, READ_BYTES):
                continue
        self._socket.close()


async def open_wire(settings: BrokerSettings) -> Wire:
    """Connect to the broker, with TLS if set.

    Raises:
        SourceError: the broker can't be reached, or TLS fails.
    """
    connected = await connect(await resolve(settings.host, settings.port), settings.port)
    return Wire(await secure(connected, settings) if settings.is_tls else connected)


async def connect(addresses: list[str], port: int) -> socket.socket:
    """Return a socket that is connected to the first address that answers.

    Raises:
        SourceError: none answers.
    """
    problem = ""
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        connected = socket.socket(family, socket.SOCK_STREAM)
        try:
            connected.setblocking(False)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            async with asyncio.timeout(CONNECT_S):
                await asyncio.get_running_loop().sock_connect(connected, (address, port))
        except TimeoutError:
            connected.close()
            problem = f"{address} port {port} does not answer within {CONNECT_S:g} s."
        except OSError as error:
            connected.close()
            problem = f"{address} port {port}: {reason(error)}."
        except BaseException:
            connected.close()
            raise
        else:
            return connected
    raise SourceError(f"{problem} Is the broker running, and does it listen on this port?")


async def secure(connected: socket.socket, settings: BrokerSettings) -> ssl.SSLSocket:
    """Return the socket with TLS, after the handshake.

    Raises:
        SourceError: the handshake fails, or the certificate is not the trusted one.
    """
    try:
        context = tls_context(settings)
        secured = context.wrap_socket(connected, server_hostname=settings.host, do_handshake_on_connect=False)
    except BaseException:
        connected.close()
        raise
    try:
        async with asyncio.timeout(CONNECT_S):
            await shake_hands(secured)
        check_certificate(secured, settings.trusted_certificate)
    except TimeoutError:
        secured.close()
        raise SourceError("TLS: no answer. Does the broker speak TLS on this port?") from None
    except ssl.SSLCertVerificationError as error:
        secured.close()
        raise SourceError(
            f"TLS: the broker's certificate is not trusted: {error.verify_message}. Enter the certificate"
            " authority that signed it, and the host by the name in the certificate."
        ) from error
    except OSError as error:
        secured.close()
        raise SourceError(
            f"TLS: {error.strerror or error}. Does the broker speak TLS on this port?"
        ) from error
    except BaseException:
        secured.close()
        raise
    return secured


async def shake_hands(secured: ssl.SSLSocket) -> None:
    """Do the handshake without blocking the event loop."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            secured.do_handshake()
        except ssl.SSLWantReadError:
            await ready(secured, loop.add_reader, loop.remove_reader)
        except ssl.SSLWantWriteError:
            await ready(secured, loop.add_writer, loop.remove_writer)
        else:
            return


async def ready(secured: ssl.SSLSocket, add: Callable[..., object], remove: Callable[..., object]) -> None:
    """Wait until a socket can be read or written."""
    done = asyncio.Event()
    add(secured.fileno(), done.set)
    try:
        await done.wait()
    finally:
        remove(secured.fileno())


def tls_context(settings: BrokerSettings) -> ssl.SSLContext:
    """Return the context for a broker. A certificate that a person has trusted needs no authority.

    Raises:
        SourceError: a certificate or key can't be read.
    """
    try:
        path, text = (settings.ca, "") if settings.ca.startswith("/") else ("", settings.ca)
        context = verifying_context(cafile=path or None, cadata=text or None)
        if settings.trusted_certificate:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if settings.certificate:
            load_client_certificate(context, settings.certificate, settings.key)
    except (OSError, ValueError) as error:
        raise SourceError(
            "A certificate or key of the source can't be used:"
            f" {getattr(error, 'reason', None) or getattr(error, 'strerror', None) or 'invalid'}."
        ) from None  # the text may contain parts of the key
    return context


def load_client_certificate(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Load certificate and key, each PEM text or a path. The library reads files only."""
    with tempfile.TemporaryDirectory(prefix="fermon-") as directory:
        paths = []
        for name, text in (("certificate", certificate), ("key", key)):
            path = text
            if not text.startswith("/"):
                path = os.path.join(directory, name)
                with open(
                    os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w", encoding="utf-8"
                ) as file:
                    file.write(text)
            paths.append(path)
        context.load_cert_chain(paths[0], paths[1], password=lambda: "")


async def fingerprint(settings: BrokerSettings) -> str:
    """Return the SHA-256 fingerprint of the certificate that a broker shows, unchecked; empty if none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # only to show the certificate to a person
    try:
        connected = await connect(await resolve(settings.host, settings.port), settings.port)
        secured = context.wrap_socket(connected, do_handshake_on_connect=False)
    except (OSError, SourceError):
        return ""
    with secured, suppress(OSError):  # a broker that asks for a client certificate still shows its own
        async with asyncio.timeout(CONNECT_S):
            await shake_hands(secured)
        return hashlib.sha256(secured.getpeercert(binary_form=True) or b"").hexdigest()
    return ""


def check_certificate(secured: ssl.SSLSocket, trusted: str) -> None:
    """Compare the broker's certificate with the one that a person has trusted.

    Raises:
        SourceError: the broker shows another one.
    """
    if not trusted:
        return
    shown = hashlib.sha256(secured.getpeercert(binary_form=True) or b"").hexdigest()
    if shown != trusted:
        raise SourceError(
            f"The broker's certificate has changed: its SHA-256 fingerprint is {shown}. Trust it if the"
            " broker was given a new certificate; else someone else answers."
        )
