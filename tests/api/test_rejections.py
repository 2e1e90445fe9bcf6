"""What is refused, alike as a reading of its own and as an item of a batch; each with its field named."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from time_machine import TimeMachineFixture

from monitoring.models import Measurement, Tag

pytestmark = pytest.mark.django_db

MISSING = None
NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
TOO_LATE = NOW + timedelta(minutes=5, microseconds=1)

# The field, and what stands in its place in the JSON.
REFUSED = [
    ("tag", MISSING),
    ("tag", "null"),
    ("tag", '""'),
    ("tag", '" "'),
    ("tag", "5"),
    ("tag", "true"),
    ("tag", '["fermenter_temp"]'),
    ("tag", '{"fermenter_temp": 1}'),
    ("tag", '"nowhere"'),
    ("tag", '"FERMENTER_TEMP"'),
    ("tag", '"fermenter_temp "'),
    ("tag", r'"fermenter_temp\u0000"'),
    ("tag", r'"\ud800"'),
    ("tag", '"../../etc/passwd"'),
    ("tag", f'"{"x" * 100_000}"'),
    ("tag", '"retired"'),
    ("value", MISSING),
    ("value", "null"),
    ("value", "NaN"),
    ("value", "Infinity"),
    ("value", "-Infinity"),
    ("value", "1e400"),
    ("value", "-1e400"),
    ("value", str(10**400)),
    ("value", "1" * 5000),
    ("value", "true"),
    ("value", "false"),
    ("value", '"37.0"'),
    ("value", '""'),
    ("value", "[37.0]"),
    ("value", "[]"),
    ("value", '{"value": 37.0}'),
    ("value", "[" * 900 + "]" * 900),
    ("value", "29.999999999999996"),
    ("value", "50.00000000000001"),
    ("value", "0"),
    ("value", "-0.0"),
    ("value", "1e308"),
    ("timestamp", MISSING),
    ("timestamp", "null"),
    ("timestamp", '""'),
    ("timestamp", '" "'),
    ("timestamp", '"1706702400"'),
    ("timestamp", '"1712010112000"'),
    ("timestamp", '"2024-01-31-12-05"'),
    ("timestamp", '"2024-01-31"'),
    ("timestamp", '"2024-W05-3T12:00:00"'),
    ("timestamp", '"2024-01-31T24:00:00Z"'),
    ("timestamp", '"2024-01-31T12:00:60Z"'),
    ("timestamp", r'"2024-01-31T12:00:00Z\n"'),
    ("timestamp", "NaN"),
    ("timestamp", "Infinity"),
    ("timestamp", "-1e400"),
    ("timestamp", str(10**400)),
    ("timestamp", "1" * 5000),
    ("timestamp", "1706702400000000"),
    ("timestamp", "1706702400000000000"),
    ("timestamp", "-62135596801"),
    ("timestamp", f"{TOO_LATE.timestamp():.6f}"),
    ("timestamp", f"{TOO_LATE.timestamp() * 1000:.3f}"),
    ("timestamp", "[1706702400]"),
    ("timestamp", "true"),
    ("timestamp", "[]"),
    ("timestamp", "{}"),
    ("timestamp", '"yesterday"'),
    ("timestamp", '"12:00:00"'),
    ("timestamp", '"2024-13-01T00:00:00Z"'),
    ("timestamp", '"2024-02-30T00:00:00Z"'),
    ("timestamp", '"2024-01-31T25:00:00Z"'),
    ("timestamp", '"2024-01-31T12:00:00+99:00"'),
    ("timestamp", '"0001-01-01T00:00:00+14:00"'),
    ("timestamp", '"99999-01-01T00:00:00Z"'),
    ("timestamp", r'"2024-01-31T12:00:00\u0000"'),
    ("timestamp", '"2024-01-31x12:00:00"'),
    ("timestamp", '"٢٠٢٤-01-31T12:00:00"'),
    ("timestamp", r'"2024-01-31\ud80012:00:00\udfff"'),
    ("timestamp", f'"{"2" * 100_000}"'),
    ("timestamp", f'"{TOO_LATE.isoformat()}"'),
    ("timestamp", f'"{TOO_LATE.replace(tzinfo=None).isoformat()}"'),
    ("timestamp", '"9999-12-31T23:59:59.999999Z"'),
    ("timestamp", '"9999-12-31T23:59:59-14:00"'),
]


@pytest.fixture(autouse=True)
def _noon_in_june(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(NOW, tick=False)


@pytest.fixture(autouse=True)
def _retired_tag() -> None:
    Tag.objects.create(name="retired", valid_min=0, valid_max=100, active=False)


def as_json(reading: dict[str, Any], field: str, text: str | None) -> str:
    """The reading with one field's JSON replaced by the text, or left out."""
    fields = {name: json.dumps(value) for name, value in reading.items()} | {field: text}
    return "{" + ", ".join(f'"{name}": {text}' for name, text in fields.items() if text is not None) + "}"


@pytest.mark.parametrize(("field", "text"), REFUSED)
def test_alone(post: Callable[..., Any], reading: dict[str, Any], field: str, text: str | None) -> None:
    answer = post("/ingest", as_json(reading, field, text))
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(f"{field}: ")
    assert answer.json()["field"] == field
    assert not Measurement.objects.exists()


@pytest.mark.parametrize(("field", "text"), REFUSED)
def test_in_a_batch_it_never_costs_its_neighbours(
    post: Callable[..., Any], reading: dict[str, Any], field: str, text: str | None
) -> None:
    bad = as_json(reading, field, text)
    before, after = json.dumps(reading), json.dumps({**reading, "tag": "fermenter_ph", "value": 7})
    answer = post("/ingest/batch", f"[{before}, {bad}, {after}]")
    assert answer.status_code == 201
    results = answer.json()["results"]
    assert [result["status"] for result in results] == ["success", "error", "success"]
    assert results[1].keys() == {"tag", "status", "error"}
    assert results[1]["error"].startswith(f"{field}: ")
    assert Measurement.objects.count() == 2


@pytest.mark.parametrize("item", ["null", "5", '"reading"', "[]", "true", "NaN"])
def test_an_item_that_is_no_object(post: Callable[..., Any], reading: dict[str, Any], item: str) -> None:
    results = post("/ingest/batch", f"[{item}, {json.dumps(reading)}]").json()["results"]
    assert results[0]["tag"] == ""
    assert results[0]["error"].startswith("reading: expected an object")
    assert results[1]["status"] == "success"


@pytest.mark.parametrize("value", [30, 30.0, 50, 50.0, 49.99999999999999])
def test_a_value_on_a_bound_of_the_valid_range_is_inside(
    post: Callable[..., Any], reading: dict[str, Any], value: float
) -> None:
    assert post("/ingest", {**reading, "value": value}).status_code == 201


@pytest.mark.parametrize("ahead", [timedelta(minutes=5), timedelta(minutes=4, seconds=59), timedelta(0)])
def test_a_clock_may_be_five_minutes_fast(
    post: Callable[..., Any], reading: dict[str, Any], ahead: timedelta
) -> None:
    assert post("/ingest", {**reading, "timestamp": (NOW + ahead).isoformat()}).status_code == 201


def test_messages_name_the_way_out(post: Callable[..., Any], reading: dict[str, Any]) -> None:
    unknown = post("/ingest", {**reading, "tag": "fermenter_tmp"}).json()["detail"]
    assert "known tags: agitator_rpm, fermenter_ph, fermenter_temp" in unknown
    outside = post("/ingest", {**reading, "value": 51}).json()["detail"]
    assert "above fermenter_temp's valid range 30 to 50 °C" in outside
    digits = post("/ingest", {**reading, "timestamp": "1712010112000"}).json()["detail"]
    assert "send seconds or milliseconds since 1970 without quotes" in digits
    late = post("/ingest", {**reading, "timestamp": TOO_LATE.isoformat()}).json()["detail"]
    assert "more than 5 minutes in the future" in late
