"""``manage.py runserver``: an answer that breaks off on its way can be told from a whole one."""

from collections.abc import Callable, Iterable, Iterator
from http.client import HTTPResponse, IncompleteRead
from io import BytesIO, StringIO
from socket import socket
from socketserver import ThreadingMixIn
from types import SimpleNamespace
from typing import Any, cast

import pytest

from monitoring.operations.chunked import ChunkedHandler

Application = Callable[..., Iterable[bytes]]


def application(pieces: Iterable[bytes], status: str = "200 OK", **headers: str) -> Application:
    """One that answers these pieces."""

    def answer(environ: object, start_response: Callable[..., object]) -> Iterable[bytes]:
        start_response(status, [("Content-Type", "text/csv"), *headers.items()])
        return pieces

    return answer


def breaks_off() -> Iterator[bytes]:
    yield b"1,2\n"
    raise OSError("the disk is gone")


def sent(app: Application, *, method: str = "GET", protocol: str = "HTTP/1.1") -> bytes:
    """What goes over the wire."""
    environ = {"REQUEST_METHOD": method, "SERVER_PROTOCOL": protocol}
    wire = BytesIO()
    handler: Any = ChunkedHandler(BytesIO(), wire, StringIO(), environ)
    handler.request_handler = SimpleNamespace(
        server=ThreadingMixIn(), close_connection=False, log_request=lambda *args: None
    )
    handler.run(app)
    return wire.getvalue()


def received(wire: bytes, method: str = "GET") -> HTTPResponse:
    """What a client makes of it."""
    connection = cast(socket, SimpleNamespace(makefile=lambda mode: BytesIO(wire)))
    response = HTTPResponse(connection, method=method)
    response.begin()
    return response


def test_a_stream_goes_in_chunks() -> None:
    response = received(sent(application(iter([b"1,2\n", b"", b"3,4\n"]))))
    assert response.getheader("Transfer-Encoding") == "chunked"
    assert response.read() == b"1,2\n3,4\n"


def test_a_client_notices_what_breaks_off() -> None:
    with pytest.raises(IncompleteRead):
        received(sent(application(breaks_off()))).read()


def test_what_fails_before_the_first_piece_is_an_error() -> None:
    def fail() -> Iterator[bytes]:
        raise OSError
        yield b""

    assert received(sent(application(fail()))).status == 500


@pytest.mark.parametrize(
    ("app", "method", "protocol"),
    [
        (application(iter([b"1,2\n"])), "GET", "HTTP/1.0"),
        (application([b"1,2\n"]), "GET", "HTTP/1.1"),
        (application(iter([b"1,2\n"]), **{"Content-Length": "4"}), "GET", "HTTP/1.1"),
        (application(iter([])), "GET", "HTTP/1.1"),
        (application(iter([]), "204 No Content"), "GET", "HTTP/1.1"),
        (application(iter([b"1,2\n"])), "HEAD", "HTTP/1.1"),
    ],
    ids=["an old client", "one piece", "its length is known", "nothing", "no content", "head"],
)
def test_other_answers_stay_as_they_are(app: Application, method: str, protocol: str) -> None:
    wire = sent(app, method=method, protocol=protocol)
    assert b"chunked" not in wire
    body = received(wire, method).read()
    assert body in {b"1,2\n", b""}
    assert wire.endswith(b"\r\n\r\n" + body)
