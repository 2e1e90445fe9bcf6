"""An HTTP client for one POST: a deadline for the whole, no redirects, TLS verified, a small answer."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import SplitResult, urlsplit

from monitoring.notifications.transport.allowed import RefusedTargetError
from monitoring.notifications.transport.deadline import Deadline
from monitoring.notifications.transport.sockets import (
    BoundedSocket,
    BoundedTlsSocket,
    connect,
    start_tls,
)

Connected = BoundedSocket | BoundedTlsSocket

MOST_ANSWER = 2048  # bytes
ANSWER_S = 1.0
MOST_RETRY_AFTER_S = 24 * 3600.0


class NotSentError(Exception):
    """The target did not get the request; the message says why."""


class NoAnswerError(Exception):
    """The target got the request, perhaps, and did not answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Request:
    """A POST."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a target: status, the wait that is asked for, the beginning of an error's body."""

    status: int
    retry_after_s: float | None = None
    text: str = ""


def post(request: Request, *, allows_local: bool, limit_s: float) -> Answer:
    """Send a request and return the answer, within ``limit_s`` seconds.

    Raises:
        RefusedTargetError: the address is none, or not allowed; NotSentError; NoAnswerError.
    """
    deadline = Deadline(limit_s)
    parts = checked_url(request.url)
    try:
        sock = _open(parts, deadline, allows_local=allows_local)
    except (OSError, ValueError) as error:
        raise NotSentError(words(error)) from error
    with sock:
        return _exchange(request, parts, sock)


def checked_url(url: str) -> SplitResult:
    """Return the parts of an HTTP address.

    Raises:
        RefusedTargetError: the text is none.
    """
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or not url.isascii() or any(letter <= " " for letter in url):
        raise RefusedTargetError("The address is not understood: use https://host/path.")
    if parts.username is not None:
        raise RefusedTargetError("The address may not contain a user and password.")
    return parts


def words(error: Exception) -> str:
    """Return an error in words, without the address that some errors contain."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not accepted: {error.verify_message}"
    if isinstance(error, ConnectionError) and not error.strerror:
        return "the connection was closed"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return type(error).__name__


def _open(parts: SplitResult, deadline: Deadline, *, allows_local: bool) -> Connected:
    host = parts.hostname or ""
    is_tls = parts.scheme == "https"
    sock = connect(host, parts.port or (443 if is_tls else 80), deadline, allows_local=allows_local)
    return start_tls(sock, host) if is_tls else sock


def _exchange(request: Request, parts: SplitResult, sock: Connected) -> Answer:
    connection = HTTPConnection(parts.hostname or "", parts.port)
    connection.sock = sock
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Host": parts.netloc, "User-Agent": "Fermon", "Connection": "close", **request.headers}
    try:
        connection.request("POST", path, request.body, headers)
    except (OSError, ValueError, HTTPException) as error:
        raise NotSentError(words(error)) from error
    try:
        return _answer(connection.getresponse(), sock)
    except (OSError, ValueError, HTTPException) as error:
        raise NoAnswerError(words(error)) from error


def _answer(response: HTTPResponse, sock: Connected) -> Answer:
    with response:
        is_error = response.status >= 400
        text = _beginning(response, sock) if is_error else ""
        return Answer(response.status, retry_after(response.getheader("Retry-After", "")), text)


def _beginning(response: HTTPResponse, sock: Connected) -> str:
    """Return the beginning of the body. The status is known, so a body that comes slowly is not awaited."""
    sock.deadline.shorten(ANSWER_S)
    try:
        return response.read(MOST_ANSWER).decode(errors="replace")
    except (OSError, ValueError, HTTPException):
        return ""


def retry_after(text: str) -> float | None:
    """Return the seconds of a Retry-After header, which has seconds or a date; None if it has neither."""
    try:
        if text.strip().isdecimal():
            seconds = float(text)
        else:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(seconds, 0.0), MOST_RETRY_AFTER_S)
