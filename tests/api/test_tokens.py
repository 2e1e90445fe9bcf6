"""Tokens of sources: each opens what it is for, until it is revoked or expires, and nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings
from time_machine import TimeMachineFixture

from monitoring.access.token_store import issue_token
from monitoring.models import AlarmDefinition, Exclusion, Measurement, Tag, Token
from monitoring.models.token import Scope

READS = ["/tags", "/tags/fermenter_temp", "/data", "/anomalies", "/events", "/stats", "/export"]
OF_A_TAG = ["/data", "/anomalies", "/events", "/trend", "/export"]
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def closed(settings: Settings) -> None:
    """FERMON_OPEN=0."""
    settings.FERMON_OPEN = False


def header(scope: Scope, prefix: str = "", **fields: Any) -> dict[str, str]:
    """What a source with such a token sends."""
    secret = issue_token(name="gateway", scope=scope, prefix=prefix, **fields)
    return {"authorization": f"Token {secret}"}


def test_only_a_digest_of_the_secret_is_stored(post: Callable[..., Any], reading: dict[str, Any]) -> None:
    sent = header(Scope.INGEST)
    assert post("/ingest", reading, headers=sent).status_code == 201
    row = Token.objects.values_list().get()
    assert sent["authorization"].removeprefix("Token ") not in map(str, row)
    assert post("/ingest", reading, headers={"authorization": f"Token {row[2]}"}).status_code == 401


@pytest.mark.parametrize("path", [*READS, "/trend?tag=fermenter_temp", "/stream"])
def test_an_ingest_token_reads_nothing(client: Client, path: str) -> None:
    answer = client.get(path, headers=header(Scope.INGEST))
    assert answer.status_code == 403
    assert answer.json()["detail"] == "This token is for ingest only, and this is read."


@pytest.mark.parametrize("path", ["/ingest", "/ingest/batch"])
def test_a_read_token_writes_nothing(post: Callable[..., Any], reading: dict[str, Any], path: str) -> None:
    assert post(path, reading, headers=header(Scope.READ)).status_code == 403
    assert not Measurement.objects.exists()


@pytest.mark.parametrize("path", READS)
def test_a_read_token_without_a_prefix_reads_all(client: Client, path: str) -> None:
    assert client.get(path, headers=header(Scope.READ)).status_code == 200


def test_another_tag_is_refused_by_its_name(post: Callable[..., Any], reading: dict[str, Any]) -> None:
    answer = post("/ingest", reading, headers=header(Scope.INGEST, "agitator_"))
    assert answer.status_code == 403
    assert answer.json()["detail"] == "tag: this token does not write 'fermenter_temp', only agitator_..."
    assert not Measurement.objects.exists()


def test_in_a_batch_it_costs_its_neighbours_nothing(post: Callable[..., Any]) -> None:
    items = [
        {"timestamp": "2026-01-31T12:00:00Z", "tag": tag, "value": value}
        for tag, value in [
            ("fermenter_temp", 37),
            ("agitator_rpm", 450),
            ("fermenter_ph", 7),
            ("agitator_rpm", 1),
        ]
    ]
    answer = post("/ingest/batch", [*items, "no reading"], headers=header(Scope.INGEST, "agitator_")).json()
    assert [item["status"] for item in answer["results"]] == ["error", "success", "error", "error", "error"]
    assert [item["tag"] for item in answer["results"][:4]] == [item["tag"] for item in items]
    assert answer["processed"] == 5
    assert [row.tag.name for row in Measurement.objects.all()] == ["agitator_rpm"]


@pytest.mark.parametrize("prefix", ["", "agitator_"])
def test_a_source_is_not_told_the_names_of_others(post: Callable[..., Any], prefix: str) -> None:
    unknown = {"timestamp": "2026-01-31T12:00:00Z", "tag": "agitator_x", "value": 1}
    answer = post("/ingest", unknown, headers=header(Scope.INGEST, prefix))
    assert answer.status_code == 400
    assert answer.json()["detail"] == "tag: unknown tag 'agitator_x'"


@pytest.mark.parametrize("path", OF_A_TAG)
def test_with_a_prefix_a_tag_has_to_be_named(client: Client, path: str) -> None:
    sent = header(Scope.READ, "agitator_")
    assert client.get(f"{path}?tag=agitator_rpm", headers=sent).status_code == 200
    for query in (
        "",
        "?tag=",
        "?tag=fermenter_temp",
        "?tag=agitator_none",
        "?tag=agitator_rpm&tag=fermenter_ph",
        "?tag=fermenter_ph&tag=agitator_rpm",
        "?tag=&tag=agitator_rpm",
        "?tag=agitator_rpm&tag=",
    ):
        answer = client.get(path + query, headers=sent)
        assert answer.status_code == 403
        assert "known tags" not in answer.json()["detail"]


def test_with_a_prefix_tags_are_listed_that_it_covers(client: Client) -> None:
    sent = header(Scope.READ, "fermenter_")
    assert client.get("/tags", headers=sent).json() == {"tags": ["fermenter_temp", "fermenter_ph"]}
    assert client.get("/tags/fermenter_ph", headers=sent).status_code == 200
    assert client.get("/tags/agitator_rpm?tag=fermenter_ph", headers=sent).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/stats",
        "/stats?tag=fermenter_temp",
        "/stream",
        "/stream?tag=agitator_rpm",
        "/stream?tag=agitator_rpm&tag=fermenter_temp",
        "/stream?tag=fermenter_temp&tag=agitator_rpm",
        "/stream?tag=fermenter_temp&tag=",
    ],
)
def test_with_a_prefix_nothing_is_told_of_all_tags(client: Client, path: str) -> None:
    assert client.get(path, headers=header(Scope.READ, "fermenter_")).status_code == 403


def test_with_a_prefix_no_item_of_another_tag_is_read_by_its_id(client: Client) -> None:
    """The tag in the address may be one that the token covers: the item's own tag counts."""
    foreign = Tag.objects.get(name="agitator_rpm")
    alarm = AlarmDefinition.objects.create(tag=foreign, kind="H", setpoint=600)
    now = datetime.now(UTC)
    exclusion = Exclusion.objects.create(
        tag=foreign, start=now, end=now, upto_id=0, reason="a test", made_by="a test", made_at=now
    )
    paths = [f"/alarms/{alarm.pk}", f"/alarm-definitions/{alarm.pk}", f"/exclusions/{exclusion.pk}"]
    for path in paths:
        own, other = header(Scope.READ, "agitator_"), header(Scope.READ, "fermenter_")
        assert client.get(f"{path}?tag=agitator_rpm", headers=own).status_code == 200
        assert client.get(f"{path}?tag=fermenter_temp", headers=other).status_code == 403


def test_with_a_prefix_several_tags_that_it_covers_are_followed(client: Client, settings: Settings) -> None:
    settings.FERMON_STREAM_CLIENTS = 0  # who is let in finds no place
    answer = client.get(
        "/stream?tag=fermenter_temp&tag=fermenter_ph", headers=header(Scope.READ, "fermenter_")
    )
    assert answer.status_code == 503


def test_health_tells_details_only_to_who_sees_all(client: Client) -> None:
    for scope, prefix, expected in [
        (Scope.READ, "", True),
        (Scope.READ, "agitator_", False),
        (Scope.INGEST, "", False),
    ]:
        told = client.get("/health", headers=header(scope, prefix)).json()
        assert ("notices" in told) is expected


@pytest.mark.parametrize("change", [{"active": False}, {"expires_at": datetime.now(UTC)}])
def test_revoked_or_expired_it_opens_nothing(
    post: Callable[..., Any], reading: dict[str, Any], change: dict[str, Any]
) -> None:
    sent = header(Scope.INGEST)
    Token.objects.update(**change)
    answer = post("/ingest", reading, headers=sent)
    assert answer.status_code == 401
    assert answer.json()["detail"] == "Invalid token: it is unknown, revoked or expired."


def test_it_expires_when_it_should(client: Client, time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(NOW, tick=False)
    sent = header(Scope.READ, expires_at=NOW + timedelta(days=1))
    assert client.get("/tags", headers=sent).status_code == 200
    time_machine.shift(timedelta(days=1))
    assert client.get("/tags", headers=sent).status_code == 401


def test_its_use_is_noted_once_a_minute(
    client: Client, time_machine: TimeMachineFixture, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    time_machine.move_to(NOW, tick=False)
    sent = header(Scope.READ)
    client.get("/tags", headers=sent)
    assert Token.objects.get().used_at == NOW
    time_machine.shift(timedelta(seconds=59))
    with django_assert_num_queries(2):  # the token and the tags
        client.get("/tags", headers=sent)
    time_machine.shift(timedelta(seconds=1))
    client.get("/tags", headers=sent)
    assert Token.objects.get().used_at == NOW + timedelta(minutes=1)


def test_while_the_database_is_away_it_can_not_be_checked(
    post: Callable[..., Any], reading: dict[str, Any], database_away: None
) -> None:
    answer = post("/ingest", reading, headers={"authorization": "Token fermon_abc"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"


def test_open_nobody_looks_at_it(
    post: Callable[..., Any], reading: dict[str, Any], settings: Settings
) -> None:
    settings.FERMON_OPEN = True
    assert post("/ingest", reading, headers=header(Scope.READ)).status_code == 201
    assert Tag.objects.count() == 3


@pytest.mark.parametrize("path", [*READS, "/trend?tag=fermenter_temp", "/health"])
@pytest.mark.parametrize("sent", ["Token garbage", "Token fermon_abc", "Token", "Token a b"])
def test_open_a_token_that_is_none_shuts_nobody_out(
    client: Client, settings: Settings, path: str, sent: str
) -> None:
    settings.FERMON_OPEN = True
    assert client.get(path, headers={"authorization": sent}).status_code == 200


def test_open_one_that_is_known_is_still_recognised(client: Client, settings: Settings) -> None:
    settings.FERMON_OPEN = True
    answer = client.get("/tags", headers=header(Scope.READ) | {"accept": "text/html"})
    assert "token gateway" in answer.content.decode()
