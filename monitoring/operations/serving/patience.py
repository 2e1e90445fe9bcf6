"""``manage.py runserver``: a client that sends or reads too slowly is cut off, and chunked bodies are read.

Each connection has a thread, as Django's server gives it one; how many there are is bounded.
"""

import io
import json
import socket
import time
from http import HTTPStatus
from threading import Lock
from typing import Any

from django.core.servers.basehttp import WSGIRequestHandler, WSGIServer

from monitoring.kernel.request_limits import MAX_BODY_BYTES
from monitoring.operations.serving.chunked import read_chunked
from monitoring.operations.serving.limits import (
    BLOCKED_WRITE_S,
    BODY_S,
    HEADERS_S,
    RefusedRequestError,
    seconds_allowed,
    too_slow,
)

CONNECTIONS = 1200  # a thread each
LINGER_S = 2.0


class PatientReader(io.RawIOBase):
    """What a client sends, within a time for all of it that ``expect`` begins anew."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.expect(HEADERS_S)

    def expect(self, seconds: float, *, at_rate: bool = False) -> None:
        """Begin to wait: for so long, or longer while what comes keeps the least rate."""
        self.began, self.seconds, self.at_rate, self.received = time.monotonic(), seconds, at_rate, 0

    def readable(self) -> bool:
        """As io's."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there.

        Raises:
            TimeoutError: the time is over.
        """
        allowed = seconds_allowed(self.received) if self.at_rate else self.seconds
        left = self.began + allowed - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.connection.settimeout(left)
        received = self.connection.recv_into(buffer)
        self.received += received
        return received


class PatientWriter(io.RawIOBase):
    """What a client is sent; one that takes nothing for a minute counts as gone."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def writable(self) -> bool:
        """As io's."""
        return True

    def write(self, data: Any) -> int:
        """Send it all.

        Raises:
            BrokenPipeError: the client did not take it.
        """
        left = memoryview(data)
        while left:
            self.connection.settimeout(BLOCKED_WRITE_S)
            try:
                left = left[self.connection.send(left) :]
            except TimeoutError as error:
                raise BrokenPipeError from error
        return memoryview(data).nbytes


class PatientRequestHandler(WSGIRequestHandler):
    """Reads each request whole, in bounded time, before the application is called."""

    connection: Any
    headers: Any
    rfile: Any
    wfile: Any

    def setup(self) -> None:
        """Put bounds on the connection."""
        super().setup()
        self.reader = PatientReader(self.connection)
        self.incoming = self.rfile = io.BufferedReader(self.reader)
        self.wfile = PatientWriter(self.connection)
        self.body_size = 0
        self.is_unread = False

    def handle(self) -> None:
        """As Django's; then read what has been answered unread, or the client may miss the answer."""
        super().handle()
        if self.is_unread:
            self.linger()

    def handle_one_request(self) -> None:
        """Answer a request, or end the connection if it does not come."""
        self.reader.expect(HEADERS_S)
        self.rfile = self.incoming
        try:
            super().handle_one_request()
        except TimeoutError:
            self.close_connection = True

    def parse_request(self) -> bool:
        """Read the request; whether it is to be answered by the application."""
        if not super().parse_request():
            return False
        self.reader.expect(BODY_S, at_rate=True)
        try:
            body = self.read_body()
        except TimeoutError:
            self.refuse(too_slow())
        except RefusedRequestError as error:
            self.refuse(error)
        else:
            self.rfile = io.BytesIO(body)  # all that the application reads
            return True
        return False

    def read_body(self) -> bytes:
        """Return the body; of one that is too large, which Django refuses by its size, nothing."""
        encodings = self.headers.get_all("Transfer-Encoding", [])
        lengths = set(self.headers.get_all("Content-Length", []))
        if encodings:
            refuse_ambiguous(encodings, lengths, self.request_version)
            body, self.body_size = read_chunked(self.incoming, limit=MAX_BODY_BYTES)
        else:
            self.body_size = declared(lengths)
            body = self.incoming.read(self.body_size) if self.body_size <= MAX_BODY_BYTES else b""
            if len(body) < self.body_size <= MAX_BODY_BYTES:
                raise TimeoutError  # the client has gone
        if self.body_size > MAX_BODY_BYTES:
            self.is_unread = self.close_connection = True
        return body

    def get_environ(self) -> dict[str, Any]:
        """Django's, with the size of a body that came in chunks."""
        environ: dict[str, Any] = super().get_environ()
        if environ.pop("HTTP_TRANSFER_ENCODING", None) is not None:
            environ["CONTENT_LENGTH"] = str(self.body_size)
        return environ

    def refuse(self, error: RefusedRequestError) -> None:
        """Answer a request that the application is not asked about, and end its connection."""
        content = json.dumps({"detail": error.detail}).encode()
        self.send_response(HTTPStatus(error.status))
        for name, value in (
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(content))),
            ("Connection", "close"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.is_unread = self.close_connection = True

    def linger(self) -> None:
        """Read what is still sent: to close over it would take the answer back."""
        self.reader.expect(LINGER_S)
        try:
            while self.incoming.read1(2**16):
                pass
        except OSError:
            pass


class BoundedServer(WSGIServer):
    """Django's server with a limit to the connections that it gives a thread."""

    request_queue_size = 1024  # Django's 10 let some wait for seconds when many come at once

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.lock = Lock()
        self.open: set[int] = set()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is a place for the connection; else the server ends it."""
        with self.lock:
            has_place = len(self.open) < CONNECTIONS
            if has_place:
                self.open.add(id(request))
        return has_place

    def close_request(self, request: Any) -> None:
        """Give the place back. The server calls it for each connection, whatever ended it."""
        with self.lock:
            self.open.discard(id(request))
        super().close_request(request)


def refuse_ambiguous(encodings: list[str], lengths: set[str], version: str) -> None:
    """Refuse a body whose end another server could see elsewhere.

    Raises:
        RefusedRequestError: it is not just in chunks.
    """
    if lengths or version != "HTTP/1.1" or [each.strip().lower() for each in encodings] != ["chunked"]:
        raise RefusedRequestError(
            400, "Transfer-Encoding: expected chunked alone, over HTTP/1.1 and without a Content-Length"
        )


def declared(lengths: set[str]) -> int:
    """Return the size that Content-Length says.

    Raises:
        RefusedRequestError: it says none, or several.
    """
    if not lengths:
        return 0
    length = lengths.pop().strip()
    if lengths or not (length.isascii() and length.isdecimal()):
        raise RefusedRequestError(400, "Content-Length: expected one number of bytes")
    return int(length)
