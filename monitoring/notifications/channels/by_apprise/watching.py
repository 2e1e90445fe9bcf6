"""Watch the connections of the child process: addresses, redirects, answers. Runs there alone."""

import sys
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from monitoring.kernel.reachable import is_allowed

MOST_ANSWER = 8192  # bytes


@dataclass
class Watched:
    """The state of the attempt: the last answer, and whether a request may have arrived without one."""

    status: int | None = None
    retry_after: str = ""
    text: str = ""
    is_refused: bool = False
    has_sent: bool = False
    was_accepted: bool = False
    error: str = ""


def refuse_local(watched: Watched) -> None:
    """End each connection to a local address, by the address that is really connected to."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        is_connect = event == "socket.connect" and isinstance(arguments[1], tuple)
        if is_connect and not is_allowed(str(arguments[1][0])):
            watched.is_refused = True
            raise PermissionError("a local target")

    sys.addaudithook(hook)


class WatchedAdapter(HTTPAdapter):
    """Send requests of one session; read answers up to a limit and follow no redirects."""

    def __init__(self, watched: Watched) -> None:
        super().__init__()
        self._watched = watched

    def send(self, request: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Send one request."""
        watched = self._watched
        try:
            found = super().send(request, **kwargs)
        except requests.RequestException as error:
            watched.has_sent |= isinstance(error, requests.ReadTimeout)
            watched.error = type(error).__name__
            raise
        # The rest of a long answer is not awaited; requests reads what is set here.
        found._content = found.raw.read(MOST_ANSWER, decode_content=True)
        found._content_consumed = True  # type: ignore[attr-defined]
        found.headers.pop("Location", None)  # without an address requests follows no redirect
        watched.status, watched.text = found.status_code, found.text
        watched.retry_after = found.headers.get("Retry-After", "")
        watched.was_accepted |= found.ok
        return found


def watch(watched: Watched) -> None:
    """Let all sessions of requests use the adapter, and no proxies or logins from files."""
    original = requests.Session.__init__

    def begin(self: requests.Session) -> None:
        original(self)
        self.trust_env = False
        self.mount("https://", WatchedAdapter(watched))
        self.mount("http://", WatchedAdapter(watched))

    requests.Session.__init__ = begin  # type: ignore[method-assign]
