"""GET /events: what the detectors found, in pages."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from requests.utils import parse_header_links

from monitoring.models import Event, Lease, Tag
from tests.detecting import detect

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.django_db


def store(
    start: int, end: int | None = None, *, tag: str = "fermenter_temp", detector: str = "stuck"
) -> None:
    """Stores an event of these minutes after noon."""
    Event.objects.create(
        tag=Tag.objects.get(name=tag),
        detector=detector,
        kind=f"{detector} up",
        start=NOON + start * MINUTE,
        end=None if end is None else NOON + end * MINUTE,
        score=2.5,
        explanation="it has not changed for 14 s",
        revision=Event.objects.count() + 1,
    )


def starts(client: Client, query: str = "") -> list[str]:
    """The minutes at which the answer's events began."""
    answer = client.get(f"/events?{query}")
    assert answer.status_code == 200
    return [item["start"][14:16] for item in answer.json()]


def test_a_sensor_that_is_stuck_is_an_event_until_it_moves(client: Client, post: Callable[..., Any]) -> None:
    def send(first: int, values: list[float]) -> None:
        items = [
            {
                "timestamp": (NOON + timedelta(seconds=first + place)).isoformat(),
                "tag": "agitator_rpm",
                "value": v,
            }
            for place, v in enumerate(values)
        ]
        assert "error" not in str(post("/ingest/batch", items).json())
        detect()

    send(0, [400.0 + place * 37 % 11 for place in range(300)] + [444.0] * 60)
    (event,) = client.get("/events?detector=stuck").json()
    assert event.keys() == {
        *("id", "tag", "detector", "kind", "start", "end", "score", "strength", "explanation"),
        *("part_of", "others"),
    }
    assert (event["tag"], event["end"]) == ("agitator_rpm", None)
    assert "agitator_rpm" in event["explanation"]
    assert NOON < datetime.fromisoformat(event["start"]) < NOON + 6 * MINUTE
    send(360, [400.0, 410.0, 403.0])
    (after,) = client.get("/events?detector=stuck").json()
    assert (after["id"], after["start"]) == (event["id"], event["start"])
    assert after["end"] is not None


def test_asking_for_events_detects_none_and_writes_nothing(
    client: Client, post: Callable[..., Any], reading: dict[str, Any]
) -> None:
    post("/ingest", reading)
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/events").json() == []
    assert not [query for query in queries if not query["sql"].startswith("SELECT")]
    assert not Lease.objects.exists()


def test_an_item_has_eleven_fields(client: Client) -> None:
    store(1, 2)
    assert client.get("/events").json() == [
        {
            "id": Event.objects.get().pk,
            "tag": "fermenter_temp",
            "detector": "stuck",
            "kind": "stuck up",
            "start": "2026-01-31T12:01:00Z",
            "end": "2026-01-31T12:02:00Z",
            "score": 2.5,
            "strength": "clear",
            "explanation": "it has not changed for 14 s",
            "part_of": None,
            "others": 0,
        }
    ]


def test_those_that_began_last_come_first_unless_asked_otherwise(client: Client) -> None:
    for minute in (2, 0, 1):
        store(minute)
    assert starts(client) == ["02", "01", "00"]
    assert starts(client, "order=asc") == ["00", "01", "02"]
    assert starts(client, "limit=1") == ["02"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("tag=fermenter_ph", ["05"]),
        ("tag=fermenter_ph&tag=fermenter_temp", ["05", "02", "00"]),
        ("tag=agitator_rpm&tag=fermenter_ph&tag=agitator_rpm", ["05"]),
        ("detector=step", ["02"]),
        ("kind=step up", ["02"]),
        ("kind=sideways", []),
        ("open=true", ["05", "02"]),
        ("open=false", ["00"]),
        ("open=true&tag=fermenter_temp", ["02"]),
        ("from=2026-01-31T12:01:00Z", ["05", "02", "00"]),
        ("from=2026-01-31T12:01:00.000001Z", ["05", "02"]),
        ("to=2026-01-31T12:02:00Z", ["02", "00"]),
        ("to=2026-01-31T12:01:59Z", ["00"]),
        ("from=2026-01-31T12:03:00Z&to=2026-01-31T12:04:00Z", ["02"]),
        ("from=2026-01-31&to=2026-01-31", ["05", "02", "00"]),
        ("from=&to=&open=&detector=&kind=&limit=&order=", ["05", "02", "00"]),
    ],
)
def test_parameters_narrow_it_down(client: Client, query: str, expected: list[str]) -> None:
    store(0, 1)
    store(2, detector="step")
    store(5, tag="fermenter_ph")
    assert starts(client, query) == expected


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("tag=nowhere", "tag"),
        ("tag=", "tag"),
        ("tag=fermenter_ph&tag=nowhere", "tag"),
        ("kind=stuck&kind=step", "kind"),
        ("open=true&open=false", "open"),
        ("from=yesterday", "from"),
        ("to=soon", "to"),
        ("from=2026-02-01&to=2026-01-31", "from"),
        ("open=perhaps", "open"),
        ("open=null", "open"),
        ("detector=oracle", "detector"),
        ("kind=%00", "kind"),
        ("limit=0", "limit"),
        ("limit=10001", "limit"),
        ("order=up", "order"),
        ("cursor=a_b", "cursor"),
        (f"cursor={'9' * 30}_1", "cursor"),
    ],
)
def test_bad_parameters_are_named(client: Client, query: str, field: str) -> None:
    answer = client.get(f"/events?{query}")
    assert answer.status_code == 400
    assert answer.json()["field"] == field
    assert answer.json()["detail"].startswith(f"{field}: ")


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 9, 10])
def test_pages_give_everything_exactly_once(client: Client, order: str, limit: int) -> None:
    for minute in (2, 0, 1):
        for tag in ("fermenter_temp", "fermenter_ph", "agitator_rpm"):
            store(minute, tag=tag)
    everything = client.get(f"/events?order={order}").json()
    found, url = [], f"/events?order={order}&limit={limit}&from=2026-01-31"
    while url:
        answer = client.get(url)
        found += answer.json()
        links = parse_header_links(answer.headers.get("Link", ""))
        url = next((link["url"] for link in links if link["rel"] == "next"), "")
    assert found == everything
    assert len(everything) == 9


def test_a_browser_gets_a_page(client: Client) -> None:
    store(0)
    answer = client.get("/events", headers={"accept": "text/html"})
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "it has not changed for 14 s" in answer.content.decode()


def test_while_the_database_is_away_it_says_so(client: Client, database_away: None) -> None:
    assert client.get("/events").status_code == 503
