"""Pages of named origins may read in a browser, without cookies; pages of other origins may not."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import Settings

from fermon_site import environment

GRAFANA = "https://grafana.plant.example"
ALLOW, EXPOSE = "Access-Control-Allow-Origin", "Access-Control-Expose-Headers"

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def named(settings: Settings) -> None:
    settings.FERMON_CORS_ORIGINS = frozenset({GRAFANA})


def preflight(client: Client, origin: str, path: str = "/data", method: str = "GET"):
    """The answer to what a browser asks before it sends a token from another origin."""
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization"}
    return client.options(path, headers={"Origin": origin, **asked})


def test_by_default_no_other_origin_reads(client: Client) -> None:
    answer = client.get("/data", headers={"Origin": GRAFANA})
    assert answer.status_code == 200
    assert ALLOW not in answer.headers
    assert "Origin" not in answer.headers["Vary"]
    assert ALLOW not in preflight(client, GRAFANA).headers


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    "path", ["/data", "/tags", "/trend?tag=fermenter_temp", "/health", "/export", "/nowhere"]
)
def test_a_named_origin_reads_answers_and_errors(client: Client, path: str) -> None:
    answer = client.get(path, headers={"Origin": GRAFANA})
    assert answer.headers[ALLOW] == GRAFANA
    assert "Link" in answer.headers[EXPOSE]
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    "origin",
    [
        "https://grafana.plant.example.evil.example",
        "http://grafana.plant.example",
        f"{GRAFANA}:8443",
        "null",
        "",
    ],
)
def test_an_origin_that_only_resembles_it_does_not(client: Client, origin: str) -> None:
    answer = client.get("/data", headers={"Origin": origin})
    assert ALLOW not in answer.headers
    assert "Origin" in answer.headers["Vary"]  # or a cache would give this answer to the named origin
    refused = preflight(client, origin)
    assert refused.status_code == 403
    assert "FERMON_CORS_ORIGINS" in refused.json()["detail"]
    assert ALLOW not in refused.headers


@pytest.mark.usefixtures("named")
def test_the_browsers_question_needs_no_login(client: Client, settings: Settings) -> None:
    settings.FERMON_OPEN = False
    settings.SECURE_SSL_REDIRECT = True  # a preflight request follows no redirect
    answer = preflight(client, GRAFANA)
    assert answer.status_code == 204
    assert answer.headers[ALLOW] == GRAFANA
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.usefixtures("named")
def test_the_answer_still_needs_one(client: Client, settings: Settings) -> None:
    settings.FERMON_OPEN = False
    answer = client.get("/data", headers={"Origin": GRAFANA})
    assert answer.status_code == 401
    assert answer.headers[ALLOW] == GRAFANA  # so that its script sees why


@pytest.mark.usefixtures("named")
def test_no_other_origin_writes(client: Client) -> None:
    reading = {"timestamp": "2024-01-31T12:00:00Z", "tag": "fermenter_temp", "value": 37}
    answer = client.post("/ingest", reading, content_type="application/json", headers={"Origin": GRAFANA})
    assert ALLOW not in answer.headers
    assert "POST" not in preflight(client, GRAFANA, "/ingest", "POST").headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize(
    "text", [GRAFANA, "http://10.0.0.5:3000, https://a.example", "http://[::1]:3000", ""]
)
def test_origins_as_browsers_send_them(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("FERMON_CORS_ORIGINS", text)
    expected = {each.strip() for each in text.split(",") if each}
    assert environment.origins("FERMON_CORS_ORIGINS") == expected


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "null",
        "grafana.plant.example",
        f"{GRAFANA}/",
        f"{GRAFANA}/d/1",
        f"{GRAFANA}:443",
        "http://a.example:80",
        "https://Grafana.example",
        "https://*.plant.example",
        "https://user@a.example",
        "https://a.example?x",
        "https://a.example:x",
        "https://",
        "file://a",
    ],
)
def test_anything_else_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("FERMON_CORS_ORIGINS", text)
    with pytest.raises(ImproperlyConfigured, match="is no origin"):
        environment.origins("FERMON_CORS_ORIGINS")
