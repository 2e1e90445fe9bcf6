"""Options of the server's sockets that it has no setting for: found among this process's open files."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from monitoring.operations.serving.limits import BLOCKED_WRITE_S, UNREAD_BYTES

logger = logging.getLogger("_granian")
OPEN_FILES = Path("/dev/fd")


def open_sockets() -> Iterator[socket.socket]:
    """Yield this process's TCP sockets, each as a duplicate that is closed when the next is asked for."""
    for number in [int(path.name) for path in OPEN_FILES.iterdir()] if OPEN_FILES.exists() else []:
        with suppress(OSError):
            duplicate = os.dup(number)
            try:
                found = socket.socket(fileno=duplicate)
            except OSError:
                os.close(duplicate)
                continue
            with found:
                if found.family in (socket.AF_INET, socket.AF_INET6):
                    yield found


def bound_unread_answers(port: int) -> bool:
    """Bound what waits for the clients of that port, and for how long; return whether the port was found.

    Connections inherit the options of the socket that accepts them. Linux ends those whose client
    takes nothing for 60 s (since 5.11 also if it says so); others leave them alone.
    """
    for found in open_sockets():
        if found.getsockname()[1] == port and found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNREAD_BYTES)
            if option := getattr(socket, "TCP_USER_TIMEOUT", None):
                found.setsockopt(socket.IPPROTO_TCP, option, 1000 * BLOCKED_WRITE_S)
            return True
    return False


def cut(client: tuple[str, str | int]) -> None:
    """End the connection of that client at once, so that an answer which breaks off looks so."""
    for found in open_sockets():
        with suppress(OSError):
            host, port, *_ = found.getpeername()
            if (host, port) == (client[0], int(client[1])):
                found.shutdown(socket.SHUT_RDWR)
                return
    logger.warning("An answer broke off, and its connection was not found to be cut.")
