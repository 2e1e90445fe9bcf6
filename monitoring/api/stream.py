"""GET /stream: send measurements and events as server-sent events, as soon as stored."""

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
from monitoring.operations.serving.environ import ON_LOOP
from monitoring.operations.stream_feed import feed

MEDIA_TYPE = "text/event-stream"
HEARTBEAT_S = 15.0
# Maximum duration of a stream. Reconnecting authenticates again: logins expire, tokens are revoked.
RECOGNISED_S = 600.0
HEARTBEAT = b":\n\n"
RECONNECT_MS = 2_000
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

EVENTS: dict[Any, Any] = {
    (200, MEDIA_TYPE): OpenApiResponse(
        OpenApiTypes.STR,
        "Events named measurement: data is an item of /data, id its id."
        " Events named event: data is an item of /events; they have no id."
        " Events named alarm: data is an item of /alarms. Events named alarms: many alarms changed at once;"
        " data has counts, revision and after_revision, for GET /alarms. They have no id either."
        " Events named deviation: data is an item of /batches/<id>/deviations that is new or has changed.",
    )
}
ERRORS = {400: schemas.BAD_INPUT, **schemas.REFUSED, 503: schemas.NO_PLACE}


class Stream:
    """The messages to one client: new events, or a heartbeat after ``HEARTBEAT_S`` seconds without any."""

    def __init__(self, *, since: int | None, tags: frozenset[str]) -> None:
        self.subscriber: Subscriber = feed().subscribe(
            self.wake, since=since, tags=tags, limit=settings.FERMON_STREAM_CLIENTS
        )
        # An id without data: a client that is disconnected before the first event resumes from this id.
        place = b"id: %d\n" % self.subscriber.place.id if since is None else b""
        self.opening = b"retry: %d\n%b\n" % (RECONNECT_MS, place)
        self.ends_at = math.inf if settings.FERMON_OPEN else time.monotonic() + RECOGNISED_S

    def wake(self) -> None:
        """Signal that new messages may be available. Called in the thread of the feed."""
        raise NotImplementedError

    @property
    def is_over(self) -> bool:
        """Return whether the subscription has ended or the maximum duration has passed."""
        return self.subscriber.is_over or time.monotonic() > self.ends_at

    def next_now(self) -> bytes:
        """Return the bytes that can be sent now, possibly none; wait at most for the database."""
        opening, self.opening = self.opening, b""
        return opening or self.subscriber.take()

    def sign_of_life(self) -> bytes:
        """Return the heartbeat to send while there are no events.

        For a client that follows some tags only, add the id that the stream has reached. Otherwise a
        client that reconnects would resume from the last id of these tags, and the server would read all
        later rows in vain.
        """
        return b":\nid: %d\n\n" % self.subscriber.place.id if self.subscriber.tags else HEARTBEAT

    def close(self) -> None:
        """End the subscription. Django calls this method at the end of every response."""
        self.subscriber.close()


class ThreadStream(Stream):
    """A stream for servers with one thread per response (``manage.py runserver``)."""

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
    """A stream for servers with an event loop (``manage.py serve``).

    Only reading from the database needs a thread.
    """

    def __init__(self, *, since: int | None, tags: frozenset[str]) -> None:
        self.woken = asyncio.Event()
        self.loop: asyncio.AbstractEventLoop | None = None
        super().__init__(since=since, tags=tags)

    def wake(self) -> None:
        """Wake the waiting task, if the iteration has started, as ``Stream.wake``."""
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
    """Stream measurements and events as soon as stored."""

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
        """Stream measurements as server-sent events, in the order of storing.

        Each measurement is sent once, and not again if the anomaly flag changes later. A client that
        reconnects sends the last received id (browsers do this automatically) and first receives all
        measurements after that id.

        While Fermon is open, the stream does not end; while Fermon is closed, the server ends the stream
        after 10 minutes.

        The stream also contains the events of the detectors, each at the start, at every change and at
        the end of the event, and the alarms and the deviations of batches at every change. What a client
        misses while disconnected is not sent again: see /events, /alarms and /batches/<id>/deviations.
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
        release_connection()  # a waiting thread needs no database connection
        return StreamingHttpResponse(stream, content_type=MEDIA_TYPE, headers=HEADERS)


def parameters_of(request: Request) -> dict[str, Any]:
    """Return the validated query parameters.

    ``Last-Event-ID`` overrides ``since``, because a browser reconnects with the original address.

    Raises:
        ValidationError: a parameter or ``Last-Event-ID`` is invalid.
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
