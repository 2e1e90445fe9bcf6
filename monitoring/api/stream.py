"""GET /stream: measurements and events as server-sent events, each as soon as it is stored."""

import asyncio
import math
import threading
import time
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from monitoring.api import schemas
from monitoring.api.errors import Unavailable
from monitoring.api.export import ErrorNegotiation
from monitoring.api.fields import StreamSerializer, parameters
from monitoring.live.changes import release_connection
from monitoring.live.feed import NotSettledError, Subscriber, TooManySubscribersError
from monitoring.live.hub import feed
from monitoring.operations.serving.environ import ON_LOOP

MEDIA_TYPE = "text/event-stream"
HEARTBEAT_S = 15.0
# After so long a client has to connect again, and is asked anew who it is: a login ends, a token is revoked.
RECOGNISED_S = 600.0
HEARTBEAT = b":\n\n"
RECONNECT_MS = 2_000
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

EVENTS: dict[Any, Any] = {
    (200, MEDIA_TYPE): OpenApiResponse(
        OpenApiTypes.STR,
        "Events named measurement: data is an item of /data, id its id."
        " Events named event: data is an item of /events; they have no id.",
    )
}
ERRORS = {400: schemas.BAD_INPUT, 401: schemas.NOT_SIGNED_IN, 403: schemas.FORBIDDEN, 503: schemas.NO_PLACE}


class Stream:
    """The messages to one client: events when they come, else a sign of life at intervals."""

    def __init__(self, *, since: int | None, tags: frozenset[str]) -> None:
        self.subscriber: Subscriber = feed.subscribe(
            self.wake, since=since, tags=tags, limit=settings.FERMON_STREAM_CLIENTS
        )
        # An id without data is where a client begins again that was cut off before its first event.
        place = b"id: %d\n" % self.subscriber.place.id if since is None else b""
        self.opening = b"retry: %d\n%b\n" % (RECONNECT_MS, place)
        self.ends_at = math.inf if settings.FERMON_OPEN else time.monotonic() + RECOGNISED_S

    def wake(self) -> None:
        """Signal that there may be something to send. Called in the feed's thread."""
        raise NotImplementedError

    @property
    def is_over(self) -> bool:
        """Return whether the stream has ended."""
        return self.subscriber.is_over or time.monotonic() > self.ends_at

    def next_now(self) -> bytes:
        """Return the bytes that can be sent without waiting for anything but the database; may be empty."""
        opening, self.opening = self.opening, b""
        return opening or self.subscriber.take()

    def sign_of_life(self) -> bytes:
        """Return the bytes to send while there are no events.

        A client that follows some tags also gets the id that the stream has reached. Otherwise a client
        that reconnects would begin after the last id of its tags, and all later rows would be read for
        nothing.
        """
        return b":\nid: %d\n\n" % self.subscriber.place.id if self.subscriber.tags else HEARTBEAT

    def close(self) -> None:
        """Give up the client's place. Django calls this method however the response ended."""
        self.subscriber.close()


class ThreadStream(Stream):
    """A stream for servers that give each response a thread (``manage.py runserver``)."""

    def __init__(self, *, since: int | None, tags: frozenset[str]) -> None:
        self.woken = threading.Event()
        super().__init__(since=since, tags=tags)

    def wake(self) -> None:
        """Wake the waiting thread, as ``Stream.wake``."""
        self.woken.set()

    def __iter__(self) -> "ThreadStream":
        return self

    def __next__(self) -> bytes:
        end = time.monotonic() + HEARTBEAT_S
        while not self.is_over:
            self.woken.clear()
            if data := self.next_now():
                return data
            if (left := end - time.monotonic()) <= 0:
                return self.sign_of_life()
            if not self.subscriber.is_behind:
                self.woken.wait(left)
        raise StopIteration


class LoopStream(Stream):
    """A stream for servers that iterate on an event loop (``manage.py serve``): only the database needs
    a thread.
    """

    def __init__(self, *, since: int | None, tags: frozenset[str]) -> None:
        self.woken = asyncio.Event()
        self.loop: asyncio.AbstractEventLoop | None = None
        super().__init__(since=since, tags=tags)

    def wake(self) -> None:
        """Wake the waiting task, as ``Stream.wake``; without a loop no task waits yet."""
        if self.loop is not None:
            with suppress(RuntimeError):  # the loop is closed: the server has ended
                self.loop.call_soon_threadsafe(self.woken.set)

    def __aiter__(self) -> "LoopStream":
        return self

    async def __anext__(self) -> bytes:
        self.loop = asyncio.get_running_loop()
        end = time.monotonic() + HEARTBEAT_S
        while not self.is_over:
            self.woken.clear()
            is_behind = self.subscriber.is_behind
            if data := await asyncio.to_thread(self.next_now) if is_behind else self.next_now():
                return data
            if (left := end - time.monotonic()) <= 0:
                return self.sign_of_life()
            if not self.subscriber.is_behind:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.woken.wait(), left)
        raise StopAsyncIteration


class StreamView(APIView):
    """Measurements as they are stored."""

    content_negotiation_class = ErrorNegotiation
    tag_filter = "query"

    @extend_schema(
        operation_id="getStream",
        tags=["measurements"],
        auth=schemas.MAY_READ,
        parameters=[StreamSerializer, schemas.LAST_EVENT_ID, schemas.RETRY_AFTER],
        responses={**EVENTS, **ERRORS},
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Measurements as server-sent events, in the order in which they are stored; does not end.

        Each measurement comes once. A client that reconnects names the last id that it has received
        (browsers do so by themselves) and first gets all measurements after that id. A measurement whose
        flag changes later does not come again.

        Between them come the events of the detectors, each when it begins, changes or ends. Events that
        a client missed while it was away are not sent again: see /events.
        """
        chosen = parameters_of(request)
        if request.method == "HEAD":
            return StreamingHttpResponse(iter(()), content_type=MEDIA_TYPE, headers=HEADERS)
        on_loop = request.META.get(ON_LOOP) or isinstance(request._request, ASGIRequest)
        kind = LoopStream if on_loop else ThreadStream
        try:
            stream = kind(since=chosen.get("since"), tags=frozenset(chosen.get("tag", ())))
        except TooManySubscribersError as error:
            raise Unavailable("As many clients as may follow the stream do so. Try again later.") from error
        except NotSettledError as error:
            raise Unavailable("Others are writing at length just now. Try again in a few seconds.") from error
        release_connection()  # a thread that only waits needs none
        return StreamingHttpResponse(stream, content_type=MEDIA_TYPE, headers=HEADERS)


def parameters_of(request: Request) -> dict[str, Any]:
    """Return the query parameters; ``Last-Event-ID`` overrides ``since``, which stays in a browser's
    address.
    """
    last = request.headers.get("Last-Event-ID", "")
    instead = {"tag": [name for name in request.query_params.getlist("tag") if name]}
    try:
        query = parameters(StreamSerializer, request, **instead | ({"since": [last]} if last else {}))
    except ValidationError as error:
        if last and isinstance(error.detail, dict) and "since" in error.detail:
            raise ValidationError({"Last-Event-ID": error.detail["since"]}) from error
        raise
    chosen: dict[str, Any] = query.validated_data
    return chosen
