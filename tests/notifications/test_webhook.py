"""A webhook: signed, and ended by the limit whatever the target does."""

import hashlib
import hmac
import json
import socket
import ssl
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from time_machine import TimeMachineFixture

from monitoring.kernel import resolving
from monitoring.notifications.channels.webhook.sender import send
from monitoring.notifications.message import Result
from monitoring.notifications.transport import http
from monitoring.notifications.transport.http import retry_after
from tests.notifications.certificates import make_certificate
from tests.notifications.local_targets import (
    Behaviour,
    LocalTarget,
    answer,
    drip,
    hang,
    limit,
    local_target,
    own_threads,
    threads_left,
    within,
)
from tests.notifications.messages import MESSAGE, target
from tests.ports import free_port

LIMIT_S = 0.6
TLS_LIMIT_S = 1.5  # a busy machine takes long to agree on keys


def test_the_target_gets_the_message_signed_and_with_its_id() -> None:
    with local_target(answer("204 No Content")) as local:
        outcome = send(MESSAGE, target(**{"url": local.url, "secret": "hush-hush"}))
    assert outcome.result is Result.OK
    (received,) = local.received
    assert received.path == "/hook?key=abc"
    assert received.headers["idempotency-key"] == "m-1"
    at, _, digest = received.headers["fermon-signature"].partition(",v1=")
    signed = f"{at.removeprefix('t=')}.".encode() + received.body
    assert digest == hmac.new(b"hush-hush", signed, hashlib.sha256).hexdigest()
    assert abs(int(at.removeprefix("t=")) - time.time()) < 60
    content = json.loads(received.body)
    assert content["message_id"] == "m-1"
    assert content["alarms"][0] == {
        "kind": "active",
        "priority": "critical",
        "tag": "fermenter_temp",
        "group": "F1",
        "condition": "HH",
        "text": "fermenter_temp 46.2 °C above 45 °C since 12:03",
        "since": "2026-11-29T12:03:00Z",
        "until": None,
        "action": "",
        "url": "",
        "acknowledge_url": "https://plant.example/acknowledge/token",
        "occurrence": 7,
    }


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("400 Bad Request", Result.PERMANENT),
        ("404 Not Found", Result.PERMANENT),
        ("408 Request Timeout", Result.TEMPORARY),
        ("425 Too Early", Result.TEMPORARY),
        ("429 Too Many Requests", Result.TEMPORARY),
        ("500 Internal Server Error", Result.TEMPORARY),
        ("503 Service Unavailable", Result.TEMPORARY),
    ],
)
def test_a_status_is_temporary_or_permanent(status: str, result: Result) -> None:
    with local_target(answer(status, "Retry-After: 120", body=b"no,\nsorry")) as local:
        outcome = send(MESSAGE, target(url=local.url))
    assert outcome.result is result
    assert outcome.retry_after_s == (120 if result is Result.TEMPORARY else None)
    assert outcome.detail == f"HTTP {status[:3]} no,\nsorry"
    assert not outcome.is_gone


def test_a_target_may_be_gone() -> None:
    with local_target(answer("410 Gone")) as local:
        assert send(MESSAGE, target(url=local.url)).is_gone


def test_no_redirect_is_followed() -> None:
    with ExitStack() as stack:
        other = stack.enter_context(local_target(answer()))
        moved = answer("307 Temporary Redirect", f"Location: {other.url}")
        local = stack.enter_context(local_target(moved))
        outcome = send(MESSAGE, target(url=local.url))
    assert outcome.result is Result.PERMANENT
    assert "Enter the final address" in outcome.detail
    assert other.connections == 0


@pytest.mark.parametrize(
    "behave",
    [hang, drip(), drip(first=b"HTTP/1.1 200 OK\r\nX: "), drip(first=b"HTTP/1.1 100 Continue\r\n\r\n")],
)
def test_without_an_answer_the_message_may_have_arrived(behave: Behaviour) -> None:
    limit_s = limit(LIMIT_S)
    with local_target(behave) as local, within(limit_s):
        outcome = send(MESSAGE, target(url=local.url), limit_s)
    assert outcome.result is Result.UNKNOWN
    assert outcome.detail.startswith("sent, but ")


def test_the_body_of_an_answer_is_not_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ANSWER_S", 0.1)
    head = b"HTTP/1.1 %s\r\nContent-Length: 1000000\r\n\r\n"
    for status, result in ((b"200 OK", Result.OK), (b"400 No", Result.PERMANENT)):
        with local_target(drip(first=head % status)) as local, within(0.2):
            assert send(MESSAGE, target(url=local.url)).result is result


def test_a_port_where_nobody_listens_is_temporary() -> None:
    outcome = send(MESSAGE, target(url=f"http://127.0.0.1:{free_port()}/"))
    assert outcome.result is Result.TEMPORARY
    assert outcome.detail == "not sent: Connection refused"


def closing(connection: socket.socket, target: LocalTarget) -> None:
    """Read the request and hang up."""
    connection.recv(1)


def test_after_a_hundred_attempts_there_is_no_thread_more() -> None:
    with local_target(hang) as hanging, local_target(drip()) as dripping, local_target(closing) as rude:
        local = [hanging, dripping, rude]
        before = own_threads()
        for number in range(100):
            send(MESSAGE, target(url=local[number % 3].url), 0.03)
        served = sum(each.connections for each in local)
        assert not threads_left(before)
    assert served > 50  # a busy machine may not come to each within the limit


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0.0.0.0",  # noqa: S104
        "169.254.169.254",
        "224.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::]",
        "[fe80::1]",
        "[64:ff9b::7f00:1]",
    ],
)
def test_a_local_target_is_refused_unless_it_is_allowed(host: str) -> None:
    with local_target(answer()) as local:
        outcome = send(MESSAGE, target(url=f"http://{host}:{local.port}/", allows_local=False))
    assert outcome.result is Result.PERMANENT
    assert "allow local targets" in outcome.detail
    assert local.connections == 0


def test_a_name_is_resolved_once_and_the_checked_address_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def resolve(host: str, port: int, **kwargs: object) -> list[object]:
        asked.append(host)
        place = "192.0.2.1" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with local_target(answer()) as local:
        outcome = send(MESSAGE, target(url=f"http://turns:{local.port}/", allows_local=False), LIMIT_S)
    assert outcome.result is Result.TEMPORARY
    assert asked == ["turns"]
    assert local.connections == 0


@pytest.mark.parametrize(
    "url", ["", "ftp://host/", "host", "https://", "http://host:0/", "http://a b/", "http://me:word@host/"]
)
def test_an_address_that_is_none_is_permanent(url: str) -> None:
    assert send(MESSAGE, target(url=url)).result is Result.PERMANENT


def test_a_resolver_that_hangs_ends_with_the_limit_and_takes_few_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: over.wait(10) and [])
    try:
        for _ in range(resolving.MOST_ABANDONED):
            assert not resolving.is_exhausted()
            with within(0.03):
                outcome = send(MESSAGE, target(url="http://lost/"), 0.03)
            assert outcome.result is Result.TEMPORARY
        assert resolving.is_exhausted()
        assert send(MESSAGE, target(url="http://lost/"), 5).result is Result.TEMPORARY
        assert len([each for each in threading.enumerate() if each.name == "look-up"]) == 8
    finally:
        over.set()
    for thread in [each for each in threading.enumerate() if each.name == "look-up"]:
        thread.join(5)
    assert not resolving.is_exhausted()


@pytest.mark.parametrize(
    ("text", "seconds"), [("7", 7), ("", None), ("soon", None), ("-3", None), ("9" * 30, 86400)]
)
def test_a_wait_is_read(text: str, seconds: float | None) -> None:
    assert retry_after(text) == seconds


def test_a_wait_may_be_a_date(time_machine: TimeMachineFixture) -> None:
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    time_machine.move_to(now, tick=False)
    at = now + timedelta(seconds=100)
    assert retry_after(format_datetime(at, usegmt=True)) == 100
    assert retry_after(format_datetime(at - timedelta(days=1), usegmt=True)) == 0


def test_tls_is_verified_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with local_target(answer(), context) as local, local_target(drip(), context) as dripping:
        url = f"https://localhost:{local.port}/"
        outcome = send(MESSAGE, target(url=url))
        assert outcome.result is Result.TEMPORARY
        assert "certificate is not accepted" in outcome.detail
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert send(MESSAGE, target(url=url)).result is Result.OK
        assert "is not valid for" in send(MESSAGE, target(url=url.replace("localhost", "127.0.0.1"))).detail
        limit_s = limit(TLS_LIMIT_S)
        with within(limit_s):
            outcome = send(MESSAGE, target(url=f"https://localhost:{dripping.port}/"), limit_s)
        assert outcome.result is Result.UNKNOWN
    with local_target(hang) as silent, within(LIMIT_S):
        outcome = send(MESSAGE, target(url=f"https://localhost:{silent.port}/"), LIMIT_S)
        assert outcome.result is Result.TEMPORARY
