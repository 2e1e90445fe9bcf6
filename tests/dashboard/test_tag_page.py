"""A page of too many tags: which of them it has, and how one comes to the others."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitoring.alarms.state_machine import Act
from monitoring.dashboard import page as pages
from monitoring.dashboard import tag_page
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Tag
from tests.alarming import act, define

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six cards are all that a page has, of two vessels with ten tags each."""
    monkeypatch.setattr(tag_page, "MOST_CARDS", 6)
    monkeypatch.setattr(pages, "MOST_CARDS", 6)
    Tag.objects.all().delete()
    make(20)


def make(count: int) -> None:
    Tag.objects.bulk_create(
        Tag(
            name=f"v{number % 2}.t{number // 2:03}",
            group=f"Vessel {number % 2}",
            description="jacket" if number == 7 else "",
            valid_min=0,
            valid_max=100,
            upper_limit=50,
        )
        for number in range(count)
    )


def send(value: float, *tags: str, age: float = 0) -> None:
    moment = (datetime.now(UTC) - timedelta(seconds=age)).isoformat()
    ingest_readings([{"tag": tag, "timestamp": moment, "value": value} for tag in tags])


def shown(client: Client, **query: Any) -> list[str]:
    """The tags that have cards, in their order."""
    html = client.get("/dashboard", query).content.decode()
    return re.findall(r'<article class="card" data-tag="([^"]+)"', html)


def text(client: Client, **query: Any) -> str:
    html = client.get("/dashboard", query).content.decode()
    found = re.search(r'id="part-text">(.*?)</p>', html)
    assert found
    return found[1]


def test_it_has_the_first_of_them_and_says_of_how_many(client: Client) -> None:
    assert shown(client) == [f"v0.t{number:03}" for number in range(6)]
    assert "6 of 20" in text(client)


def test_what_needs_a_person_comes_first(client: Client) -> None:
    send(20, *Tag.objects.values_list("name", flat=True))
    send(60, "v1.t009")
    send(20, "v1.t008", age=-1)
    assert shown(client)[0] == "v1.t009"


def test_an_alarm_comes_before_a_limit_without_a_reading_too(client: Client) -> None:
    send(60, "v1.t009")
    act(define("v1.t008"), Act.ACTIVE)
    assert shown(client)[:2] == ["v1.t008", "v1.t009"]
    assert "2 need a person" in text(client)


def test_pages_follow_each_other(client: Client) -> None:
    seen = [tag for number in (1, 2, 3, 4) for tag in shown(client, page=number)]
    assert sorted(seen) == sorted(Tag.objects.values_list("name", flat=True))
    assert shown(client, page=99) == shown(client, page=4)
    assert shown(client, page="x") == shown(client, page=1)


def test_a_group_a_search_and_a_tag_lead_to_theirs(client: Client) -> None:
    assert shown(client, group="Vessel 1") == [f"v1.t{number:03}" for number in range(6)]
    assert shown(client, search="t004") == ["v0.t004", "v1.t004"]
    assert shown(client, search="JACKET") == ["v1.t003"]
    assert shown(client, search="nothing like it") == []
    assert shown(client, tag="v1.t009") == ["v1.t009"]


def test_a_search_is_shown_as_it_was_typed_and_nothing_else(client: Client) -> None:
    html = client.get("/dashboard", {"search": '"><script>alert(1)</script>'}).content.decode()
    assert "<script>alert" not in html


def test_it_asks_as_often_however_many_there_are(client: Client) -> None:
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get("/dashboard")
        return len(queries)

    send(20, *Tag.objects.values_list("name", flat=True))
    asked()
    before = asked()
    Tag.objects.bulk_create(Tag(name=f"more.{number}", valid_min=0, valid_max=100) for number in range(300))
    send(20, *(f"more.{number}" for number in range(300)))
    assert asked() == before


def test_where_all_have_room_there_is_nothing_to_search(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tag_page, "MOST_CARDS", 20)
    monkeypatch.setattr(pages, "MOST_CARDS", 20)
    html = client.get("/dashboard").content.decode()
    assert len(shown(client)) == 20
    assert 'id="part"' not in html
