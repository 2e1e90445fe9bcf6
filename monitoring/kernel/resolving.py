"""Name resolution within a time limit.

No system call can end a look-up that hangs, so each one has a thread of its own, which is abandoned at the
limit and ends by itself when the resolver gives up. The number of abandoned threads is bounded.
"""

import socket
import threading
from queue import Empty, SimpleQueue
from typing import Any

from monitoring.kernel.runtime import part

MOST_ABANDONED = 8

# Family, type, protocol, canonical name, address: a result of socket.getaddrinfo.
Resolved = tuple[int, int, int, str, tuple[Any, ...]]


class LookUps:
    """The look-ups of this process that have not ended within their limit."""

    def __init__(self) -> None:
        self._abandoned: list[threading.Thread] = []
        self._lock = threading.Lock()

    def abandon(self, thread: threading.Thread) -> None:
        """Count a thread until it ends."""
        with self._lock:
            self._abandoned = [each for each in self._abandoned if each.is_alive()] + [thread]

    def abandoned(self) -> int:
        """Return the number of abandoned threads that still run."""
        with self._lock:
            return sum(each.is_alive() for each in self._abandoned)


def is_exhausted() -> bool:
    """Return whether so many look-ups hang that this process should end, and its standby take over."""
    return part(LookUps).abandoned() >= MOST_ABANDONED


def resolve(host: str, port: int, limit_s: float) -> list[Resolved]:
    """Return the addresses of a host.

    Raises:
        OSError: there are none; TimeoutError, a subclass: the resolver did not answer in time.
    """
    if is_exhausted():
        raise TimeoutError("name resolution hangs")
    answer: SimpleQueue[list[Resolved] | Exception] = SimpleQueue()
    thread = threading.Thread(target=_look_up, args=(host, port, answer), name="look-up", daemon=True)
    thread.start()
    try:
        found = answer.get(timeout=limit_s)
    except Empty:
        part(LookUps).abandon(thread)
        raise TimeoutError(f"the name {host} was not resolved in time") from None
    thread.join(limit_s)
    if isinstance(found, Exception):
        raise found
    return found


def _look_up(host: str, port: int, answer: "SimpleQueue[list[Resolved] | Exception]") -> None:
    try:
        answer.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    except (OSError, UnicodeError) as error:  # a name may have parts that are empty or too long
        answer.put(error if isinstance(error, OSError) else OSError(f"{host} is no name of a host"))
