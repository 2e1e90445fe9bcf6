"""Requests of real clients of InfluxDB, with chunks and gzip, to both servers."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from tests.sources.line_protocol.recorded_requests import NAMES, recorded

pytestmark = pytest.mark.no_cover

SERVERS = {"runserver": ("manage.py", "runserver", "--noreload"), "serve": ("manage.py", "serve")}
BATCH = b'[{"timestamp": "2026-01-31T12:30:%02dZ", "tag": "fermenter_temp", "value": 37}]'


def answer_to(port: int, content: bytes) -> bytes:
    """All that the server answers until it ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(content)
        pieces = []
        while piece := client.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


def chunked(path: str, body: bytes) -> bytes:
    """A request whose body comes in two chunks."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
    )
    chunks = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (3, body[:3], len(body) - 3, body[3:])
    return head.encode() + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks


def waiting_points(system: Any) -> set[str]:
    """The addresses of points without a tag that are stored by now: each process stores its own later."""
    return {point["address"] for point in system.get("/source-points?limit=100") or ()}


@pytest.mark.parametrize("kind", SERVERS)
def test_the_requests_of_clients_are_taken(system: Any, wait_until: Callable[..., Any], kind: str) -> None:
    system.migrate()
    server = system.run(*SERVERS[kind])
    wait_until(lambda: system.get("/health"))
    for name in NAMES:
        answer = answer_to(system.port, recorded(name).on_the_wire())
        expected = b"HTTP/1.1 20" if "create" in name or "databases" in name else b"HTTP/1.1 204 "
        assert answer.startswith(expected), (name, answer)
    columns, before = "count(*), count(DISTINCT tag), sum(value)", 1_769_861_000_000_000
    timed = f"SELECT {columns} FROM measurements WHERE timestamp < {before}"  # noqa: S608
    number, tags, total = system.select(timed)
    assert (number, tags, round(total, 6)) == (15, 3, 1706.28)
    assert system.count() > 15
    assert system.get("/query?q=SHOW%20DATABASES")["results"][0]["series"][0]["values"] == [["plant"]]
    wait_until(lambda: "measurements,source=iSpindel000 gravity" in waiting_points(system))
    answers = [answer_to(system.port, chunked("/ingest/batch", BATCH % second)) for second in (1, 2)]
    answers.append(answer_to(system.port, chunked("/ingest", (BATCH % 3)[1:-1])))
    assert [answer.split(b"\r\n")[0] for answer in answers] == [b"HTTP/1.1 201 Created"] * 3
    secret = answer_to(system.port, chunked("/write?db=plant&u=x&p=topsecret", b"fermenter temp=37"))
    assert secret.startswith(b"HTTP/1.1 204")
    large = answer_to(system.port, chunked("/write?db=plant", b"#" * (8 * 2**20 + 1)))
    assert large.startswith(b"HTTP/1.1 413 ")
    assert "topsecret" not in server.text
