"""Answer ASGI requests by a WSGI application.

The event loop reads each request whole, so that slow clients hold no thread. A thread then calls the
application. The loop iterates answers without an end; threads iterate long answers piece by piece, so that
clients that read slowly hold no thread either.
"""

import asyncio
import logging
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import orjson
from django.db import close_old_connections
from django.http import HttpResponseBase, StreamingHttpResponse

from monitoring.kernel.request_ids import HEADER
from monitoring.operations.serving.asgi import Receive, Scope, Send
from monitoring.operations.serving.bodies import Bodies, ClientGoneError
from monitoring.operations.serving.environ import environ_of
from monitoring.operations.serving.limits import RejectedRequestError
from monitoring.operations.serving.short_way import ShortWay, ShortWays
from monitoring.operations.serving.sockets import bound_unread_answers, cut
from monitoring.operations.serving.threads import PIECES, SINGLES, all_threads, kind_of, kind_of_batch
from monitoring.operations.serving.together import Together, answer_alone

logger = logging.getLogger("_granian")

Application = Callable[[dict[str, Any], Callable[..., Any]], HttpResponseBase]

# Largest piece of an answer handed to the server at once; larger ones are divided.
PIECE_BYTES = 64 * 1024
# A streamed answer up to this length, such as a static file, is read at once.
WHOLE_BYTES = 1024 * 1024
# Concurrent answers of unknown length, such as exports, of a process. Each holds some pieces in memory.
LONG_ANSWERS = 64
RETRY_AFTER_S = 5
SWITCH_S = 0.001
CATCH_UP_THREADS = 2


class Gateway:
    """An ASGI application around Django's WSGI one. ``on_start`` is called in the loop's thread."""

    def __init__(self, application: Application, on_start: Callable[[], None]) -> None:
        self.application = application
        self.on_start = on_start
        self.bodies = Bodies()
        self.threads = all_threads()
        self.short_ways = ShortWays()
        self.together = Together()
        self.long_answers = 0
        self.is_bounded = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or handle the server's lifespan events."""
        if scope["type"] == "lifespan":
            await self.run_lifespan(receive, send)
        elif scope["type"] == "http":
            await self.respond(scope, receive, send)

    async def run_lifespan(self, receive: Receive, send: Send) -> None:
        """Start and stop with the server."""
        while (message := await receive())["type"] != "lifespan.shutdown":
            if message["type"] == "lifespan.startup":
                share_interpreter()
                self.on_start()
                await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})

    async def respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the request and send the application's answer, or the reason of a rejection."""
        if not self.is_bounded:
            self.is_bounded = True
            bound_unread_answers(int(scope["server"][1]))
        try:
            with self.bodies.read(scope, receive) as body:
                content = await body.whole()
                short = self.short_ways.find(scope)
                if short is not None and await self.take(short, scope, content, send):
                    return
                is_single = short is not None and not short.is_alone
                kind = SINGLES if is_single else kind_of(scope["method"], scope["path"])
                rest = await self.threads[kind].run(
                    partial(self.call_application, scope, content, body.size, send)
                )
            if rest is not None:
                await self.send_rest(rest, scope, receive, send)
        except RejectedRequestError as error:
            await reject(send, error)
        except ClientGoneError:
            pass

    def take(
        self, short: ShortWay, scope: Scope, body: bytes, send: Send
    ) -> "asyncio.Future[bool] | asyncio.Future[Any]":
        """Return the future of a request on a short way: False if the request needs Django."""
        if short.is_alone:
            return self.threads[kind_of_batch(len(body))].run(partial(answer_alone, short, scope, body, send))
        return self.together.run(short, scope, body, send)

    def call_application(self, scope: Scope, body: bytes, size: int, send: Send) -> Any:
        """Call the application, in one of the threads; return the answer unless it was sent whole.

        Send a whole answer from this thread: the server's ``send`` may be called in any thread, and does not
        block for a whole answer. A return to the loop would cost another switch of threads.
        """
        environ = environ_of(scope, body, size)
        response = self.application(environ, lambda status, headers: None)
        if is_long(response):
            return response
        content = b"" if environ["REQUEST_METHOD"] == "HEAD" else b"".join(response)
        response.close()
        start = start_of(response)
        self.short_ways.learn(scope, response, start["headers"])
        send(start)
        send({"type": "http.response.body", "body": content})
        return None

    async def send_rest(
        self, response: StreamingHttpResponse, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Send an answer that is not complete yet; cut the connection if the answer fails."""
        if not response.is_async and self.long_answers >= LONG_ANSWERS:
            await self.threads[PIECES].run(response.close)
            await reject(
                send, RejectedRequestError(503, f"{LONG_ANSWERS} others are downloading. Try again later.")
            )
            return
        self.long_answers += not response.is_async
        gone = asyncio.ensure_future(wait_until_gone(receive))
        try:
            await send(start_of(response))
            await (send_stream if response.is_async else self.send_pieces)(response, gone, send)
            await send({"type": "http.response.body", "body": b""})
        except Exception:
            logger.exception("An answer broke off", extra={"request_id": response.headers.get(HEADER, "")})
            cut(scope["client"])
        finally:
            self.long_answers -= not response.is_async
            gone.cancel()
            await self.threads[PIECES].run(response.close)

    async def send_pieces(
        self, response: StreamingHttpResponse, gone: "asyncio.Future[Any]", send: Send
    ) -> None:
        """Send the pieces of an iterator, each after the client has taken the previous ones."""
        pieces = iter(response)
        while (
            not gone.done()
            and (piece := await self.threads[PIECES].run(partial(next_piece, pieces))) is not None
        ):
            for start in range(0, len(piece), PIECE_BYTES):
                await send(body_of(piece[start : start + PIECE_BYTES]))


def share_interpreter() -> None:
    """Shorten the interpreter's switch interval, so that quick answers need not wait for computing threads.

    The loop's default threads read the database for stream subscribers that have fallen behind.
    """
    sys.setswitchinterval(SWITCH_S)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(CATCH_UP_THREADS, "catch-up"))


async def wait_until_gone(receive: Receive) -> None:
    """Return when the connection ends; skip the server's notice that the request ended."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def send_stream(response: StreamingHttpResponse, gone: "asyncio.Future[Any]", send: Send) -> None:
    """Send the pieces of an asynchronous iterator until the client leaves."""
    gone.add_done_callback(lambda _: response.close())
    async for piece in response:
        for start in range(0, len(piece), PIECE_BYTES):
            await send(body_of(piece[start : start + PIECE_BYTES]))


def next_piece(pieces: Iterator[bytes]) -> bytes | None:
    """Return the next piece; None at the end. Another thread may read the next one."""
    try:
        return next(pieces, None)
    finally:
        close_old_connections()


def is_long(response: HttpResponseBase) -> bool:
    """Return whether to send the answer piece by piece."""
    length = response.headers.get("Content-Length", "")
    return response.streaming and not (length.isdecimal() and int(length) <= WHOLE_BYTES)


def start_of(response: HttpResponseBase) -> dict[str, Any]:
    """Return the answer's status and headers as an ASGI message."""
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
    headers += [
        (b"set-cookie", cookie.OutputString().encode("latin-1")) for cookie in response.cookies.values()
    ]
    return {"type": "http.response.start", "status": response.status_code, "headers": headers}


def body_of(piece: bytes) -> dict[str, Any]:
    """Return a piece as an ASGI message."""
    return {"type": "http.response.body", "body": piece, "more_body": True}


async def reject(send: Send, error: RejectedRequestError) -> None:
    """Answer a request that never reached Django, and end the connection without reading the rest."""
    content = orjson.dumps({"detail": error.detail})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(content)),
        (b"connection", b"close"),
    ]
    if error.status == 503:
        headers.append((b"retry-after", b"%d" % RETRY_AFTER_S))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
