"""GET /: a browser is led to the dashboard, a script to the endpoints."""

import pytest
from django.test import Client

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"

pytestmark = pytest.mark.django_db


def test_a_browser_is_led_to_the_dashboard(client: Client) -> None:
    answer = client.get("/", headers={"accept": BROWSER})
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/dashboard"


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/json, text/html;q=0.5"])
def test_a_script_gets_the_address_of_every_endpoint(client: Client, accept: str) -> None:
    answer = client.get("/", headers={"accept": accept})
    assert answer.status_code == 200
    paths = {"tags", "data", "anomalies", "ingest", "ingest/batch", "stats", "health", "docs", "schema"}
    assert paths <= answer.json().keys()
    assert answer.json()["ingest/batch"] == "http://testserver/ingest/batch"


def test_every_address_that_it_lists_is_there(client: Client) -> None:
    for url in client.get("/").json().values():
        assert client.options(url).status_code in {200, 405}


def test_a_cache_keeps_the_two_answers_apart(client: Client) -> None:
    assert "Accept" in client.get("/").headers["Vary"]
    assert "Accept" in client.get("/", headers={"accept": BROWSER}).headers["Vary"]
