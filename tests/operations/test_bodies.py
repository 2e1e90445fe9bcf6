"""Bodies on the event loop: bounded in time, in size, and in how many large ones there are."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from monitoring.kernel.request_limits import MAX_BODY_BYTES
from monitoring.operations.serving import bodies
from monitoring.operations.serving.bodies import Bodies, ClientGoneError
from monitoring.operations.serving.environ import environ_of
from monitoring.operations.serving.limits import (
    BODY_S,
    LARGE_BODY_BYTES,
    LEAST_BYTES_A_SECOND,
    RejectedRequestError,
    seconds_allowed,
)
from tests import own_loop

CHUNKED = [(b"transfer-encoding", b"chunked")]


def sender(*pieces: bytes, ends: bool = True, leaves: bool = False) -> Callable[[], Awaitable[Any]]:
    """A client that sends these pieces; then it ends the body, leaves, or says nothing more."""
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    if ends:
        messages.append({"type": "http.request", "body": b"", "more_body": False})
    if leaves:
        messages.append({"type": "http.disconnect"})

    async def receive() -> Any:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop(0)

    return receive


def read(receive: Any, headers: Any, room: Bodies | None = None) -> tuple[bytes, int]:
    """The body, and its size."""

    async def whole() -> tuple[bytes, int]:
        with (room or Bodies()).read({"headers": headers}, receive) as body:
            return await body.whole(), body.size

    return own_loop.run(whole())


def length(size: int) -> list[tuple[bytes, bytes]]:
    return [(b"content-length", b"%d" % size)]


@pytest.mark.parametrize("headers", [length(4), CHUNKED])
def test_pieces_become_one_body(headers: Any) -> None:
    assert read(sender(b"ab", b"cd"), headers) == (b"abcd", 4)


def test_where_none_is_declared_nothing_is_waited_for() -> None:
    assert read(sender(ends=False), []) == (b"", 0)


def test_of_one_that_is_declared_too_large_nothing_is_read() -> None:
    assert read(sender(ends=False), length(MAX_BODY_BYTES + 1)) == (b"", 0)


def test_one_in_chunks_is_read_up_to_the_limit() -> None:
    piece = b"x" * (1024 * 1024)
    content, size = read(sender(*[piece] * 9, ends=False), CHUNKED)
    assert content == b""
    assert size > MAX_BODY_BYTES


def test_a_client_that_stops_sending_is_told_so_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "seconds_allowed", lambda received: 0.05)
    with pytest.raises(RejectedRequestError) as refused:
        read(sender(b"{", ends=False), length(100))
    assert refused.value.status == 408


@pytest.mark.parametrize(
    ("headers", "error"), [(length(9), ClientGoneError), (CHUNKED, RejectedRequestError)]
)
def test_a_body_that_breaks_off_is_not_taken(headers: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        read(sender(b"[1,", ends=False, leaves=True), headers)


def test_larger_bodies_are_few_and_give_their_room_back() -> None:
    room = Bodies(large_bodies=1)
    large = b"x" * (LARGE_BODY_BYTES + 1)
    for _ in range(2):
        read(sender(large), length(len(large)), room)
    room.large = 1
    with pytest.raises(RejectedRequestError) as refused:
        read(sender(large), length(len(large)), room)
    assert refused.value.status == 503
    assert read(sender(b"x" * LARGE_BODY_BYTES), length(LARGE_BODY_BYTES), room)[1] == LARGE_BODY_BYTES


def test_more_time_is_given_to_those_who_send_more() -> None:
    assert seconds_allowed(0) == BODY_S
    assert seconds_allowed(LEAST_BYTES_A_SECOND * 30) == BODY_S + 30


def test_the_environment_has_the_headers_and_no_others_under_their_names() -> None:
    scope = {
        "method": "POST",
        "path": "/tags/ä",
        "query_string": b"a=%20",
        "http_version": "1.1",
        "scheme": "http",
        "client": ("192.0.2.7", "1234"),
        "server": ("127.0.0.1", "8000"),
        "headers": [
            *CHUNKED,
            (b"content-type", b"application/json"),
            (b"x-forwarded-for", b"10.0.0.1"),
            (b"x-forwarded-for", b"10.0.0.2"),
            (b"x_forwarded_for", b"10.9.9.9"),
            (b"cookie", b"a=1"),
            (b"cookie", b"b=2"),
        ],
    }
    environ = environ_of(scope, b"{}", 2)
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/tags/ä"
    assert environ["REMOTE_ADDR"] == "192.0.2.7"
    assert environ["HTTP_X_FORWARDED_FOR"] == "10.0.0.1,10.0.0.2"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert (environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"]) == ("application/json", "2")
    assert "HTTP_TRANSFER_ENCODING" not in environ
    assert environ["wsgi.input"].read() == b"{}"


@pytest.mark.parametrize(("version", "expected"), [("1", None), ("1.0", None), ("1.1", ""), ("2", "")])
def test_only_http_1_0_may_name_no_host(version: str, expected: str | None) -> None:
    scope = {
        "method": "GET",
        "path": "/health",
        "scheme": "http",
        "http_version": version,
        "query_string": b"",
        "headers": [(b"host", b"")],  # as granian has it
    }
    assert environ_of(scope, b"", 0).get("HTTP_HOST") == expected
