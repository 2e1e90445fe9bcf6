"""``manage.py runserver`` by hand."""

import json
import signal
from http.client import HTTPResponse
from socket import SHUT_WR, create_connection, create_server
from threading import Thread
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.core.management import CommandError, call_command
from django.core.servers.basehttp import WSGIRequestHandler

from monitoring.management.commands.runserver import Command
from monitoring.operations.serving.patience import PatientRequestHandler


@pytest.fixture
def served(system, wait_until):
    system.migrate()
    command = system.run("manage.py", "runserver", "--noreload")
    wait_until(lambda: system.get("/health"))
    return command


@pytest.mark.once
def test_it_listens_where_the_environment_says(system, served) -> None:
    assert f"http://127.0.0.1:{system.port}/" in served.text
    assert system.get("/tags")["tags"]


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.once)])
def test_a_signal_stops_it(served, number) -> None:
    served.send(number)
    served.end(within_s=10)
    assert "Traceback" not in served.text


@pytest.mark.once
def test_killing_the_reloader_leaves_no_server(system, wait_until) -> None:
    system.migrate()
    command = system.run("manage.py", "runserver")
    wait_until(lambda: system.get("/health"))
    assert len(command.send(signal.SIGKILL)) == 2
    assert command.end() == -signal.SIGKILL


@pytest.mark.parametrize(
    ("host", "typed", "address"),
    [
        ("0.0.0.0", None, "0.0.0.0:8123"),  # noqa: S104
        ("0.0.0.0", "9000", "0.0.0.0:9000"),  # noqa: S104
        ("::1", None, "[::1]:8123"),
        ("127.0.0.1", "localhost:9000", "localhost:9000"),
    ],
)
def test_what_is_typed_goes_before_the_environment(settings, monkeypatch, host, typed, address) -> None:
    settings.FERMON_HOST, settings.FERMON_PORT = host, 8123
    monkeypatch.setattr(WSGIRequestHandler, "disable_nagle_algorithm", False)
    monkeypatch.setattr(Command, "run", lambda self, **options: None)
    command = Command()
    options = vars(command.create_parser("manage.py", "runserver").parse_args([typed] if typed else []))
    command.handle(**options)
    assert WSGIRequestHandler.disable_nagle_algorithm
    assert f"{'[' + command.addr + ']' if command._raw_ipv6 else command.addr}:{command.port}" == address


def test_open_by_default_it_does_not_listen_to_others(settings) -> None:
    settings.FERMON_OPEN_BY_DEFAULT = True
    with pytest.raises(CommandError, match="would let other machines in"):
        call_command("runserver", "0.0.0.0:8123", "--noreload")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /health HTTP/3.0\r\n\r\n", 505),
        (b'GET /health "now" \\x HTTP/1.1\r\n\r\n', 400),
        (b"GET /health HTTP/1.1\r\n" + b"X-A: 1\r\n" * 200 + b"\r\n", 431),
    ],
    ids=["address", "version", "form", "headers"],
)
def test_a_request_that_can_not_be_read_is_answered_in_json(sent: bytes, status: int) -> None:
    response, body = answered(sent, SimpleNamespace())
    assert (response.status, response.getheader("Content-Type")) == (status, "application/json")
    assert json.loads(body)["detail"].startswith("request: expected HTTP/1.1")


def answered(sent: bytes, server: SimpleNamespace) -> tuple[HTTPResponse, bytes]:
    """Send these bytes to a handler, then no more; return its answer."""
    with create_server(("127.0.0.1", 0)) as listener, create_connection(listener.getsockname()) as client:

        def send() -> None:
            client.sendall(sent)
            client.shutdown(SHUT_WR)

        sender = Thread(target=send)
        sender.start()
        connection, address = listener.accept()
        with connection:
            PatientRequestHandler(connection, address, cast(Any, server))
            sender.join()
            response = HTTPResponse(client)
            response.begin()
            return response, response.read()


def environ_by(sent: bytes) -> dict[str, Any]:
    """Return what Django is given of the request."""
    given: dict[str, Any] = {}

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        given.update(environ)
        start_response("200 OK", [("Content-Length", "0")])
        return []

    server = SimpleNamespace(base_environ={}, multithread=True, get_app=lambda: application)
    answered(sent, server)
    return given


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (b"", ""),
        (b"Content-Type: text/csv\r\n", "text/csv"),
        (b"Content-Type: a/b\r\nContent-Type: c/d\r\n", "a/b,c/d"),
    ],
)
def test_a_body_without_a_type_is_given_none(headers: bytes, expected: str) -> None:
    environ = environ_by(b"POST /ingest HTTP/1.0\r\n" + headers + b"Content-Length: 2\r\n\r\n{}")
    assert environ["CONTENT_TYPE"] == expected


@pytest.mark.parametrize(("version", "expected"), [(b"1.0", None), (b"1.1", "")])
def test_only_http_1_0_may_name_no_host(version: bytes, expected: str | None) -> None:
    assert environ_by(b"GET /health HTTP/" + version + b"\r\n\r\n").get("HTTP_HOST") == expected


@pytest.mark.parametrize(
    ("address", "path"),
    [
        (b"http://fermon.example:8000/tags?x=1", "/tags"),
        (b"HTTP://fermon.example", "/"),
        (b"/http://fermon.example/tags", "/http://fermon.example/tags"),
    ],
)
def test_the_address_may_be_absolute(address: bytes, path: str) -> None:
    assert environ_by(b"GET " + address + b" HTTP/1.0\r\n\r\n")["PATH_INFO"] == path
