"""Give each request an id: in the answer's X-Request-ID header, and in each log line of the request."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from monitoring.kernel.request_ids import HEADER, current_request, request_id_of


class RequestIds:
    """Take a well-formed X-Request-ID of the client or proxy, else make one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the answer with the X-Request-ID header."""
        request_id = request_id_of(request.headers.get(HEADER, ""))
        # Django logs the status of an answer after the last middleware, with the request.
        request.META["fermon.request_id"] = request_id
        current = current_request().id
        before = current.set(request_id)
        try:
            response = self.get_response(request)
        finally:
            current.reset(before)
        response.headers[HEADER] = request_id
        return response


def add_request_id(record: logging.LogRecord) -> bool:
    """Add the id of the request to a record; records outside of requests get none."""
    request_id = current_request().id.get() or id_in(getattr(record, "request", None))
    if request_id and not hasattr(record, "request_id"):
        record.request_id = request_id
    return True


def id_in(request: object) -> str:
    """Return the id of the request that a record carries; empty if there is none."""
    return request.META.get("fermon.request_id", "") if isinstance(request, HttpRequest) else ""
