"""The gateway: long answers go piece by piece, none of one kind waits for another, and what fails is cut."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse

from monitoring.operations.serving import gateway
from monitoring.operations.serving.gateway import PIECE_BYTES, Gateway
from monitoring.operations.serving.threads import (
    BATCHES,
    SINGLES,
    SIZES,
    SMALL_BATCH_BYTES,
    WRITES,
    Threads,
    kind_of,
    kind_of_batch,
)
from tests import own_loop


class Connection:
    """A client's end; ``send`` may be called in any thread and need not be awaited, as granian's."""

    def __init__(self, *, leaves: bool = False) -> None:
        self.sent: list[Any] = []
        self.messages = [{"type": "http.request", "body": b"", "more_body": False}]
        self.messages += [{"type": "http.disconnect"}] * leaves

    async def receive(self) -> Any:
        if not self.messages:
            await asyncio.Event().wait()
        return self.messages.pop(0)

    def send(self, message: Any) -> Any:
        self.sent.append(message)
        return asyncio.sleep(0) if threading.current_thread().name.startswith("loop") else None

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


def scope(path: str = "/", method: str = "GET") -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "http_version": "1.1",
        "scheme": "http",
        "client": ("127.0.0.1", "1"),
        "server": ("127.0.0.1", "1"),
        "headers": [],
    }


def answered(make: Callable[[], HttpResponseBase], **options: Any) -> Connection:
    """What a client gets of an application that answers so."""
    connection = Connection(**options)
    served = Gateway(lambda environ, start: make(), on_start=lambda: None)
    own_loop.run(served(scope(), connection.receive, connection.send))
    return connection


def test_a_whole_answer_is_sent_with_its_headers_and_cookies() -> None:
    def make() -> HttpResponse:
        response = HttpResponse(b"abc", status=201, headers={"X-A": "b"})
        response.set_cookie("c", "d")
        return response

    connection = answered(make)
    assert connection.sent[0]["status"] == 201
    assert (b"x-a", b"b") in connection.sent[0]["headers"]
    assert any(name == b"set-cookie" for name, _ in connection.sent[0]["headers"])
    assert connection.body == b"abc"


def test_a_long_answer_goes_in_pieces_of_bounded_size() -> None:
    pieces = [b"x" * (PIECE_BYTES * 2 + 1), b"y"]
    connection = answered(lambda: StreamingHttpResponse(iter(pieces)))
    assert connection.body == b"".join(pieces)
    assert max(len(message.get("body", b"")) for message in connection.sent) == PIECE_BYTES
    assert connection.sent[-1] == {"type": "http.response.body", "body": b""}


def test_an_endless_answer_ends_when_its_client_leaves() -> None:
    made = []

    def endless() -> Iterator[bytes]:
        for number in range(10**9):
            made.append(number)
            yield b"x"

    answered(lambda: StreamingHttpResponse(endless()), leaves=True)
    assert len(made) < 1000


def test_what_waits_on_the_loop_is_closed_when_its_client_leaves() -> None:
    class Waiting:
        def __init__(self) -> None:
            self.closed = asyncio.Event()

        def __aiter__(self) -> AsyncIterator[bytes]:
            return self

        async def __anext__(self) -> bytes:
            await self.closed.wait()
            raise StopAsyncIteration

        def close(self) -> None:
            self.closed.set()

    assert answered(lambda: StreamingHttpResponse(Waiting()), leaves=True).body == b""


def test_an_answer_that_fails_on_its_way_is_cut_and_not_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    cut: list[Any] = []
    monkeypatch.setattr(gateway, "cut", cut.append)

    def breaks_off() -> Iterator[bytes]:
        yield b"1,2\n"
        raise OSError("the disk is gone")

    connection = answered(lambda: StreamingHttpResponse(breaks_off()))
    assert cut == [("127.0.0.1", "1")]
    assert connection.sent[-1]["more_body"]


def test_as_many_downloads_as_may_be_are_followed_by_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "LONG_ANSWERS", 0)
    connection = answered(lambda: StreamingHttpResponse(iter([b"x"])))
    assert connection.sent[0]["status"] == 503
    assert any(name == b"retry-after" for name, _ in connection.sent[0]["headers"])


def test_threads_are_bounded_and_hand_errors_on() -> None:
    threads = Threads("test", 2)
    seen = set()

    def note() -> None:
        seen.add(threading.current_thread().name)

    async def many() -> None:
        await asyncio.gather(*(threads.run(note) for _ in range(50)))
        with pytest.raises(ZeroDivisionError):
            await threads.run(lambda: 1 / 0)

    own_loop.run(many())
    assert seen <= {"test-1", "test-2"}


def test_health_and_readings_have_threads_of_their_own() -> None:
    kinds = [
        kind_of("GET", "/health"),
        kind_of("POST", "/ingest"),
        kind_of("GET", "/data"),
        kind_of("GET", "/export"),
    ]
    assert len(set(kinds)) == 4
    assert {*kinds, SINGLES, BATCHES} == set(SIZES)  # those of plain requests
    assert kinds[1] == WRITES


def test_large_batches_share_a_thread_on_sqlite_alone() -> None:
    large, small = kind_of_batch(SMALL_BATCH_BYTES + 1), kind_of_batch(SMALL_BATCH_BYTES)
    assert (large, small) == (BATCHES if connection.vendor == "sqlite" else WRITES, WRITES)
