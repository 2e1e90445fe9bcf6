"""Set socket options for which the server has no setting, on the process's open sockets."""

import logging
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from monitoring.operations.serving.limits import BLOCKED_WRITE_S, UNREAD_BYTES

logger = logging.getLogger("_granian")
OPEN_FILES = Path("/dev/fd")


def open_sockets() -> Iterator[socket.socket]:
    """Yield this process's TCP sockets, each as a duplicate that is closed before the next one.

    Other files are not duplicated: closing a duplicate of the database file would release all locks that
    SQLite holds on it, and the next process that leaves would delete the log that this one writes to.
    """
    for number in [int(path.name) for path in OPEN_FILES.iterdir()] if OPEN_FILES.exists() else []:
        with suppress(OSError):
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            with socket.socket(fileno=os.dup(number)) as found:
                if found.family in (socket.AF_INET, socket.AF_INET6):
                    yield found


def bound_unread_answers(port: int) -> bool:
    """Bound size and time of unread answers on this port; return whether the port was found.

    Connections inherit the options of the socket that accepts them. Linux ends connections whose client takes
    nothing for 60 s (since 5.11 also if the client advertises a zero window); other systems do not.
    """
    for found in open_sockets():
        if found.getsockname()[1] == port and found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNREAD_BYTES)
            if option := getattr(socket, "TCP_USER_TIMEOUT", None):
                found.setsockopt(socket.IPPROTO_TCP, option, 1000 * BLOCKED_WRITE_S)
            return True
    return False


def cut(client: tuple[str, str | int]) -> None:
    """End this client's connection at once, so that the client sees a broken-off answer as broken."""
    for found in open_sockets():
        with suppress(OSError):
            host, port, *_ = found.getpeername()
            if (host, port) == (client[0], int(client[1])):
                found.shutdown(socket.SHUT_RDWR)
                return
    logger.warning("An answer broke off, and its connection was not found to be cut.")
