"""The Accept header of clients that send an empty or malformed one.

Java before version 19 (and before later updates of 11 and 17) sends ``text/html, image/gif, image/jpeg, *;
q=.2, */*; q=.2`` where a program sets nothing (https://bugs.openjdk.org/browse/JDK-8163921). ``*`` is no
media range (RFC 9110, section 12.5.1), and no browser sends it: such a header states no preference, as
``*/*``, which later versions send. Nor does an empty one, which small HTTP libraries send.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

ANY = "*/*"


class ReadableAccept:
    """Read an empty or malformed Accept header as one without a preference, which JSON answers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the answer to the request."""
        accept = request.META.get("HTTP_ACCEPT", ANY)
        if accept != ANY and (is_empty(accept) or is_malformed(accept)):
            request.META["HTTP_ACCEPT"] = ANY
        return self.get_response(request)


def is_malformed(accept: str) -> bool:
    """Return whether one of the media ranges is a lone asterisk."""
    return any(part.partition(";")[0].strip() == "*" for part in accept.split(","))


def is_empty(accept: str) -> bool:
    """Return whether no media range is named; empty elements of a list do not count (RFC 9110, 5.6.1)."""
    return not accept.strip(", \t")
