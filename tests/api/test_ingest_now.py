"""?now=1: readings of a source without a clock get the time at which they are received."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from time_machine import TimeMachineFixture

from monitoring.models import Measurement
from monitoring.spool.replay import replay

pytestmark = pytest.mark.django_db

JsonPost = Callable[..., Any]
NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
TIMELESS = {"tag": "fermenter_temp", "value": 37.0}


@pytest.fixture(autouse=True)
def _noon_in_june(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(NOW, tick=False)


def stored() -> list[tuple[float, datetime]]:
    """Values and times in the order of time."""
    return list(Measurement.objects.order_by("timestamp").values_list("value", "timestamp"))


@pytest.mark.parametrize("fields", [{}, {"timestamp": None}, {"timestamp": ""}])
@pytest.mark.parametrize("path", ["/ingest", "/ingest/batch"])
def test_a_reading_without_a_timestamp_gets_the_time_of_its_arrival(
    post: JsonPost, path: str, fields: dict[str, Any]
) -> None:
    reading = TIMELESS | fields
    answer = post(f"{path}?now=1", [reading] if path.endswith("batch") else reading)
    assert answer.status_code == 201
    assert stored() == [(37.0, NOW)]


def test_one_that_has_a_timestamp_keeps_it(post: JsonPost, reading: dict[str, Any]) -> None:
    answer = post("/ingest/batch?now=1", [reading, {**TIMELESS, "value": 38.0}])
    assert [result["status"] for result in answer.json()["results"]] == ["success", "success"]
    assert stored() == [(37.0, datetime(2024, 1, 31, 12, tzinfo=UTC)), (38.0, NOW)]


def test_several_of_one_tag_keep_their_order_and_are_all_stored(post: JsonPost) -> None:
    values = [37.0, 37.2, 37.1, 37.1]
    batch = [{**TIMELESS, "value": value} for value in values]
    results = post("/ingest/batch?now=1", [*batch, {"tag": "fermenter_ph", "value": 7.0}]).json()["results"]
    assert {result["status"] for result in results} == {"success"}
    micros = timedelta(microseconds=1)
    temperatures = [pair for pair in stored() if pair[0] > 30]
    assert temperatures == [(value, NOW + place * micros) for place, value in enumerate(values)]
    assert (7.0, NOW) in stored()


def test_a_bad_one_costs_the_others_nothing(post: JsonPost) -> None:
    batch = [None, 5, {"tag": ["a"]}, {}, {**TIMELESS, "timestamp": "soon"}, TIMELESS]
    results = post("/ingest/batch?now=1", batch).json()["results"]
    assert [result["status"] for result in results] == ["error"] * 5 + ["success"]
    assert stored() == [(37.0, NOW)]


def test_what_waits_on_disk_keeps_the_time_of_its_arrival(
    post: JsonPost,
    outage: Callable[[], AbstractContextManager[None]],
    time_machine: TimeMachineFixture,
) -> None:
    with outage():
        assert post("/ingest?now=1", TIMELESS).status_code == 202
    time_machine.move_to(NOW + timedelta(hours=3), tick=False)
    assert replay() == 1
    assert stored() == [(37.0, NOW)]


@pytest.mark.parametrize("path", ["/ingest", "/ingest/batch"])
@pytest.mark.parametrize("query", ["now=0", "now=", "now=true", "now=2025-06-01T12:00:00Z", "now=1&now=0"])
def test_now_is_said_by_1_alone(post: JsonPost, path: str, query: str) -> None:
    answer = post(f"{path}?{query}", [TIMELESS] if path.endswith("batch") else TIMELESS)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("now: expected 1 ")
    assert answer.json()["field"] == "now"
    assert not stored()


def test_without_being_asked_no_time_is_made_up(post: JsonPost) -> None:
    assert post("/ingest", TIMELESS).json()["detail"].startswith("timestamp: missing")
    assert post("/ingest/batch", [TIMELESS]).json()["results"][0]["status"] == "error"


def test_the_schema_says_text_or_number(client: Client) -> None:
    schema = client.get("/schema?format=json", headers={"accept": "application/json"}).json()
    timestamp = schema["components"]["schemas"]["Reading"]["properties"]["timestamp"]
    assert [kind["type"] for kind in timestamp["oneOf"]] == ["string", "number"]
