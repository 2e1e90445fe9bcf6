"""Answer frequent requests without Django's layers, with the headers that Django gives.

The middlewares and the REST framework take several times as long as the storing of a reading. Their headers
depend on the headers of the request alone. So Django answers the first request of each kind, and requests
that differ only in their body get the same headers. Whatever is unusual goes through Django.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple

from django.core import signals
from django.http import HttpResponseBase
from django.urls import Resolver404, resolve

from monitoring.kernel.request_ids import HEADER, new_request_id
from monitoring.operations.serving.asgi import Scope

logger = logging.getLogger("django.request")

Headers = list[tuple[bytes, bytes]]
Kind = tuple[object, ...]

# A request with any other header, such as cookies, credentials or the addresses of proxies, needs Django.
PLAIN = frozenset(
    {b"host", b"user-agent", b"accept", b"accept-encoding", b"connection", b"content-type", b"content-length"}
)
JSON_WANTED = frozenset({b"", b"*/*", b"application/json"})
JSON_SENT = b"application/json"
MOST_KINDS = 256
REQUEST_ID = HEADER.lower().encode()


class ShortRequest(NamedTuple):
    """A plain request: body, client address and time of arrival."""

    body: bytes
    address: str
    received: datetime


class ShortAnswer(NamedTuple):
    """The answer of a view: status, headers beside those of all its answers, and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


# A view's answers to some requests, in order; None for each that needs Django.
View = Callable[[Sequence[ShortRequest]], Sequence[ShortAnswer | None]]


class ShortWay(NamedTuple):
    """The view for a kind of request, and the headers that Django has given to one of this kind.

    ``is_alone``: the view answers each request by itself, else many at once.
    """

    view: View
    headers: Headers
    is_alone: bool = False

    def response(self, path: str, answer: ShortAnswer) -> tuple[int, Headers, bytes]:
        """Return status, headers and body to send; log errors as Django does."""
        request_id = new_request_id()
        if answer.status >= 400:
            level = logging.ERROR if answer.status >= 500 else logging.WARNING
            extra = {"status_code": answer.status, "request_id": request_id}
            logger.log(level, "%s: %s", HTTPStatus(answer.status).phrase, path, extra=extra)
        own = {b"content-length": b"%d" % len(answer.body), REQUEST_ID: request_id.encode()}
        headers = [(name, own.get(name, value)) for name, value in self.headers]
        headers += [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
        return answer.status, headers, answer.body


def answers(view: View, requests: Sequence[ShortRequest]) -> Sequence[ShortAnswer | None]:
    """Return the view's answers to some requests; None for all if the view fails."""
    signals.request_started.send(sender=ShortWay, environ={})  # closes connections that have ended
    try:
        return view(requests)
    except Exception:
        logger.exception("The short way failed")
        return [None] * len(requests)
    finally:
        signals.request_finished.send(sender=ShortWay)


class ShortWays:
    """The short ways known to one process, by kind of request."""

    def __init__(self) -> None:
        self.known: dict[Kind, ShortWay] = {}

    def find(self, scope: Scope) -> ShortWay | None:
        """Return the short way for a request, if one is known."""
        return self.known.get(kind_of(scope)) if scope["method"] == "POST" else None

    def learn(self, scope: Scope, response: HttpResponseBase, headers: Headers) -> None:
        """Remember the headers of Django's successful answer, if the view has a short way."""
        kind = kind_of(scope)
        if not kind or kind in self.known or response.status_code not in (200, 201) or response.cookies:
            return
        found = short_view(scope["path"])
        if found is None:
            return
        if len(self.known) >= MOST_KINDS:
            self.known.pop(next(iter(self.known)), None)
        view, is_alone = found
        self.known[kind] = ShortWay(view, headers, is_alone)


def kind_of(scope: Scope) -> Kind:
    """Return all of a plain request but its body and client; empty for other requests."""
    headers = {bytes(name): bytes(value) for name, value in scope["headers"]}
    is_plain = (
        scope["method"] == "POST"
        and not scope["query_string"]
        and len(headers) == len(scope["headers"])
        and PLAIN.issuperset(headers)
        and b"host" in headers
        and headers.get(b"accept", b"") in JSON_WANTED
        and headers.get(b"content-type", b"").startswith(JSON_SENT)
    )
    headers.pop(b"content-length", None)
    return (scope["path"], scope["scheme"], scope["http_version"], *headers.items()) if is_plain else ()


@lru_cache(MOST_KINDS)
def short_view(path: str) -> tuple[View, bool] | None:
    """Return the view at the path with a short way, and whether each request is answered alone; else None."""
    try:
        found = resolve(path)
    except Resolver404:
        return None
    view_class = getattr(found.func, "cls", None)
    view: View | None = getattr(view_class, "short_way", None)
    return None if view is None else (view, getattr(view_class, "is_answered_alone", False))
