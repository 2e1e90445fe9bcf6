"""Exclusions over HTTP: measurements leave every answer, are shown to who asks, and come back."""

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings
from rest_framework.authtoken.models import Token as UserToken

from monitoring.access.token_store import issue_token
from monitoring.ingest import exclusions
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Exclusion
from monitoring.models.token import Scope
from tests.api.test_data import pages
from tests.api.test_export import file_of

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
TAG = "fermenter_temp"
RANGE = {"tag": TAG, "from": "2024-01-31T12:00:03Z", "to": "2024-01-31T12:00:05Z", "reason": "bath"}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def measurements() -> None:
    """Ten of a second each; the sixth is too high."""
    ingest_readings(
        [
            {"timestamp": (NOON + timedelta(seconds=second)).isoformat(), "tag": TAG, "value": value}
            for second, value in enumerate([37.0, 37.1, 37.2, 37.3, 37.4, 46.0, 37.6, 37.7, 37.8, 37.9])
        ]
    )


@pytest.fixture
def excluded(post: Callable[..., Any]) -> dict[str, Any]:
    """The answer to what takes out the fourth to the sixth."""
    answer = post("/exclusions", RANGE)
    assert answer.status_code == 201
    found: dict[str, Any] = answer.json()
    return found


def seconds(items: list[dict[str, Any]]) -> list[int]:
    return [int(item["timestamp"][17:19]) for item in items]


def test_the_record_says_what_why_who_and_when(excluded: dict[str, Any], client: Client) -> None:
    assert {key: value for key, value in excluded.items() if key not in ("id", "at")} == {
        "tag": TAG,
        "from": "2024-01-31T12:00:03Z",
        "to": "2024-01-31T12:00:05Z",
        "ids": None,
        "reason": "bath",
        "by": "somebody at 127.0.0.1",
        "excluded": 3,
        "included": 0,
        "complete": True,
        "revoked": None,
    }
    assert client.get("/exclusions").json() == [excluded]
    assert client.get(f"/exclusions/{excluded['id']}").json() == excluded


@pytest.mark.usefixtures("excluded")
def test_they_leave_every_answer(client: Client) -> None:
    assert seconds(client.get("/data?order=asc").json()) == [0, 1, 2, 6, 7, 8, 9]
    assert client.get("/anomalies").json() == []
    stats = client.get("/stats").json()
    assert (stats["total_measurements"], stats["total_anomalies"]) == (7, 0)
    trend = client.get(f"/trend?tag={TAG}&points=1").json()
    assert (trend["count"], trend["max"], trend["anomalies"]) == ([7], [37.9], [0])
    assert len(file_of(client.get("/export")).splitlines()) == 1 + 7


def test_the_newest_is_the_newest_that_is_left(client: Client, post: Callable[..., Any]) -> None:
    assert post("/exclusions", {**RANGE, "to": "2024-02-01"}).status_code == 201
    assert client.get(f"/tags/{TAG}").json()["latest"]["value"] == 37.2


@pytest.mark.usefixtures("excluded")
@pytest.mark.parametrize(("asked", "shown"), [("only", [3, 4, 5]), ("include", list(range(10)))])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_who_asks_for_them_gets_them_page_by_page(
    client: Client, asked: str, shown: list[int], order: str
) -> None:
    found = [item for page in pages(client, f"/data?excluded={asked}&limit=2&order={order}") for item in page]
    assert seconds(found) == (shown if order == "asc" else shown[::-1])
    assert [second for second, item in zip(seconds(found), found, strict=True) if item["excluded"]] == (
        [3, 4, 5] if order == "asc" else [5, 4, 3]
    )
    assert all("excluded" not in item for item in client.get("/data").json())


@pytest.mark.usefixtures("excluded")
def test_a_file_has_them_in_a_column_of_their_own(client: Client) -> None:
    rows = list(csv.DictReader(file_of(client.get("/export?excluded=include")).decode().splitlines()))
    assert [row["excluded"] for row in rows] == ["false"] * 3 + ["true"] * 3 + ["false"] * 4
    assert rows[5]["is_anomaly"] == "true"
    lines = file_of(client.get("/export?excluded=only&format=jsonl")).splitlines()
    assert [json.loads(line)["excluded"] for line in lines] == [True] * 3


@pytest.mark.usefixtures("excluded")
def test_a_parquet_file_has_them_too(client: Client) -> None:
    from io import BytesIO

    from pyarrow import parquet

    table = parquet.read_table(BytesIO(file_of(client.get("/export?excluded=include&format=parquet"))))
    assert table.column("excluded").to_pylist() == [False] * 3 + [True] * 3 + [False] * 4


def test_the_same_reading_again_is_a_duplicate_and_another_value_a_conflict(
    excluded: dict[str, Any], post: Callable[..., Any], client: Client
) -> None:
    reading = {"timestamp": "2024-01-31T12:00:05Z", "tag": TAG, "value": 46.0}
    kept = client.get("/data?excluded=only&limit=1").json()[0]
    again = post("/ingest", reading)
    assert (again.status_code, again.json()) == (
        200,
        {"status": "duplicate", "id": kept["id"], "is_anomaly": True},
    )
    assert post("/ingest", {**reading, "value": 37.0}).status_code == 409
    batch = post("/ingest/batch", [reading, {**reading, "timestamp": "2024-01-31T12:00:10Z"}]).json()
    assert [result["status"] for result in batch["results"]] == ["duplicate", "success"]


def test_a_dry_run_counts_and_changes_nothing(post: Callable[..., Any], client: Client) -> None:
    answer = post("/exclusions", {**RANGE, "from": "2024-01-31", "dry_run": True})
    assert answer.status_code == 200
    assert answer.json() == {
        "tag": TAG,
        "from": "2024-01-31T00:00:00Z",
        "to": "2024-01-31T12:00:05Z",
        "measurements": 6,
        "anomalies": 1,
        "first": "2024-01-31T12:00:00Z",
        "last": "2024-01-31T12:00:05Z",
    }
    assert client.get("/exclusions").json() == []


def test_single_measurements_are_named_by_their_ids(post: Callable[..., Any], client: Client) -> None:
    ids = [item["id"] for item in client.get("/data?order=asc").json()][1:9:3]
    made = post("/exclusions", {"ids": ids, "reason": "spikes"}).json()
    assert (made["ids"], made["excluded"]) == (ids, 3)
    assert (made["from"], made["to"]) == ("2024-01-31T12:00:01Z", "2024-01-31T12:00:07Z")
    assert seconds(client.get("/data?order=asc").json()) == [0, 2, 3, 5, 6, 8, 9]


def test_they_are_included_again_once_with_a_reason(
    excluded: dict[str, Any], post: Callable[..., Any], client: Client
) -> None:
    address = f"/exclusions/{excluded['id']}/revoke"
    answer = post(address, {"reason": "wrong probe"})
    assert answer.status_code == 200
    assert answer.json()["included"] == 3
    assert answer.json()["revoked"]["reason"] == "wrong probe"
    assert seconds(client.get("/data?order=asc").json()) == list(range(10))
    assert len(client.get("/anomalies").json()) == 1
    assert post(address, {"reason": "again"}).status_code == 409
    assert post("/exclusions/4711/revoke", {"reason": "again"}).status_code == 404
    assert client.get("/exclusions/4711").status_code == 404


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([RANGE], "body: expected an object"),
        ({**RANGE, "reason": " "}, "reason: missing"),
        ({key: value for key, value in RANGE.items() if key != "reason"}, "reason: missing"),
        ({**RANGE, "reason": "x" * 501}, "reason: Ensure this field has no more than 500 characters"),
        ({**RANGE, "tag": "no_such"}, "tag: unknown tag 'no_such'"),
        ({**RANGE, "from": "yesterday"}, "from: expected ISO 8601"),
        ({**RANGE, "from": ["2024-01-31"]}, "from: expected ISO 8601"),
        ({**RANGE, "from": "2025-01-01"}, "from: expected to be no later than 'to'"),
        ({**RANGE, "from": "2020-01-01", "to": "2020-01-02"}, f"from: {TAG} has no measurements from 2020"),
        (
            {"tag": TAG, "from": "2024-01-31", "reason": "bath"},
            "to: missing; expected tag, from and to, or ids",
        ),
        ({"reason": "bath"}, "tag: missing; expected tag, from and to, or ids"),
        ({**RANGE, "ids": [1]}, "tag: expected either ids, or tag, from and to"),
        ({"ids": [], "reason": "bath"}, "ids: expected 1 to 1000"),
        ({"ids": [0], "reason": "bath"}, "ids: "),
        ({"ids": [10**18], "reason": "bath"}, "ids: no measurement has the id"),
        ({"ids": "all", "reason": "bath"}, "ids: "),
        ({**RANGE, "dry_run": "perhaps"}, "dry_run: "),
    ],
)
def test_bad_input_is_told_and_excludes_nothing(post: Callable[..., Any], body: Any, words: str) -> None:
    answer = post("/exclusions", body)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(words)
    assert not Exclusion.objects.exists()


@pytest.mark.parametrize("path", ["/data?excluded=yes", "/export?excluded=1"])
def test_excluded_is_include_or_only(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["detail"]) == (400, "excluded: expected 'include' or 'only'")


def test_exclusions_are_listed_by_tag_and_time_and_in_pages(post: Callable[..., Any], client: Client) -> None:
    for second in range(5):
        moment = f"2024-01-31T12:00:0{second}Z"
        post("/exclusions", {**RANGE, "from": moment, "to": moment, "reason": str(second)})
    found = [item["reason"] for page in pages(client, "/exclusions?limit=2") for item in page]
    assert found == ["4", "3", "2", "1", "0"]
    within = client.get("/exclusions?order=asc&from=2024-01-31T12:00:01Z&to=2024-01-31T12:00:02Z").json()
    assert [item["reason"] for item in within] == ["1", "2"]
    assert client.get("/exclusions?tag=fermenter_ph").json() == []


def test_what_takes_long_is_finished_later(
    post: Callable[..., Any], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitoring.ingest.moving.CHUNK", 2)
    monkeypatch.setattr(exclusions, "AT_ONCE_S", 0)
    made = post("/exclusions", RANGE).json()
    assert (made["excluded"], made["complete"]) == (2, False)
    exclusions.finish_all(should_stop=lambda: False)
    done = client.get(f"/exclusions/{made['id']}").json()
    assert (done["excluded"], done["complete"]) == (3, True)


def header_of(role: str, account: Callable[[str], User]) -> dict[str, str]:
    return {"authorization": f"Token {UserToken.objects.create(user=account(role)).key}"}


@pytest.mark.parametrize(
    ("role", "may"), [("viewer", False), ("operator", False), ("engineer", True), ("administrator", True)]
)
@pytest.mark.parametrize("way", ["token", "login"])
def test_closed_engineers_exclude_and_include_again_by_token_or_login(
    client: Client, settings: Settings, account: Callable[[str], User], role: str, may: bool, way: str
) -> None:
    settings.FERMON_OPEN = False
    headers: dict[str, str] = {}
    if way == "token":
        headers = header_of(role, account)
    else:
        client.force_login(account(role))
    made = client.post("/exclusions", RANGE, content_type="application/json", headers=headers)
    assert made.status_code == (201 if may else 403)
    if may:
        assert made.json()["by"] == role
        address = f"/exclusions/{made.json()['id']}/revoke"
        again = client.post(address, {"reason": "x"}, content_type="application/json", headers=headers)
        assert again.status_code == 200
    assert client.get("/exclusions", headers=headers).status_code == 200


@pytest.mark.parametrize("scope", list(Scope))
def test_closed_a_sources_token_excludes_nothing(client: Client, settings: Settings, scope: Scope) -> None:
    settings.FERMON_OPEN = False
    secret = issue_token(name="gateway", scope=scope)
    answer = client.post(
        "/exclusions", RANGE, content_type="application/json", headers={"authorization": f"Token {secret}"}
    )
    assert answer.status_code == 403
    assert not Exclusion.objects.exists()


def test_closed_a_login_without_the_forms_secret_excludes_nothing(
    settings: Settings, account: Callable[[str], User]
) -> None:
    settings.FERMON_OPEN = False
    client = Client(enforce_csrf_checks=True)
    client.force_login(account("engineer"))
    answer = client.post("/exclusions", RANGE, content_type="application/json")
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["detail"]


def test_both_steps_are_in_the_audit_trail(
    client: Client, settings: Settings, account: Callable[[str], User]
) -> None:
    settings.FERMON_OPEN = False
    headers = header_of("engineer", account)
    made = client.post("/exclusions", RANGE, content_type="application/json", headers=headers).json()
    address = f"/exclusions/{made['id']}/revoke"
    client.post(address, {"reason": "wrong probe"}, content_type="application/json", headers=headers)
    entries = LogEntry.objects.get_for_model(Exclusion).order_by("pk")
    assert [entry.additional_data for entry in entries] == [
        {"reason": "bath", "by": "engineer"},
        {"reason": "wrong probe", "by": "engineer"},
    ]
