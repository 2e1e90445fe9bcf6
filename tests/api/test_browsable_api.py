"""The browsable API: each endpoint is a page to a browser, with a form where something can be sent."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from monitoring.ingest.pipeline import ingest_readings

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path", ["/tags", "/tags/fermenter_temp", "/data", "/anomalies", "/stats", "/health", "/?format=api"]
)
def test_each_endpoint_is_a_page(client: Client, reading: dict[str, Any], path: str) -> None:
    ingest_readings([{**reading, "value": 46.0}])
    answer = client.get(path, headers=BROWSER)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", ["/ingest", "/ingest/batch"])
def test_readings_are_sent_by_a_form_of_raw_json(client: Client, path: str) -> None:
    answer = client.get(path, headers=BROWSER)
    assert answer.status_code == 405
    page = answer.content.decode()
    assert '<textarea name="_content"' in page
    assert '<option value="application/json"' in page


def test_what_a_form_sends_is_stored_and_shown(post: Callable[..., Any], reading: dict[str, Any]) -> None:
    answer = post("/ingest", {**reading, "value": 46.0}, headers=BROWSER)
    assert answer.status_code == 201
    assert "&quot;is_anomaly&quot;: true" in answer.content.decode()


def test_each_link_of_the_root_answers_a_click(client: Client, settings: Settings) -> None:
    settings.FERMON_STREAM_CLIENTS = 0  # a stream would not end
    page = client.get("/?format=api", headers=BROWSER).content.decode()
    shown = page[page.index('class="response-info"') :]
    links = [unescape(link) for link in re.findall(r'<a href="http://testserver(/[^"]*)"', shown)]
    answers = {link: client.get(link.partition("#")[0], headers=BROWSER).status_code for link in links}
    assert len(answers) >= 20
    assert {link: code for link, code in answers.items() if code != 200} == {"/stream": 503}


def test_every_page_has_the_name_and_a_way_back(client: Client) -> None:
    for path in ("/tags", "/docs"):
        page = client.get(path, headers=BROWSER).content.decode()
        assert re.search(r'<a class="[^"]*brand" href="/dashboard"><img [^>]*> ?Fermon</a>', page)
        assert "Django REST framework</title>" not in page


def test_every_page_tells_its_language(client: Client) -> None:
    for path in ("/?format=api", "/tags", "/ingest", "/nowhere", "/docs"):
        page = client.get(path, headers=BROWSER).content.decode()
        assert re.findall("<html[^>]*>", page) == ['<html lang="en">'], path


def test_a_page_needs_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/stats", headers=BROWSER).content.decode()
    assert 'src="http' not in page
    assert '<link rel="stylesheet" type="text/css" href="http' not in page


def test_the_pages_stand_while_the_database_is_away(client: Client, database_away: None) -> None:
    assert client.get("/data", headers=BROWSER).status_code == 503
    assert client.get("/health", headers=BROWSER).status_code == 503


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize(
    "path", ["/tags", "/data", "/trend?tag=fermenter_temp", "/export", "/stats", "/events"]
)
def test_nor_do_they_ask_it_who_has_come(
    client: Client, settings: Settings, database_away: None, path: str, is_open: bool
) -> None:
    settings.FERMON_OPEN = is_open
    client.cookies["sessionid"] = "abcdefghijklmnop"
    answer = client.get(path, headers=BROWSER)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "The database is away" in answer.content.decode()


def test_a_stranger_is_led_to_the_login_where_fermon_is_closed(client: Client, settings: Settings) -> None:
    settings.FERMON_OPEN = False
    answer = client.get("/data?limit=5", headers=BROWSER)
    assert answer.headers["Location"] == "/login?next=/data%3Flimit%3D5"


def test_the_pages_stand_for_somebody_who_is_logged_in(client: Client) -> None:
    client.force_login(User.objects.create_user("operator"))
    assert b"operator" in client.get("/data", headers=BROWSER).content
