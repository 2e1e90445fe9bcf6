"""Read request bodies on the event loop: a slow client costs a few kilobytes and no thread."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from monitoring.kernel.request_limits import MAX_BODY_BYTES
from monitoring.operations.serving.asgi import Receive, Scope
from monitoring.operations.serving.limits import (
    LARGE_BODIES,
    LARGE_BODY_BYTES,
    RejectedRequestError,
    malformed,
    seconds_allowed,
    too_slow,
)


class ClientGoneError(Exception):
    """The connection ended before the request did."""


class Bodies:
    """The bodies of one process; at most ``large_bodies`` of more than 64 KiB are in memory."""

    def __init__(self, large_bodies: int = LARGE_BODIES) -> None:
        self.large_bodies = large_bodies
        self.large = 0

    @contextmanager
    def read(self, scope: Scope, receive: Receive) -> "Iterator[Body]":
        """Yield the request's body; release the room of a large body at the end."""
        body = Body(self, receive, declared_size(scope))
        try:
            yield body
        finally:
            self.large -= body.is_large

    def take_room(self) -> None:
        """Count one more large body.

        Raises:
            RejectedRequestError: the limit is reached.
        """
        if self.large >= self.large_bodies:
            raise RejectedRequestError(
                503, f"{self.large_bodies} other large bodies are being read. Try again in a few seconds."
            )
        self.large += 1


class Body:
    """One request's body during arrival."""

    def __init__(self, bodies: Bodies, receive: Receive, declared: int | None) -> None:
        self.bodies, self.receive = bodies, receive
        self.is_chunked = declared is None
        self.more = self.is_chunked or 0 < (declared or 0) <= MAX_BODY_BYTES
        self.is_large = False
        self.size = 0

    async def whole(self) -> bytes:
        """Return the body; return nothing for a body over the limit, which Django rejects by size.

        Raises:
            RejectedRequestError: the body came too slowly, is malformed, or finds no room now.
            ClientGoneError: the connection ended.
        """
        pieces: list[bytes] = []
        began = time.monotonic()
        while self.more:
            piece = await self.next_piece(began)
            pieces.append(piece)
            self.size += len(piece)
            if self.size > MAX_BODY_BYTES:
                return b""
            if self.size > LARGE_BODY_BYTES and not self.is_large:
                self.bodies.take_room()
                self.is_large = True
        return b"".join(pieces)

    async def next_piece(self, began: float) -> bytes:
        """Return the next piece, and set ``more`` to whether another follows."""
        try:
            async with asyncio.timeout(began + seconds_allowed(self.size) - time.monotonic()):
                message = await self.receive()
        except TimeoutError:
            raise too_slow() from None
        if message["type"] != "http.request":
            # The server sends the same message for malformed chunks and for a client that has gone.
            raise malformed() if self.is_chunked else ClientGoneError
        self.more = message.get("more_body", False)
        piece: bytes = message["body"]
        return piece


def declared_size(scope: Scope) -> int | None:
    """Return the declared size in bytes; None for a body in chunks."""
    headers = dict(scope["headers"])
    if b"transfer-encoding" in headers:
        return None
    return int(headers.get(b"content-length", b"0"))
