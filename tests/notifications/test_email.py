"""E-mail: what a mail server gets and says, and how each attempt ends."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from pytest_django import Settings

from monitoring.notifications.channels.email.form import check
from monitoring.notifications.channels.email.sender import send
from monitoring.notifications.message import Result
from monitoring.notifications.transport import smtp
from tests.notifications.certificates import make_certificate
from tests.notifications.local_targets import (
    Behaviour,
    drip,
    hang,
    limit,
    local_target,
    own_threads,
    threads_left,
    within,
)
from tests.notifications.messages import MESSAGE, target
from tests.patience import stretched
from tests.ports import free_port

LIMIT_S = 0.6
WORD = "pass-word"
PLAIN = {"to": "anna@plant.example", "from": "fermon@plant.example", "security": "none"}


class Handler:
    """Takes mail; answers the given replies in place of the usual ones."""

    def __init__(self, rcpt: str = "250 OK", data: str = "250 OK") -> None:
        self.rcpt, self.data = rcpt, data
        self.taken: list[bytes] = []

    async def handle_RCPT(  # noqa: N802 - the name of aiosmtpd
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(  # noqa: N802 - the name of aiosmtpd
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        if self.data.startswith("250"):
            self.taken.append(envelope.original_content)
        return self.data


@contextmanager
def mail_server(handler: Handler, **options: Any) -> Iterator[int]:
    """A mail server; yields the port."""
    controller = Controller(
        handler,
        hostname="127.0.0.1",
        port=free_port(),
        server_hostname="plant",
        ready_timeout=stretched(30),
        **options,
    )
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def test_the_mail_arrives_with_the_messages_id() -> None:
    handler = Handler()
    with mail_server(handler) as port:
        outcome = send(MESSAGE, target(server="127.0.0.1", port=port, **PLAIN))
    assert outcome.result is Result.OK
    (raw,) = handler.taken
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["Message-ID"] == "<m-1@plant.example>"
    assert mail["Subject"] == MESSAGE.subject
    assert mail["From"] == "fermon@plant.example"
    assert mail["To"] == "anna@plant.example"
    assert mail["Importance"] == "high"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().splitlines() == MESSAGE.text.splitlines()
    assert raw.count(b"\n") == raw.count(b"\r\n")


@pytest.mark.parametrize(
    ("handler", "result"),
    [
        (Handler(rcpt="550 5.1.1 No such user"), Result.PERMANENT),
        (Handler(rcpt="450 4.2.1 Try later"), Result.TEMPORARY),
        (Handler(data="554 5.7.1 Looks like spam"), Result.PERMANENT),
        (Handler(data="451 4.3.0 Disk full"), Result.TEMPORARY),
    ],
)
def test_replies_of_5xx_are_permanent_and_4xx_temporary(handler: Handler, result: Result) -> None:
    with mail_server(handler) as port:
        outcome = send(MESSAGE, target(server="127.0.0.1", port=port, **PLAIN))
    assert outcome.result is result
    said = handler.data if handler.rcpt.startswith("250") else handler.rcpt
    assert outcome.detail == f"SMTP {said}"


@pytest.mark.parametrize(
    ("behave", "result"),
    [
        (hang, Result.TEMPORARY),
        (drip(), Result.TEMPORARY),
        (drip(first=b"220 plant\r\n250-x\r\n"), Result.TEMPORARY),
        (drip(first=b"220 plant\r\n250 x\r\n250 x\r\n250 x\r\n354 x\r\n"), Result.UNKNOWN),
    ],
)
def test_a_server_that_does_not_end_is_left_at_the_limit(behave: Behaviour, result: Result) -> None:
    before, limit_s = own_threads(), limit(LIMIT_S)
    with local_target(behave) as local, within(limit_s):
        outcome = send(MESSAGE, target(server="127.0.0.1", port=local.port, **PLAIN), limit_s)
        assert not threads_left(before)
    assert outcome.result is result


def test_a_goodbye_is_not_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "QUIT_S", 0.1)
    talk = drip(first=b"220 plant\r\n" + b"250 x\r\n" * 3 + b"354 x\r\n250 taken\r\n")
    with local_target(talk) as local, within(0.1):
        assert send(MESSAGE, target(server="127.0.0.1", port=local.port, **PLAIN)).result is Result.OK


def test_a_server_that_is_away_or_local_is_told() -> None:
    away = send(MESSAGE, target(server="127.0.0.1", port=free_port(), **PLAIN))
    assert (away.result, away.detail) == (Result.TEMPORARY, "not sent: Connection refused")
    local = send(MESSAGE, target(server="127.0.0.1", port=25, allows_local=False, **PLAIN))
    assert local.result is Result.PERMANENT
    assert "allow local targets" in local.detail


def test_the_login_is_encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    certificate = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    handler = Handler()

    def log_in(server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
        is_right = (data.login, data.password) == (b"fermon", WORD.encode())
        return AuthResult(success=is_right, handled=is_right)

    fields = PLAIN | {"server": "localhost", "user": "fermon", "password": WORD, "security": "starttls"}
    with mail_server(handler, tls_context=context, authenticator=log_in, auth_required=True) as port:
        refused = send(MESSAGE, target(port=port, **fields))
        assert refused.result is Result.TEMPORARY
        assert "certificate is not accepted" in refused.detail
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert send(MESSAGE, target(port=port, **fields)).result is Result.OK
        wrong = send(MESSAGE, target(port=port, **fields | {"password": "other"}))
        assert (wrong.result, wrong.detail[:8]) == (Result.PERMANENT, "SMTP 535")
        site = {"host": "localhost", "port": port, "security": "starttls"}
        settings.FERMON_SMTP = {**site, "user": "fermon", "password": WORD}
        settings.FERMON_EMAIL_FROM = "alarms@plant.example"
        assert send(MESSAGE, target(to="anna@plant.example", allows_local=False)).result is Result.OK
    assert len(handler.taken) == 2
    assert b"From: alarms@plant.example" in handler.taken[1]
    with mail_server(handler) as port:  # offers no STARTTLS
        assert send(MESSAGE, target(port=port, **fields)).result is Result.PERMANENT


def test_without_a_server_or_a_sender_the_outcome_says_what_to_set(settings: Settings) -> None:
    settings.FERMON_SMTP, settings.FERMON_EMAIL_FROM = {}, ""
    outcome = send(MESSAGE, target(to="anna@plant.example"))
    assert (outcome.result, "FERMON_SMTP_URL" in outcome.detail) == (Result.PERMANENT, True)
    outcome = send(MESSAGE, target(to="anna@plant.example", server="plant.example"))
    assert (outcome.result, "FERMON_EMAIL_FROM" in outcome.detail) == (Result.PERMANENT, True)


def test_no_header_is_smuggled_in() -> None:
    fields = PLAIN | {"to": "anna@plant.example\nBcc: eve@evil.example"}
    assert send(MESSAGE, target(server="127.0.0.1", **fields)).result is Result.PERMANENT


def test_the_form_says_what_is_wrong() -> None:
    assert check({"to": "anna@plant.example"}, False) == {}
    assert check({}, False) == {"to": "This field is required."}
    errors = check(
        {"to": "anna", "server": "127.0.0.1", "port": "70000", "security": "none", "user": "me"}, False
    )
    assert errors.keys() == {"to", "server", "port", "security"}
    assert "server" in check({"to": "anna@plant.example", "user": "me"}, False)
    assert check({"to": "a@b.example", "server": "localhost", "port": "25"}, True) == {}
