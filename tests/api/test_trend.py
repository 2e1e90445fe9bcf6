"""GET /trend: what a chart draws, in a bounded number of buckets."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Tag

pytestmark = pytest.mark.django_db

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
NOON_MS = 1_706_702_400_000
COLUMNS = ("t", "min", "max", "mean", "count", "anomalies", "min_t", "max_t")


def at(second: float, value: float = 37.0) -> dict[str, Any]:
    """A reading so many seconds after noon."""
    moment = NOON + timedelta(seconds=second)
    return {"timestamp": moment.isoformat(), "tag": "fermenter_temp", "value": value}


def trend(client: Client, **query: Any) -> Any:
    """The answer to these parameters."""
    answer = client.get("/trend", {"tag": "fermenter_temp", **query})
    assert answer.status_code == 200
    assert {len(answer.json()[column]) for column in COLUMNS} == {len(answer.json()["t"])}
    return answer.json()


def test_buckets_come_as_columns(client: Client) -> None:
    ingest_readings([at(0, 37), at(20, 36), at(40.5, 46), at(59, 36), at(120, 40)])
    assert trend(client, **{"from": "2024-01-31T12:00:00Z", "to": "2024-01-31T18:00:00Z"}) == {
        "tag": "fermenter_temp",
        "resolution_s": 60,
        "t": [NOON_MS, NOON_MS + 120_000],
        "min": [36.0, 40.0],
        "max": [46.0, 40.0],
        "mean": [38.75, 40.0],
        "count": [4, 1],
        "anomalies": [1, 0],
        "min_t": [NOON_MS + 20_000, NOON_MS + 120_000],
        "max_t": [NOON_MS + 40_500, NOON_MS + 120_000],
    }


def test_before_the_first_measurement_the_columns_are_empty(client: Client) -> None:
    assert trend(client)["t"] == []


def test_all_that_is_stored_unless_asked_for_less(client: Client) -> None:
    ingest_readings([at(0), at(10), at(50_000), at(50_001)])
    assert sum(trend(client)["count"]) == 4
    assert sum(trend(client, **{"from": "2024-01-31T13:00:00Z"})["count"]) == 2
    assert sum(trend(client, to="2024-01-31T13:00:00Z")["count"]) == 2
    assert sum(trend(client, **{"from": "2024-01-31", "to": "2024-01-31"})["count"]) == 2


def test_the_buckets_at_the_ends_are_whole(client: Client) -> None:
    ingest_readings([at(second) for second in range(0, 7_200, 30)])
    within = {"from": "2024-01-31T12:10:20Z", "to": "2024-01-31T13:40:20Z"}
    found = trend(client, **within, points=10)
    assert found["resolution_s"] == 600
    assert found["t"] == [NOON_MS + 600_000 * bucket for bucket in range(1, 11)]
    assert found["count"] == [20] * 10


@pytest.mark.parametrize("points", [1, 2, 7, 600, 5_000])
@pytest.mark.parametrize(
    ("first", "last"), [("0001-01-01", "9999-12-31"), ("1969-12-31", "2024-02-01"), ("2024-01-31",) * 2]
)
def test_no_range_is_too_long_for_any_number_of_points(
    client: Client, points: int, first: str, last: str
) -> None:
    ingest_readings([at(second) for second in range(120)])
    found = trend(client, **{"from": first, "to": last}, points=points)
    assert len(found["t"]) <= points
    assert sum(found["count"]) == 120


def test_where_nothing_was_measured_there_is_no_bucket(client: Client) -> None:
    ingest_readings([at(0), at(1), at(200)])
    ends = {"from": "2024-01-31T12:00:00Z", "to": "2024-01-31T12:05:00Z"}
    assert trend(client, **ends)["t"] == [NOON_MS, NOON_MS + 1_000, NOON_MS + 200_000]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "tag"),
        ("tag=", "tag"),
        ("tag=nowhere", "tag"),
        ("tag=fermenter_temp&tag=fermenter_ph", "tag"),
        ("tag=fermenter_temp&points=5&points=6", "points"),
        ("tag=%00", "tag"),
        ("tag=fermenter_temp&from=soon", "from"),
        ("tag=fermenter_temp&to=soon", "to"),
        ("tag=fermenter_temp&from=2024-02-01&to=2024-01-31", "from"),
        ("tag=fermenter_temp&points=0", "points"),
        ("tag=fermenter_temp&points=5001", "points"),
        ("tag=fermenter_temp&points=many", "points"),
        ("tag=fermenter_temp&points=1.5", "points"),
        (f"tag=fermenter_temp&points={'9' * 5000}", "points"),
    ],
)
def test_bad_parameters_are_named(client: Client, query: str, field: str) -> None:
    answer = client.get(f"/trend?{query}")
    assert answer.status_code == 400
    assert answer.json()["field"] == field
    assert answer.json()["detail"].startswith(f"{field}: ")


def test_closed_a_stranger_does_not_read(client: Client, settings: Settings) -> None:
    settings.FERMON_OPEN = False
    assert client.get("/trend?tag=fermenter_temp").status_code == 401


def test_while_the_database_is_away_readers_are_told_to_wait(client: Client, database_away: None) -> None:
    answer = client.get("/trend?tag=fermenter_temp")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"


def test_a_browser_gets_a_page(client: Client) -> None:
    answer = client.get("/trend?tag=fermenter_temp", headers={"accept": "text/html"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert client.head("/trend?tag=fermenter_temp").status_code == 200


def rows(client: Client, *tags: str, **query: Any) -> Any:
    """The answer to format=rows."""
    return client.get("/trend", {"tag": list(tags), "format": "rows", **query})


def test_as_rows_each_bucket_is_an_object_in_order_of_time(client: Client) -> None:
    temperatures = [at(0, 37), at(20, 36), at(40.5, 46), at(120, 40)]
    ingest_readings([*temperatures, {**at(65, 7), "tag": "fermenter_ph"}])
    found = rows(client, "fermenter_temp", "fermenter_ph", to="2024-01-31T18:00:00Z").json()
    names = ("time", "tag", "min", "max", "mean", "count", "anomalies")
    assert [tuple(row) for row in found] == [names] * 3
    temperature, ph = "fermenter_temp", "fermenter_ph"
    assert [tuple(row.values()) for row in found] == [
        ("2024-01-31T12:00:00Z", temperature, 36.0, 46.0, pytest.approx(39.667, abs=1e-3), 3, 1),
        ("2024-01-31T12:01:00Z", ph, 7.0, 7.0, 7.0, 1, 0),
        ("2024-01-31T12:02:00Z", temperature, 40.0, 40.0, 40.0, 1, 0),
    ]


def test_rows_say_what_columns_say(client: Client) -> None:
    ingest_readings([at(second, 36 + second % 7) for second in range(0, 900, 13)])
    columns, found = trend(client, points=30), rows(client, "fermenter_temp", points=30).json()
    for name in ("min", "max", "mean", "count", "anomalies"):
        assert [row[name] for row in found] == columns[name]
    times = [datetime.fromisoformat(row["time"]).timestamp() * 1000 for row in found]
    assert times == columns["t"]


def test_rows_of_a_tag_without_measurements_are_an_empty_list(client: Client) -> None:
    assert rows(client, "fermenter_temp").json() == []


@pytest.mark.parametrize(
    ("query", "field", "says"),
    [
        ({"tag": ["fermenter_temp", "fermenter_ph"]}, "tag", "or use format=rows"),
        ({"tag": "fermenter_temp", "format": "table"}, "format", "expected 'columns' or 'rows'"),
        ({"tag": "", "format": "rows"}, "tag", "expected the name of a tag"),
        ({"tag": ["fermenter_temp", "x"], "format": "rows"}, "tag", "unknown tag 'x'"),
        ({"tag": [f"t{n}" for n in range(51)], "format": "rows"}, "tag", "at most 50 tags"),
    ],
)
def test_rejected_forms(client: Client, query: dict[str, Any], field: str, says: str) -> None:
    answer = client.get("/trend", query)
    assert answer.status_code == 400
    assert field in answer.json()["detail"]
    assert says in answer.json()["detail"]


def test_rows_of_many_tags_are_bounded_in_all(client: Client) -> None:
    names = [f"t{number}" for number in range(11)]
    Tag.objects.bulk_create(Tag(name=name, valid_min=0, valid_max=1) for name in names)
    assert "points: expected at most 4545 with 11 tags" in rows(client, *names, points=5000).json()["detail"]
    assert rows(client, *names, points=4545).json() == []


@pytest.mark.parametrize("form", ["json", "columns"])
def test_the_names_of_renderers_and_of_columns_mean_columns(client: Client, form: str) -> None:
    assert trend(client, format=form)["t"] == []
