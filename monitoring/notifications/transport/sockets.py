"""Sockets that end by a deadline, whatever the other side does.

A timeout of a socket bounds one call, so a target that sends a byte a second holds a plain client forever.
These sockets set the timeout to the rest of the deadline before each call; that needs no thread.
"""

import socket
import ssl
from typing import Any, cast

from monitoring.kernel.reachable import is_allowed
from monitoring.kernel.resolving import Resolved, resolve
from monitoring.kernel.tls import verifying_context
from monitoring.notifications.transport.allowed import RefusedTargetError, refusal
from monitoring.notifications.transport.deadline import Deadline

MOST_CONNECT_S = 4.0


class BoundedSocket(socket.socket):
    """A TCP socket with a deadline."""

    deadline: Deadline

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Receive into a buffer."""
        self.settimeout(self.deadline.left())
        return super().recv_into(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        """Send all of the data; the timeout of a plain socket bounds the whole call."""
        self.settimeout(self.deadline.left())
        super().sendall(*args, **kwargs)


class BoundedTlsSocket(ssl.SSLSocket):
    """A TLS socket with a deadline. The timeouts of handshake and read bound the whole call."""

    deadline: Deadline

    def do_handshake(self, block: bool = False) -> None:
        """Perform the handshake."""
        self.settimeout(self.deadline.left())
        super().do_handshake(block)

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Receive into a buffer."""
        self.settimeout(self.deadline.left())
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        """Send a part of the data; ``sendall`` repeats this."""
        self.settimeout(self.deadline.left())
        return super().send(*args, **kwargs)


def tls_context(deadline: Deadline) -> ssl.SSLContext:
    """Return a context that verifies certificates and host names, whose sockets have the deadline."""
    context = verifying_context()
    context.sslsocket_class = type("DeadlineTlsSocket", (BoundedTlsSocket,), {"deadline": deadline})
    return context


def start_tls(sock: BoundedSocket, host: str) -> BoundedTlsSocket:
    """Return the connection with TLS; if that fails, the connection is closed.

    Raises:
        OSError: no handshake in time, or a certificate that is not accepted.
    """
    try:
        return cast(BoundedTlsSocket, tls_context(sock.deadline).wrap_socket(sock, server_hostname=host))
    except BaseException:
        sock.close()
        raise


def connect(host: str, port: int, deadline: Deadline, *, allows_local: bool) -> BoundedSocket:
    """Return a connection to one of the host's addresses, each of which is checked first.

    Raises:
        RefusedTargetError: no address is allowed; OSError: no address accepts the connection in time.
    """
    found = resolve(host, port, deadline.left())
    allowed = [each for each in found if allows_local or is_allowed(str(each[4][0]))]
    if not allowed:
        raise RefusedTargetError(refusal(host))
    for place, each in enumerate(allowed[:-1]):
        try:
            return _connect_to(each, deadline, deadline.left() / (len(allowed) - place))
        except OSError:
            continue
    return _connect_to(allowed[-1], deadline, deadline.left())


def _connect_to(address: Resolved, deadline: Deadline, limit_s: float) -> BoundedSocket:
    family, kind, protocol, _, place = address
    found = BoundedSocket(family, kind, protocol)
    found.deadline = deadline
    try:
        found.settimeout(min(limit_s, MOST_CONNECT_S))
        found.connect(place)
    except BaseException:
        found.close()
        raise
    return found
