"""Options of the server's sockets that it has no setting for: found among this process's open files."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from monitoring.operations.serving.limits import BLOCKED_WRITE_S

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


def bound_blocked_writes(port: int) -> bool:
    """Have the system end connections of that port whose client takes nothing for 60 s.

    Connections inherit the option of the socket that accepts them. Linux has it, for clients whose
    window stays closed since 5.11; others leave such connections alone. Return whether it was set.
    """
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is None:
        return False
    for found in open_sockets():
        if found.getsockname()[1] == port and found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
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
