"""Bound the time of requests and answers under ``manage.py runserver``, and read chunked bodies.

Each connection has a thread, as in Django's server; the number of threads is bounded.
"""

import io
import json
import re
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
    RejectedRequestError,
    seconds_allowed,
    too_slow,
)

CONNECTIONS = 1200  # a thread each
LINGER_S = 2.0
# The password of InfluxDB's first version may stand in the address, which the log has.
PASSWORD = re.compile(r"([?&]p=)[^&\s]+")
# Clients of a proxy send the address in absolute form; servers have to accept it (RFC 9112, section 3.2.2).
ORIGIN = re.compile(r"^https?://[^/?#]+", re.IGNORECASE)


class PatientReader(io.RawIOBase):
    """A stream of the client's bytes with a deadline, which ``expect`` restarts."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.expect(HEADERS_S)

    def expect(self, seconds: float, *, at_rate: bool = False) -> None:
        """Allow this many seconds from now, or longer while the client keeps the least rate."""
        self.began, self.seconds, self.at_rate, self.received = time.monotonic(), seconds, at_rate, 0

    def readable(self) -> bool:
        """Return True: the stream is for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the available bytes into the buffer; return their number.

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
    """A stream to the client that treats a client which takes nothing for a minute as gone."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def writable(self) -> bool:
        """Return True: the stream is for writing."""
        return True

    def write(self, data: Any) -> int:
        """Send all of the data; return the size in bytes.

        Raises:
            BrokenPipeError: the client did not take the data.
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
    """A handler that reads each request whole, in bounded time, before calling the application."""

    connection: Any
    headers: Any
    path: str
    rfile: Any
    wfile: Any

    def setup(self) -> None:
        """Wrap the connection in the bounded reader and writer."""
        super().setup()
        self.reader = PatientReader(self.connection)
        self.incoming = self.rfile = io.BufferedReader(self.reader)
        self.wfile = PatientWriter(self.connection)
        self.body_size = 0
        self.is_unread = False

    def handle(self) -> None:
        """Handle the connection, then drain a body answered unread, or the client may miss the answer."""
        super().handle()
        if self.is_unread:
            self.linger()

    def handle_one_request(self) -> None:
        """Answer a request, or end the connection if no request comes in time."""
        self.reader.expect(HEADERS_S)
        self.rfile = self.incoming
        try:
            super().handle_one_request()
        except TimeoutError:
            self.close_connection = True

    def parse_request(self) -> bool:
        """Read the request; return whether the application is to answer."""
        if not super().parse_request():
            return False
        self.path = ORIGIN.sub("", self.path) or "/"
        self.reader.expect(BODY_S, at_rate=True)
        try:
            body = self.read_body()
        except TimeoutError:
            self.reject(too_slow())
        except RejectedRequestError as error:
            self.reject(error)
        else:
            self.rfile = io.BytesIO(body)  # all that the application reads
            return True
        return False

    def read_body(self) -> bytes:
        """Return the body; return nothing for a body over the limit, which Django rejects by size."""
        encodings = self.headers.get_all("Transfer-Encoding", [])
        lengths = set(self.headers.get_all("Content-Length", []))
        if encodings:
            reject_ambiguous(encodings, lengths, self.request_version)
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
        """Return Django's environment, with the real size of a chunked body.

        As ``manage.py serve`` does, give no type for a body without one, where Python's server assumes
        text/plain, and an empty host, which Django rejects, where HTTP/1.1 demands one (RFC 9112, 3.2).
        """
        environ: dict[str, Any] = super().get_environ()
        environ["CONTENT_TYPE"] = ",".join(self.headers.get_all("Content-Type", []))
        if self.request_version == "HTTP/1.1":
            environ.setdefault("HTTP_HOST", "")
        if environ.pop("HTTP_TRANSFER_ENCODING", None) is not None:
            environ["CONTENT_LENGTH"] = str(self.body_size)
        return environ

    def log_message(self, format: str, *args: Any) -> None:
        """Log a request without a password in the address."""
        hidden = [PASSWORD.sub(r"\1...", each) if isinstance(each, str) else each for each in args]
        super().log_message(format, *hidden)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer a request that Python's server can't read: JSON in place of an HTML page."""
        reason = message or HTTPStatus(code).phrase
        self.log_error("code %d, message %s", code, reason)
        # For a request line that it can't parse Python assumes HTTP/0.9, whose answers have no status.
        self.request_version = self.protocol_version
        self.reject(RejectedRequestError(code, f"request: expected HTTP/1.1 within its limits ({reason})"))

    def reject(self, error: RejectedRequestError) -> None:
        """Answer a request in place of the application, and end the connection."""
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
        """Read the rest of the request: closing over unread bytes would discard the answer."""
        self.reader.expect(LINGER_S)
        try:
            while self.incoming.read1(2**16):
                pass
        except OSError:
            pass


class BoundedServer(WSGIServer):
    """Django's server with a limit on connections, each of which takes a thread."""

    request_queue_size = 1024  # with Django's 10, some of many simultaneous connections wait for seconds

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.lock = Lock()
        self.open: set[int] = set()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Reserve a place for the connection; return False if none is free, which ends the connection."""
        with self.lock:
            has_place = len(self.open) < CONNECTIONS
            if has_place:
                self.open.add(id(request))
        return has_place

    def close_request(self, request: Any) -> None:
        """Release the connection's place. The server calls this for each connection, whatever ended it."""
        with self.lock:
            self.open.discard(id(request))
        super().close_request(request)


def reject_ambiguous(encodings: list[str], lengths: set[str], version: str) -> None:
    """Reject a body whose end another server could place elsewhere.

    Raises:
        RejectedRequestError: the encoding is not chunked alone over HTTP/1.1 without a Content-Length.
    """
    if lengths or version != "HTTP/1.1" or [each.strip().lower() for each in encodings] != ["chunked"]:
        raise RejectedRequestError(
            400, "Transfer-Encoding: expected chunked alone, over HTTP/1.1 and without a Content-Length"
        )


def declared(lengths: set[str]) -> int:
    """Return the size in Content-Length; 0 without one.

    Raises:
        RejectedRequestError: the header is no number, or names several.
    """
    if not lengths:
        return 0
    length = lengths.pop().strip()
    if lengths or not (length.isascii() and length.isdecimal()):
        raise RejectedRequestError(400, "Content-Length: expected one number of bytes")
    return int(length)
