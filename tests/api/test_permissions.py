"""Who may call what: everybody while FERMON_OPEN=1; else roles say, and writing takes a token."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings
from rest_framework.authtoken.models import Token

READS = ["/tags", "/tags/fermenter_temp", "/data", "/anomalies", "/stats"]
WRITES = ["/ingest", "/ingest/batch"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def closed(settings: Settings) -> None:
    """FERMON_OPEN=0."""
    settings.FERMON_OPEN = False


@pytest.fixture
def user(account: Callable[[str], User]) -> User:
    """Somebody who may read and write."""
    return account("engineer")


@pytest.fixture
def token(user: User) -> dict[str, str]:
    """The header that carries the user's token."""
    return {"authorization": f"Token {Token.objects.create(user=user).key}"}


@pytest.mark.parametrize("path", READS)
def test_open_anybody_reads(client: Client, path: str) -> None:
    assert client.get(path).status_code == 200


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("path", READS)
def test_closed_a_stranger_does_not_read(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Token"
    assert answer.json()["detail"]


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("path", READS)
def test_closed_a_token_or_a_login_reads(
    client: Client, user: User, token: dict[str, str], path: str
) -> None:
    assert client.get(path, headers=token).status_code == 200
    client.force_login(user)
    assert client.get(path).status_code == 200


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize("header", ["", "Token", "Token wrong", "Token a b", "Token \xff", "Bearer abc"])
def test_closed_nobody_writes_without_a_token(
    post: Callable[..., Any], reading: dict[str, Any], path: str, header: str
) -> None:
    answer = post(path, [reading], headers={"authorization": header})
    assert answer.status_code == 401
    assert answer.json()["detail"]


@pytest.mark.usefixtures("closed")
def test_closed_a_token_writes(
    post: Callable[..., Any], reading: dict[str, Any], token: dict[str, str]
) -> None:
    assert post("/ingest", reading, headers=token).status_code == 201
    assert post("/ingest/batch", [reading], headers=token).status_code == 201


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("path", WRITES)
def test_closed_a_login_alone_does_not_write(
    client: Client, post: Callable[..., Any], user: User, path: str
) -> None:
    client.force_login(user)
    answer = post(path, [])
    assert answer.status_code == 403
    assert "Authorization: Token" in answer.json()["detail"]


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_closed_a_role_that_only_reads_does_not_write(
    client: Client, post: Callable[..., Any], account: Callable[[str], User], role: str
) -> None:
    header = {"authorization": f"Token {Token.objects.create(user=account(role)).key}"}
    assert client.get("/data", headers=header).status_code == 200
    answer = post("/ingest/batch", [], headers=header)
    assert answer.status_code == 403
    assert "without a role" in answer.json()["detail"]


@pytest.mark.usefixtures("closed")
def test_closed_a_login_without_a_role_reads_nothing(client: Client) -> None:
    client.force_login(User.objects.create_user("new"))
    answer = client.get("/data")
    assert answer.status_code == 403
    assert "without a role" in answer.json()["detail"]


@pytest.mark.usefixtures("closed")
def test_closed_a_token_of_somebody_who_left_is_refused(
    post: Callable[..., Any], reading: dict[str, Any], user: User, token: dict[str, str]
) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert post("/ingest", reading, headers=token).status_code == 401


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("header", ["", "Token wrong", "Token a b"])
def test_closed_health_tells_a_stranger_its_status_alone(client: Client, header: str) -> None:
    answer = client.get("/health", headers={"authorization": header})
    assert answer.status_code == 200
    assert list(answer.json()) == ["status"]


@pytest.mark.usefixtures("closed")
def test_closed_health_tells_a_role_everything(client: Client, token: dict[str, str]) -> None:
    assert "problems" in client.get("/health", headers=token).json()


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_closed_health_answers_while_nobody_can_be_recognised(
    client: Client, closed: None, database_away: None, accept: str
) -> None:
    client.cookies["sessionid"] = "somebody"
    answer = client.get("/health", headers={"accept": accept})
    assert answer.status_code == 503
    assert "problems" not in answer.content.decode()


def test_closed_while_the_database_is_away_no_token_can_be_checked(
    post: Callable[..., Any], reading: dict[str, Any], closed: None, database_away: None
) -> None:
    answer = post("/ingest", reading, headers={"authorization": "Token abc"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
