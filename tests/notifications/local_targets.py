"""Targets on this machine: HTTP and SMTP servers that answer, hang, drip or refuse."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import BinaryIO

from tests.patience import stretched

# Replies to one connection.
Behaviour = Callable[[socket.socket, "LocalTarget"], None]
DRIP_S, DRIPS = 0.02, 250
SERVER = "local target"


@dataclass
class Received:
    """A request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class LocalTarget:
    """A server and the requests that it got."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    is_closing: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """The address, with a path and a query that may hold a secret."""
        return f"http://127.0.0.1:{self.port}/hook?key=abc"


@contextmanager
def local_target(behave: Behaviour, context: ssl.SSLContext | None = None) -> Iterator[LocalTarget]:
    """Serve each connection by ``behave`` in a thread of its own until the block ends."""
    found = LocalTarget()
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found.port = listener.getsockname()[1]

        def serve(connection: socket.socket) -> None:
            with suppress(OSError), connection:
                connection.settimeout(10)
                tls = connection if context is None else context.wrap_socket(connection, server_side=True)
                with tls:
                    behave(tls, found)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    found.connections += 1
                    threads.append(threading.Thread(target=serve, args=(connection,), name=SERVER))
                    threads[-1].start()

        acceptor = threading.Thread(target=accept, name=SERVER)
        acceptor.start()
        try:
            yield found
        finally:
            found.is_closing.set()
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join(10)
            for thread in threads:  # the acceptor may have added one
                thread.join(10)


def answer(status: str = "200 OK", *headers: str, body: bytes = b"") -> Behaviour:
    """Read the request and answer it."""

    def behave(connection: socket.socket, target: LocalTarget) -> None:
        target.received.append(read_request(connection))
        head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        connection.sendall("\r\n".join(head).encode() + body)

    return behave


def hang(connection: socket.socket, target: LocalTarget) -> None:
    """Say nothing."""
    target.is_closing.wait(10)


def drip(*, first: bytes = b"") -> Behaviour:
    """Send a byte now and then, never all of an answer; for some seconds, so that a test ends."""

    def behave(connection: socket.socket, target: LocalTarget) -> None:
        connection.sendall(first)
        for _ in range(DRIPS):
            if target.is_closing.wait(DRIP_S):
                return
            connection.sendall(b"x")

    return behave


def read_request(connection: socket.socket) -> Received:
    """Read one request.

    Raises:
        ConnectionError: the client has left before the end of the headers.
    """
    with connection.makefile("rb") as stream:
        path = read_line(stream).split()[1].decode()
        lines = iter(lambda: read_line(stream), b"\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.decode().partition(":") for line in lines)
        }
        return Received(path, headers, stream.read(int(headers.get("content-length", 0))))


def read_line(stream: BinaryIO) -> bytes:
    """Read one line.

    Raises:
        ConnectionError: the stream ends before it does.
    """
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise ConnectionError("the client has left")
    return line


def own_threads() -> set[threading.Thread]:
    """The threads of this process that belong to no local target."""
    return {each for each in threading.enumerate() if each.name != SERVER}


def threads_left(before: set[threading.Thread]) -> set[threading.Thread]:
    """The threads that are there now and were not before, but for those that end by themselves in time.

    A look-up that took longer than its limit is abandoned, and ends a moment later.
    """
    for thread in own_threads() - before:
        thread.join(stretched(5))
    return own_threads() - before


def limit(seconds: float) -> float:
    """A limit in which an attempt gets as far as it does in ``seconds`` on a machine of its own.

    It ends before a target that drips does.
    """
    return min(stretched(seconds), DRIP_S * DRIPS / 2)


@contextmanager
def within(limit_s: float, slack_s: float = 2.0) -> Iterator[None]:
    """Fail if the block takes longer than the limit allows."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < limit_s + stretched(slack_s)
