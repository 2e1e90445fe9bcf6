"""Ids of HTTP requests, to find the log lines of a request by the answer's X-Request-ID header."""

import re
import secrets
from contextvars import ContextVar

from monitoring.kernel.runtime import part

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,127}")


class CurrentRequest:
    """The id of the request that a thread works on; empty outside of requests."""

    def __init__(self) -> None:
        self.id: ContextVar[str] = ContextVar("request_id", default="")


def current_request() -> CurrentRequest:
    """Return the request of this thread."""
    return part(CurrentRequest)


def new_request_id() -> str:
    """Return 16 random hexadecimal digits."""
    return secrets.token_hex(8)


def request_id_of(given: str) -> str:
    """Return the id that a client or proxy has given, or a new one for none and for a malformed one.

    Ids are written to the log, so control characters and long texts are not taken.
    """
    return given if WELL_FORMED.fullmatch(given) else new_request_id()
