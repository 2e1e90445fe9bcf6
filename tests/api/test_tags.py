"""GET /tags and GET /tags/<name>."""

from typing import Any

import pytest
from django.test import Client

from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Tag

pytestmark = pytest.mark.django_db


def test_the_default_tags_are_there_before_the_first_reading(client: Client) -> None:
    assert client.get("/tags").json() == {"tags": ["fermenter_temp", "fermenter_ph", "agitator_rpm"]}


def test_a_new_tag_joins_and_a_retired_one_leaves(client: Client) -> None:
    Tag.objects.create(name="pressure.head-space_1", valid_min=0, valid_max=5)
    Tag.objects.filter(name="agitator_rpm").update(active=False)
    assert client.get("/tags").json()["tags"] == ["fermenter_temp", "fermenter_ph", "pressure.head-space_1"]


def test_a_tag_tells_all_that_is_known_of_it(client: Client) -> None:
    assert client.get("/tags/fermenter_temp").json() == {
        "name": "fermenter_temp",
        "display_name": "",
        "description": "Temperature of the broth",
        "group": "",
        "kind": "analog",
        "states": {},
        "unit": "°C",
        "active": True,
        "valid_range": {"min": 30.0, "max": 50.0},
        "limits": {"lower": 35.0, "upper": 45.0},
        "decimals": 2,
        "most_decimals": 2,
        "on_conflict": "refuse",
        "latest": None,
        "state": None,
        "rate_per_hour": None,
        "ahead": 0,
        "ahead_up_to_s": None,
        "clock_error_s": None,
    }


def test_the_latest_measurement_is_the_newest_in_time(client: Client, reading: dict[str, Any]) -> None:
    ingest_readings([reading])
    ingest_readings([{**reading, "timestamp": "2023-01-01T00:00:00Z", "value": 38.0}])
    assert client.get("/tags/fermenter_temp").json()["latest"] == client.get("/data").json()[0]
    assert client.get("/tags/fermenter_temp").json()["latest"]["value"] == 37.0


def test_a_tag_without_limits_says_so(client: Client) -> None:
    Tag.objects.create(name="pressure", valid_min=0, valid_max=5)
    assert client.get("/tags/pressure").json()["limits"] == {"lower": None, "upper": None}


def test_a_discrete_tag_has_states_and_its_newest_value_a_name(client: Client) -> None:
    Tag.objects.create(
        name="phase", kind="discrete", states={"10": "harvest", "2": "feed"}, valid_min=0, valid_max=99
    )
    ingest_readings([{"tag": "phase", "timestamp": "2026-01-31T12:00:00Z", "value": 2}])
    found = client.get("/tags/phase").json()
    assert list(found["states"].items()) == [("2", "feed"), ("10", "harvest")]
    assert (found["kind"], found["state"], found["latest"]["value"]) == ("discrete", "feed", 2.0)
    ingest_readings([{"tag": "phase", "timestamp": "2026-01-31T12:00:01Z", "value": 3}])
    assert client.get("/tags/phase").json()["state"] is None


@pytest.mark.parametrize(
    ("minutes", "rate"),
    [([0], None), ([0, 90], 4.0), ([0, 50, 55, 60], 72.0)],
    ids=["one", "rare", "frequent"],
)
def test_a_counter_has_a_rate_over_ten_minutes_or_since_the_measurement_before(
    client: Client, minutes: list[int], rate: float | None
) -> None:
    """It grows by 6 with each measurement, starting again at zero before the last."""
    Tag.objects.create(name="feed_total", kind="counter", valid_min=0, valid_max=1e9)
    readings = [
        {"tag": "feed_total", "timestamp": 1_769_860_800 + 60 * minute, "value": 6.0 * index}
        for index, minute in enumerate(minutes)
    ]
    ingest_readings([*readings[:-1], {**readings[-1], "value": 6.0}])
    assert client.get("/tags/feed_total").json()["rate_per_hour"] == rate


def test_a_percent_encoded_name_is_the_same_name(client: Client) -> None:
    assert client.get("/tags/fermenter%5Ftemp").json()["name"] == "fermenter_temp"


@pytest.mark.parametrize(
    "name",
    [
        "nowhere",
        "FERMENTER_TEMP",
        "fermenter_temp%00",
        "%00",
        "%0A",
        "fermenter_temp%0A",
        "%FF",
        "%F0%9F%8C%A1",
        "..%2F..%2Fetc%2Fpasswd",
        "../../etc/passwd",
        "fermenter_temp/",
        "fermenter_temp/latest",
        "fermenter_temp.json",
        "'%20OR%201=1--",
        "x" * 10_000,
        "1",
    ],
)
def test_an_unknown_name_is_not_found_in_json(client: Client, name: str) -> None:
    answer = client.get(f"/tags/{name}")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["detail"]


def test_not_found_names_the_tags_that_there_are(client: Client) -> None:
    detail = client.get("/tags/fermenter_tmp").json()["detail"]
    assert (
        detail == "name: unknown tag 'fermenter_tmp'; known tags: agitator_rpm, fermenter_ph, fermenter_temp"
    )
