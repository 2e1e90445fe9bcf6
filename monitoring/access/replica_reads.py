"""Answer requests that only read from the replica, and say how stale the answer may be.

A caller that needs the newest data, as one that has just written, sends ``Cache-Control: no-cache``, or
``max-age`` with the seconds by which the answer may be stale (RFC 9111, section 5.2.1). Without either, any
lag up to ``FERMON_REPLICA_MAX_LAG`` counts as current.
"""

import re
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeVar, cast

from django.http import HttpRequest, HttpResponseBase
from rest_framework.request import Request

from monitoring.database.replica import read, read_pieces

LAG_HEADER = "Fermon-Replica-Lag"
MAX_AGE = re.compile(r"max-age\s*=\s*\"?(\d{1,9})")
READING = frozenset({"GET", "HEAD"})

HandlerT = TypeVar("HandlerT", bound=Callable[..., HttpResponseBase])
ResultT = TypeVar("ResultT")
ResponseT = TypeVar("ResponseT", bound=HttpResponseBase)


def reads_replica(handler: HandlerT) -> HandlerT:
    """Let a handler of an API view answer from the replica; the decorator next to the function.

    Authentication, permissions and throttles come before the handler, and use the primary.
    """

    @wraps(handler)
    def answer(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        call = partial(handler, view, request, *args, **kwargs)
        return call() if request.method not in READING else answer_from_replica(request, call)

    return cast("HandlerT", answer)


def answer_from_replica(request: Request, call: Callable[[], ResponseT]) -> ResponseT:
    """Return the answer of a view; the pieces of a streamed one come from the replica, too."""
    response, lag_s = read(call, max_lag_s=accepted_lag_s(request))
    if lag_s is not None:
        response.headers[LAG_HEADER] = lag_text(lag_s)
        if response.streaming:
            streamed: Any = response
            streamed.streaming_content = read_pieces(iter(streamed.streaming_content))
    return response


def from_replica(request: HttpRequest, call: Callable[[], ResultT]) -> ResultT:
    """Read the data of a page from the replica; ``tell_lag`` adds the header to its response.

    The rest of the page, such as the alarm bar, comes from the primary.
    """
    result, lag_s = read(call, max_lag_s=accepted_lag_s(request))
    request.META[LAG_HEADER] = lag_s
    return result


def tell_lag(request: HttpRequest, response: ResponseT) -> ResponseT:
    """Return the response with the lag of the data that ``from_replica`` has read."""
    lag_s: float | None = request.META.get(LAG_HEADER)
    if lag_s is not None:
        response.headers[LAG_HEADER] = lag_text(lag_s)
    return response


def lag_text(lag_s: float) -> str:
    """Return the lag in seconds, as the header has it."""
    return f"{lag_s:.1f}"


def accepted_lag_s(request: HttpRequest | Request) -> float | None:
    """Return by how many seconds the caller lets the answer be stale; None if the caller does not say.

    Less than nothing if only the newest data will do.
    """
    wanted = request.META.get("HTTP_CACHE_CONTROL", "").lower()
    if "no-cache" in wanted or "no-store" in wanted:
        return -1.0
    found = MAX_AGE.search(wanted)
    return float(found[1]) if found else None
