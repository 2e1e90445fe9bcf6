"""GET /metrics: the formats of Prometheus, for this machine and for tokens that read."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from pytest_django import Settings

from monitoring.access.scraping import MOST_REMEMBERED, AcceptedCredentials, is_loopback
from monitoring.access.token_secrets import Grant
from monitoring.access.token_store import issue_token
from monitoring.models import Token
from monitoring.models.token import Scope

PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
ELSEWHERE = "192.0.2.7"

pytestmark = pytest.mark.django_db


@pytest.fixture
def closed(settings: Settings) -> None:
    """FERMON_OPEN=0."""
    settings.FERMON_OPEN = False


def header(scope: Scope = Scope.READ, prefix: str = "") -> dict[str, str]:
    """What Prometheus sends with ``authorization: {type: Token, credentials: ...}``."""
    return {"authorization": f"Token {issue_token(name='prometheus', scope=scope, prefix=prefix)}"}


@pytest.mark.parametrize("accept", ["", "*/*", "text/plain;version=0.0.4", "text/html", "application/json"])
def test_the_text_format_is_the_default(client: Client, accept: str) -> None:
    answer = client.get("/metrics", headers={"accept": accept})
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    names = {family.name for family in parse_text(answer.content.decode())}
    assert {"fermon_database_up", "fermon_measurements", "fermon_build_info"} <= names


def test_openmetrics_is_for_those_who_accept_it(client: Client) -> None:
    answer = client.get("/metrics", headers={"accept": PROMETHEUS})
    assert answer.headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    families = list(parse_openmetrics(answer.content.decode()))
    assert all(family.documentation for family in families)
    assert all(family.name.startswith("fermon_") for family in families)


def test_no_metric_is_by_tag(client: Client) -> None:
    assert b"fermenter" not in client.get("/metrics").content


def test_it_is_never_cached_and_head_works(client: Client) -> None:
    answer = client.head("/metrics")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Vary"] == "Accept"
    assert client.post("/metrics").status_code == 405


def test_with_tls_alone_a_local_prometheus_is_not_redirected(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/metrics").status_code == 200


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_needs_no_token(client: Client, peer: str) -> None:
    assert client.get("/metrics", REMOTE_ADDR=peer).status_code == 200


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("peer", ["192.0.2.7", "10.0.0.1", "2001:db8::1", "::ffff:10.0.0.1", "", "unix"])
def test_another_machine_does(client: Client, peer: str) -> None:
    answer = client.get("/metrics", REMOTE_ADDR=peer)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Token")
    assert answer.json()["detail"]
    assert not is_loopback(peer)


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("proxies", [0, 1])
@pytest.mark.parametrize(
    "name",
    ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Host", "X-Forwarded-Proto"],
)
def test_a_proxy_on_this_machine_is_not_this_machine(
    client: Client, settings: Settings, name: str, proxies: int
) -> None:
    """Also where the client claims to be this machine."""
    settings.FERMON_PROXIES = proxies
    assert client.get("/metrics", headers={name: "127.0.0.1"}).status_code == 401


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("scheme", ["Token", "Bearer"])
def test_a_token_that_reads_all_is_enough(client: Client, scheme: str) -> None:
    given = {"authorization": header()["authorization"].replace("Token", scheme)}
    assert client.get("/metrics", headers=given, REMOTE_ADDR=ELSEWHERE).status_code == 200


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize(("scope", "prefix"), [(Scope.INGEST, ""), (Scope.READ, "fermenter")])
def test_other_tokens_are_not(client: Client, scope: Scope, prefix: str) -> None:
    answer = client.get("/metrics", headers=header(scope, prefix), REMOTE_ADDR=ELSEWHERE)
    assert answer.status_code == 403
    assert "This token" in answer.json()["detail"]


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize(("role", "status"), [("viewer", 200), ("", 403)])
def test_so_is_the_login_of_a_reader(
    client: Client, account: Callable[[str], User], role: str, status: int
) -> None:
    client.force_login(account(role) if role else User.objects.create_user("new"))
    assert client.get("/metrics", REMOTE_ADDR=ELSEWHERE).status_code == status


def test_open_everybody_reads(client: Client) -> None:
    assert client.get("/metrics", REMOTE_ADDR=ELSEWHERE).status_code == 200


def test_an_outage_is_no_error_and_one_line_of_the_log(
    client: Client, outage: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), outage():
        answers = [client.get("/metrics", headers={"accept": PROMETHEUS}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert b"fermon_database_up 0.0\n" in answers[0].content
    assert [line.message for line in caplog.records] == ["metrics: the database is away"]
    assert not any(line.exc_info for line in caplog.records)


@pytest.mark.usefixtures("closed")
def test_in_an_outage_a_token_that_was_valid_before_still_is(
    client: Client, outage: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is the database asked for the token, as that may hang."""

    def hang() -> None:
        raise AssertionError("the database is asked")

    known, unknown = header(), {"authorization": "Token frm_unknown"}
    assert client.get("/metrics", headers=known, REMOTE_ADDR=ELSEWHERE).status_code == 200
    with outage():
        with monkeypatch.context() as patch:
            patch.setattr("monitoring.access.authentication.find_grant", lambda *_, **__: hang())
            answer = client.get("/metrics", headers=known, REMOTE_ADDR=ELSEWHERE)
        assert (answer.status_code, b"fermon_database_up 0.0\n" in answer.content) == (200, True)
        assert client.get("/metrics", headers=unknown, REMOTE_ADDR=ELSEWHERE).status_code in (401, 503)


@pytest.mark.usefixtures("closed")
def test_a_token_that_was_revoked_before_is_not(client: Client, outage: Callable[[], Any]) -> None:
    revoked = header()
    assert client.get("/metrics", headers=revoked, REMOTE_ADDR=ELSEWHERE).status_code == 200
    Token.objects.update(active=False)
    assert client.get("/metrics", headers=revoked, REMOTE_ADDR=ELSEWHERE).status_code == 401
    with outage():
        assert client.get("/metrics", headers=revoked, REMOTE_ADDR=ELSEWHERE).status_code == 503


def test_few_tokens_are_remembered_and_no_others(rf: Any) -> None:
    def asked(secret: str, auth: object) -> Any:
        request = rf.get("/metrics", headers={"authorization": f"Token {secret}"} if secret else {})
        request.auth = auth
        return request

    grant = Grant(1, "prometheus", Scope.READ, "")
    tokens = [asked(str(number), grant) for number in range(MOST_REMEMBERED + 1)]
    others = [asked("", grant), asked("of a user", object())]
    known = AcceptedCredentials()
    for request in [*tokens, *others]:
        known.remember(request)
    assert [known.knows(request) for request in tokens] == [False, *[True] * MOST_REMEMBERED]
    assert not any(known.knows(request) for request in others)
