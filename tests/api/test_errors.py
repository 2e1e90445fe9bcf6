"""Whatever a stranger tries: JSON with ``detail`` for scripts, a page for browsers, never a stack trace."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from monitoring.api import stats

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
READS = ["/", "/tags", "/tags/fermenter_temp", "/data", "/anomalies", "/stats", "/health", "/schema", "/docs"]
WRITES = ["/ingest", "/ingest/batch"]
NOWHERE = [
    "/nothing",
    "/tags/",
    "/data/",
    "/data/1",
    "/ingest/",
    "/ingest/batch/1",
    "/DATA",
    "/%00",
    "/%FF%FE",
    "/..%2F..%2Fetc%2Fpasswd",
    "/.env",
    "/static/nothing.js",
    "/" + "x" * 10_000,
]

pytestmark = pytest.mark.django_db


def assert_json_error(answer: Any, code: int) -> None:
    """The answer is this error in the one shape that errors have."""
    assert answer.status_code == code
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["detail"]


@pytest.mark.parametrize("path", NOWHERE)
@pytest.mark.parametrize(
    "accept", ["application/json", "*/*", "", "image/png", "application/json, text/html"]
)
def test_an_unknown_address_is_not_found(client: Client, path: str, accept: str) -> None:
    assert_json_error(client.get(path, headers={"accept": accept}), 404)


def test_a_browser_gets_a_page(client: Client) -> None:
    answer = client.get("/nothing<script>", headers={"accept": BROWSER})
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<script>" not in answer.content.decode()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"])
@pytest.mark.parametrize("path", READS)
def test_what_is_only_read_can_not_be_written(client: Client, method: str, path: str) -> None:
    answer = client.generic(method, path, "{}", content_type="application/json")
    assert_json_error(answer, 405)
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", WRITES)
def test_what_is_only_written_can_not_be_read(client: Client, method: str, path: str) -> None:
    answer = client.generic(method, path)
    assert_json_error(answer, 405)
    assert answer.headers["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("path", READS)
def test_head_is_get_without_a_body(client: Client, path: str) -> None:
    answer = client.head(path)
    assert answer.status_code == 200
    assert answer.content == b""


@pytest.mark.parametrize("path", [path for path in READS + WRITES if path != "/docs"])
def test_options_tells_what_an_address_is(client: Client, path: str) -> None:
    answer = client.options(path)
    assert answer.status_code == 200
    assert "description" in answer.json()


@pytest.mark.parametrize("accept", ["image/png", "application/xml", "garbage", "text/csv;q=1"])
@pytest.mark.parametrize("path", READS)
def test_a_type_that_is_not_offered_is_not_acceptable(client: Client, path: str, accept: str) -> None:
    assert_json_error(client.get(path, headers={"accept": accept}), 406)


@pytest.mark.parametrize(
    ("method", "path", "headers", "detail"),
    [
        ("DELETE", "/ingest", {}, "method: expected POST or OPTIONS, got 'DELETE'"),
        ("PUT", "/stats", {}, "method: expected GET or HEAD or OPTIONS, got 'PUT'"),
        (
            "POST",
            "/ingest",
            {"content-type": "text/plain"},
            "Content-Type: expected application/json, got 'text/plain'",
        ),
        (
            "POST",
            "/ingest/batch",
            {"content-type": ""},
            "Content-Type: expected application/json or application/x-ndjson or text/csv, got ''",
        ),
        ("GET", "/stats", {"accept": "image/png"}, "Accept: expected application/json or text/html"),
    ],
)
def test_an_error_names_what_was_expected(
    client: Client, method: str, path: str, headers: dict[str, str], detail: str
) -> None:
    answer = client.generic(
        method, path, "{}", content_type=headers.get("content-type", "application/json"), headers=headers
    )
    assert answer.json()["detail"].startswith(detail)


@pytest.mark.parametrize(
    ("headers", "got"), [({}, "nothing"), ({"authorization": "Basic c2VjcmV0"}, "another scheme")]
)
def test_a_caller_without_a_token_is_told_how_to_send_one(
    client: Client, settings: Settings, headers: dict[str, str], got: str
) -> None:
    settings.FERMON_OPEN = False
    answer = client.get("/stats", headers=headers)
    assert_json_error(answer, 401)
    expected = "Authorization: expected 'Token' or 'Bearer', a space, and the token"
    assert answer.json()["detail"] == f"{expected}; got {got}"


@pytest.mark.parametrize("accept", ["*/*;q=x", "application/json; indent=x", "application/json;;=", ", ,"])
def test_an_untidy_accept_is_forgiven(client: Client, accept: str) -> None:
    assert client.get("/stats", headers={"accept": accept}).status_code in {200, 406}


@pytest.mark.parametrize("path", READS)
def test_an_unknown_format_is_not_found(client: Client, path: str) -> None:
    assert_json_error(client.get(path, {"format": "xyz"}), 404)


@pytest.mark.parametrize("host", ["evil.example", "evil.example/<>", "local host", "[::1", ""])
def test_a_host_that_is_not_ours_is_refused(client: Client, host: str) -> None:
    assert_json_error(client.get("/stats", headers={"host": host}), 400)


def test_a_thousand_parameters_are_too_many(client: Client) -> None:
    assert_json_error(client.get("/data", {f"a{number}": "1" for number in range(1_001)}), 400)


@pytest.mark.parametrize("path", ["/tags", "/tags/fermenter_temp", "/data", "/anomalies", "/stats"])
def test_while_the_database_is_away_readers_are_told_to_wait(
    client: Client, database_away: None, path: str
) -> None:
    answer = client.get(path)
    assert_json_error(answer, 503)
    assert answer.headers["Retry-After"] == "5"


def test_a_fault_of_ours_is_answered_in_json_without_its_trace(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("a secret of the house")

    monkeypatch.setattr(stats, "totals", fail)
    client.raise_request_exception = False
    answer = client.get("/stats")
    assert_json_error(answer, 500)
    assert b"secret" not in answer.content


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize("body", [b"{", b"5", b"", b"\xff", b'{"tag": "<script>"}'])
def test_a_browser_that_posts_nonsense_gets_a_page(post: Callable[..., Any], path: str, body: bytes) -> None:
    answer = post(path, body, headers={"accept": BROWSER})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<script>&quot;" not in answer.content.decode()
