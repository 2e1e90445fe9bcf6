"""Too much is answered 429, with when to come again; open, nobody is held up."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from monitoring.access.token_store import issue_token
from monitoring.models.token import Scope

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def strict(settings: Settings) -> None:
    """Closed, and two calls a minute."""
    settings.FERMON_OPEN = False
    settings.FERMON_CALLER_RATE = settings.FERMON_STRANGER_RATE = 2


def header(scope: Scope = Scope.INGEST) -> dict[str, str]:
    return {"authorization": f"Token {issue_token(name='gateway', scope=scope)}"}


def test_a_token_has_its_own_allowance(post: Callable[..., Any], reading: dict[str, Any]) -> None:
    first, second = header(), header()
    codes = [post("/ingest", reading, headers=first).status_code for _ in range(3)]
    assert codes == [201, 200, 429]
    assert post("/ingest", reading, headers=second).status_code == 200


def test_it_says_when_to_come_again(client: Client) -> None:
    sent = header(Scope.READ)
    began = time.monotonic()
    answer = [client.get("/tags", headers=sent) for _ in range(3)][-1]
    assert answer.status_code == 429
    passed_s = time.monotonic() - began
    assert 29 - passed_s <= int(answer.headers["Retry-After"]) <= 30
    assert "throttled" in answer.json()["detail"]


def test_what_is_throttled_stores_nothing_and_may_be_sent_again(
    post: Callable[..., Any], reading: dict[str, Any], settings: Settings
) -> None:
    sent = header()
    for _ in range(2):
        post("/ingest", {}, headers=sent)
    assert post("/ingest", reading, headers=sent).status_code == 429
    settings.FERMON_CALLER_RATE = 10**9
    assert post("/ingest", reading, headers=sent).status_code == 201


def test_guesses_are_counted_by_address_and_cost_a_good_token_nothing(client: Client) -> None:
    wrong = {"authorization": "Token fermon_wrong"}
    codes = [client.get("/tags", headers=wrong).status_code for _ in range(4)]
    assert codes == [401, 401, 429, 429]
    assert client.get("/tags", headers=wrong, REMOTE_ADDR="10.0.0.2").status_code == 401
    assert client.get("/tags", headers=header(Scope.READ)).status_code == 200


@pytest.mark.parametrize("path", ["/data", "/stream", "/ingest", "/schema"])
def test_a_stranger_without_a_token_is_counted_too(client: Client, path: str) -> None:
    began = time.monotonic()
    answers = [client.post(path) if path == "/ingest" else client.get(path) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 429, 429]
    assert 29 - (time.monotonic() - began) <= int(answers[-1].headers["Retry-After"]) <= 60
    assert client.get("/data", REMOTE_ADDR="10.0.0.2").status_code == 401
    assert client.get("/data", headers=header(Scope.READ)).status_code == 200


def test_a_browser_is_led_to_the_login_as_often_as_it_likes(client: Client) -> None:
    codes = {client.get("/docs", headers={"accept": "text/html"}).status_code for _ in range(4)}
    assert codes == {302}


def test_a_stranger_is_counted_by_address(client: Client) -> None:
    assert [client.get("/health").status_code for _ in range(3)] == [200, 200, 429]
    assert client.get("/health", REMOTE_ADDR="10.0.0.2").status_code == 200


def test_nobody_invents_an_address(client: Client) -> None:
    for number in range(2):
        client.get("/health", headers={"X-Forwarded-For": f"10.0.0.{number}"})
    assert client.get("/health", headers={"X-Forwarded-For": "10.0.0.9"}).status_code == 429


def test_behind_a_proxy_a_port_makes_no_other_address(client: Client, settings: Settings) -> None:
    settings.FERMON_PROXIES = 1
    codes = [
        client.get("/health", headers={"X-Forwarded-For": f"10.0.0.9:{port}"}).status_code
        for port in range(3)
    ]
    assert codes == [200, 200, 429]


@pytest.fixture
def shared(settings: Settings, redis_server: Any) -> Any:
    """All processes count in this Redis."""
    settings.REDIS_URL = redis_server.url
    return redis_server


@pytest.mark.usefixtures("shared")
def test_with_redis_it_is_counted_over_all_processes(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = header(Scope.READ)
    codes = []
    for _ in range(3):
        codes.append(client.get("/tags", headers=sent).status_code)
    assert codes == [200, 200, 429]
    assert client.get("/tags", headers=header(Scope.READ)).status_code == 200


def test_while_redis_is_away_each_process_counts_by_itself(client: Client, shared: Any) -> None:
    sent = header(Scope.READ)
    assert client.get("/tags", headers=sent).status_code == 200
    shared.kill()
    assert [client.get("/tags", headers=sent).status_code for _ in range(3)] == [200, 200, 429]


def test_open_nobody_is_held_up(client: Client, settings: Settings) -> None:
    settings.FERMON_OPEN = True
    assert {client.get("/tags").status_code for _ in range(10)} == {200}
