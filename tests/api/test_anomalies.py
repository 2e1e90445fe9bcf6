"""GET /anomalies: /data's items with why they are anomalies."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from requests.utils import parse_header_links

from monitoring.ingest.pipeline import ingest_readings

pytestmark = pytest.mark.django_db


def readings(*values: float, tag: str = "fermenter_temp") -> list[dict[str, Any]]:
    """Readings of these values, a second apart from noon on."""
    noon = datetime(2024, 1, 31, 12, tzinfo=UTC)
    return [
        {"timestamp": (noon + timedelta(seconds=second)).isoformat(), "tag": tag, "value": value}
        for second, value in enumerate(values)
    ]


def test_only_anomalies_are_listed_each_as_in_data_with_its_reasons(client: Client) -> None:
    ingest_readings(readings(37.0, 34.9, 35.0, 45.0, 45.1))
    above, below = client.get("/anomalies").json()
    assert (above["value"], above["reasons"]) == (45.1, ["above_limit"])
    assert (below["value"], below["reasons"]) == (34.9, ["below_limit"])
    data = {item["id"]: item for item in client.get("/data").json()}
    assert {name: above[name] for name in data[above["id"]]} == data[above["id"]]


def test_a_finding_tells_the_band_that_the_value_left(client: Client) -> None:
    ingest_readings(readings(45.1))
    (anomaly,) = client.get("/anomalies").json()
    assert anomaly["findings"] == [{"reason": "above_limit", "lower": 35.0, "upper": 45.0}]


def test_a_value_far_from_the_fifty_before_it(client: Client) -> None:
    ingest_readings(readings(*[37.0, 37.1] * 5, 38.0))
    (anomaly,) = client.get("/anomalies").json()
    assert (anomaly["value"], anomaly["reasons"]) == (38.0, ["rolling_3sigma"])


def test_both_rules_may_speak_against_a_value(client: Client) -> None:
    ingest_readings(readings(*[37.0, 37.1] * 5, 46.0))
    assert client.get("/anomalies").json()[0]["reasons"] == ["above_limit", "rolling_3sigma"]


def test_nine_earlier_values_are_too_few_for_the_rolling_rule(client: Client) -> None:
    ingest_readings(readings(*[37.0, 37.1] * 4, 37.0, 39.0))
    assert client.get("/anomalies").json() == []


def test_tag_and_time_select_as_in_data(client: Client) -> None:
    ingest_readings([*readings(46.0, 47.0, 48.0), *readings(5.5, tag="fermenter_ph")])
    found = client.get("/anomalies?tag=fermenter_temp&from=2024-01-31T12:00:01Z&order=asc").json()
    assert [item["value"] for item in found] == [47.0, 48.0]


def test_pages_follow_each_other_as_in_data(client: Client) -> None:
    ingest_readings(readings(46.0, 37.0, 47.0, 37.0, 48.0))
    first = client.get("/anomalies?limit=2")
    (link,) = parse_header_links(first.headers["Link"])
    second = client.get(link["url"])
    assert [item["value"] for item in first.json() + second.json()] == [48.0, 47.0, 46.0]
    assert "Link" not in second.headers
