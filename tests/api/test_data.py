"""GET /data: measurements over a range of time, in pages."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from requests.utils import parse_header_links

from monitoring.history.keyset import Cursor
from monitoring.history.measurements import Selection, behind, lateral, merged
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Measurement, Tag

pytestmark = pytest.mark.django_db

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)


def at(minute: float, tag: str = "fermenter_temp", value: float = 37.0) -> dict[str, Any]:
    """A reading so many minutes after noon."""
    return {"timestamp": (NOON + timedelta(minutes=minute)).isoformat(), "tag": tag, "value": value}


def pages(client: Client, url: str) -> list[list[dict[str, Any]]]:
    """The page at the address and all that its links lead to."""
    found = []
    while url:
        answer = client.get(url)
        assert answer.status_code == 200
        found.append(answer.json())
        links = parse_header_links(answer.headers.get("Link", ""))
        url = next((link["url"] for link in links if link["rel"] == "next"), "")
    return found


def times(answer: Any) -> list[str]:
    """The times of day that the answer holds."""
    return [item["timestamp"][11:16] for item in answer.json()]


def test_an_item_has_five_fields(client: Client) -> None:
    (outcome,) = ingest_readings([at(0, value=46)])
    assert client.get("/data").json() == [
        {
            "id": outcome.id,
            "timestamp": "2024-01-31T12:00:00Z",
            "tag": "fermenter_temp",
            "value": 46.0,
            "is_anomaly": True,
        }
    ]


def test_before_the_first_measurement_the_list_is_empty(client: Client) -> None:
    assert client.get("/data?tag=fermenter_ph").json() == []


def test_the_newest_comes_first_unless_asked_otherwise(client: Client) -> None:
    ingest_readings([at(2), at(0), at(1)])
    assert times(client.get("/data")) == ["12:02", "12:01", "12:00"]
    assert times(client.get("/data?order=asc")) == ["12:00", "12:01", "12:02"]
    assert times(client.get("/data?order=desc&limit=1")) == ["12:02"]


def test_one_tag_or_all(client: Client) -> None:
    ingest_readings([at(0), at(1, "fermenter_ph", 7.0)])
    assert times(client.get("/data?tag=fermenter_ph")) == ["12:01"]
    assert len(client.get("/data").json()) == 2


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("tag=fermenter_temp&tag=fermenter_ph", ["12:02", "12:01", "12:00"]),
        ("tag=fermenter_ph&tag=fermenter_temp&tag=fermenter_ph", ["12:02", "12:01", "12:00"]),
        ("tag=agitator_rpm&tag=fermenter_ph&order=asc", ["12:01", "12:03"]),
        ("tag=fermenter_temp&tag=fermenter_ph&from=2024-01-31T12:01:00Z", ["12:02", "12:01"]),
    ],
)
def test_several_tags_are_answered_as_one_list(client: Client, query: str, expected: list[str]) -> None:
    ingest_readings([at(0), at(1, "fermenter_ph", 7.0), at(2), at(3, "agitator_rpm", 400)])
    assert times(client.get(f"/data?{query}")) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("from=2024-01-31T12:01:00Z", ["12:01", "12:02", "12:03"]),
        ("to=2024-01-31T12:01:00Z", ["12:00", "12:01"]),
        ("from=2024-01-31T12:01:00&to=2024-01-31T12:02:00", ["12:01", "12:02"]),
        ("from=2024-01-31T12:01:00.000001Z&to=2024-01-31T12:02:59.999999Z", ["12:02"]),
        ("from=2024-01-31T12:02:00Z&to=2024-01-31T12:02:00Z", ["12:02"]),
        ("from=2024-01-31T14:02:00%2B02:00", ["12:02", "12:03"]),
        ("from=2024-01-31T14:02:00+02:00", ["12:02", "12:03"]),
        ("from=2024-01-31 14:02:00+02:00", ["12:02", "12:03"]),
        ("to=2024-01-31T07:00:00-05:00", ["12:00"]),
        ("from=2025-01-01T00:00:00Z", []),
        ("from=0001-01-01&to=9999-12-31", ["12:00", "12:01", "12:02", "12:03"]),
        ("from=&to=&limit=&order=asc", ["12:00", "12:01", "12:02", "12:03"]),
        ("limit=2&limit=2", ["12:00", "12:01"]),
        ("limit=10000", ["12:00", "12:01", "12:02", "12:03"]),
        ("unknown=parameter", ["12:00", "12:01", "12:02", "12:03"]),
    ],
)
def test_a_range_of_time_includes_both_ends(client: Client, query: str, expected: list[str]) -> None:
    ingest_readings([at(minute) for minute in range(4)])
    assert times(client.get(f"/data?order=asc&{query}")) == expected


def test_a_date_alone_means_its_whole_day(client: Client) -> None:
    day = "2024-01-31"
    last = (12 * 60) - 1 / 60_000_000
    ingest_readings([at(-12 * 60 - 1 / 60), at(-12 * 60), at(last), at(12 * 60)])
    found = client.get("/data", {"from": day, "to": day, "order": "asc"}).json()
    assert [item["timestamp"] for item in found] == ["2024-01-31T00:00:00Z", "2024-01-31T23:59:59.999999Z"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("tag=nowhere", "tag"),
        ("tag=", "tag"),
        ("tag=fermenter_ph&tag=", "tag"),
        ("tag=&tag=fermenter_ph", "tag"),
        ("tag=fermenter_ph&tag=nowhere", "tag"),
        ("tag=fermenter_ph,fermenter_temp", "tag"),
        ("&".join(f"tag={number}" for number in range(251)), "tag"),
        ("from=2024-01-31&from=2024-02-01", "from"),
        ("to=2024-01-31&to=2024-02-01", "to"),
        ("limit=1&limit=2", "limit"),
        ("limit=&limit=2", "limit"),
        ("order=asc&order=desc", "order"),
        ("cursor=0_1&cursor=0_2", "cursor"),
        ("tag=%20", "tag"),
        ("tag=%00", "tag"),
        ("tag=%ff", "tag"),
        (f"tag={'x' * 10_000}", "tag"),
        ("tag='%20OR%201=1--", "tag"),
        ("from=yesterday", "from"),
        ("from=1706702400", "from"),
        ("from=1712010112000", "from"),
        ("from=1706702400.5", "from"),
        ("to=20240131", "to"),
        ("to=2024-W05-3", "to"),
        ("to=2024-031", "to"),
        ("from=2024-01-31-12-05", "from"),
        ("from=2024-01-31T24:00", "from"),
        ("from=2024-01-31T12:00Z%0A", "from"),
        ("from=%EF%BC%92%EF%BC%90%EF%BC%92%EF%BC%94-01-31", "from"),
        (f"from={'1' * 5000}", "from"),
        ("from=2024-02-30", "from"),
        ("from=%00", "from"),
        ("from=0001-01-01T00:00:00%2B14:00", "from"),
        ("to=soon", "to"),
        ("to=2024-01-31T25:00:00", "to"),
        ("to=9999-12-31T23:59:59-14:00", "to"),
        ("from=2024-02-01&to=2024-01-31", "from"),
        ("from=2024-01-31T12:00:00.000001&to=2024-01-31T12:00:00", "from"),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=10001", "limit"),
        ("limit=ten", "limit"),
        ("limit=1.5", "limit"),
        ("limit=NaN", "limit"),
        ("limit=1e3", "limit"),
        (f"limit={'9' * 5000}", "limit"),
        ("order=up", "order"),
        ("order=ASC", "order"),
        ("cursor=0", "cursor"),
        ("cursor=a_b", "cursor"),
        ("cursor=1_-1", "cursor"),
        ("cursor=%00", "cursor"),
        (f"cursor=0_{2**63}", "cursor"),
        ("cursor=1_000_1", "cursor"),
        ("cursor=%D9%A1_1", "cursor"),
        (f"cursor={'9' * 30}_1", "cursor"),
        (f"cursor={'9' * 5000}_1", "cursor"),
    ],
)
@pytest.mark.parametrize("path", ["/data", "/anomalies"])
def test_bad_parameters_are_named(client: Client, path: str, query: str, field: str) -> None:
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 400
    assert answer.json()["field"] == field
    assert answer.json()["detail"].startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("tag=", "tag: expected the name of a tag, got none; leave 'tag' out for all tags"),
        ("limit=1&limit=2", "limit: expected one value, got 2; give 'limit' once"),
        (
            "tag=fermenter_ph&tag=x",
            "tag: unknown tag 'x'; known tags: agitator_rpm, fermenter_ph, fermenter_temp",
        ),
    ],
)
def test_the_error_says_what_to_do(client: Client, query: str, detail: str) -> None:
    assert client.get(f"/data?{query}").json()["detail"] == detail


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 3, 7])
@pytest.mark.parametrize("path", ["/data", "/anomalies"])
def test_pages_of_several_tags_are_those_of_all_without_the_others(
    client: Client, path: str, order: str, limit: int
) -> None:
    values = {"fermenter_temp": 46.0, "fermenter_ph": 8.5, "agitator_rpm": 660.0}
    ingest_readings([at(minute, tag, values[tag]) for minute in (1, 0, 3, 2) for tag in values])
    bounds = f"order={order}&from=2024-01-31T12:01:00Z&to=2024-01-31T12:02:00Z"
    chosen = ("agitator_rpm", "fermenter_temp")
    expected = [item for item in client.get(f"{path}?{bounds}").json() if item["tag"] in chosen]
    paged = pages(client, f"{path}?{bounds}&limit={limit}&tag={'&tag='.join(chosen)}")
    assert [item for page in paged for item in page] == expected
    assert [len(page) for page in paged[:-1]] == [limit] * (len(paged) - 1)
    assert len(expected) == 4


def plan_of(selection: Selection, after: Cursor, *, ascending: bool) -> list[str]:
    """Return the steps by which the database reads a page of the selection."""
    if connection.vendor == "sqlite":
        return merged(Measurement, selection, after, limit=100, ascending=ascending).explain().splitlines()
    statement, parameters = lateral(Measurement, selection, after, limit=100, ascending=ascending)
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE measurements; SET LOCAL enable_seqscan = off"
        )  # few rows are scanned otherwise
        cursor.execute(f"EXPLAIN ANALYZE {statement}", parameters)
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("anomalies_only", [True, False])
def test_several_tags_are_read_along_their_own_index(ascending: bool, anomalies_only: bool) -> None:
    Tag.objects.bulk_create(
        Tag(name=f"t{number}", valid_min=0, valid_max=99, upper_limit=50) for number in range(50)
    )
    ingest_readings([at(minute / 4, f"t{number}", 60) for minute in range(40) for number in range(50)])
    selection = Selection(("t7", "t9"), anomalies_only=anomalies_only)
    plan = plan_of(selection, Cursor(NOON + timedelta(minutes=5), 1), ascending=ascending)
    along = [step for step in plan if re.search(r"(SEARCH|Index Cond).*\btag ?=", step)]
    assert len(along) >= (1 if connection.vendor == "postgresql" else 2), plan
    assert not re.search(r"SCAN (measurements|tags)|Removed by Filter: \d\d", "\n".join(plan)), plan


def test_a_number_as_a_bound_is_told_the_way_out(client: Client) -> None:
    detail = client.get("/data?from=1712010112000").json()["detail"]
    assert "convert seconds or milliseconds since 1970" in detail


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 11, 12, 13])
def test_pages_give_everything_exactly_once(client: Client, order: str, limit: int) -> None:
    tags = {"fermenter_temp": 37.0, "fermenter_ph": 7.0, "agitator_rpm": 400.0}
    ingest_readings([at(minute, tag, tags[tag]) for minute in (1, 0, 3, 2) for tag in tags])
    (everything,) = pages(client, f"/data?order={order}")
    paged = pages(client, f"/data?order={order}&limit={limit}")
    assert [item for page in paged for item in page] == everything
    assert [len(page) for page in paged[:-1]] == [limit] * (len(paged) - 1)
    assert len(everything) == 12
    assert everything == sorted(
        everything, key=lambda item: (item["timestamp"], item["id"]), reverse=order == "desc"
    )


def test_the_last_page_has_no_link(client: Client) -> None:
    ingest_readings([at(0), at(1)])
    assert "Link" not in client.get("/data?limit=2").headers
    assert "Link" in client.get("/data?limit=1").headers


def test_the_link_keeps_what_was_asked_for(client: Client) -> None:
    ingest_readings([at(minute) for minute in range(5)])
    answer = client.get("/data?tag=fermenter_temp&from=2024-01-31T14:01:00+02:00&limit=2&order=asc")
    (link,) = parse_header_links(answer.headers["Link"])
    parts = urlsplit(link["url"])
    assert (parts.scheme, parts.netloc, parts.path) == ("http", "testserver", "/data")
    assert parse_qs(parts.query).keys() == {"tag", "from", "limit", "order", "cursor"}
    assert times(client.get(link["url"])) == ["12:03", "12:04"]


def test_pages_hold_still_while_measurements_arrive(client: Client) -> None:
    ingest_readings([at(minute) for minute in range(4)])
    first = client.get("/data?limit=2")
    ingest_readings([at(4), at(5), at(3, "fermenter_ph", 7.0)])
    (link,) = parse_header_links(first.headers["Link"])
    assert times(first) + times(client.get(link["url"])) == ["12:03", "12:02", "12:01", "12:00"]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("second", [-90, 0, 30, 120, 999])
def test_a_cursor_never_leads_out_of_the_range(client: Client, order: str, second: int) -> None:
    ingest_readings([at(minute) for minute in range(4)])
    cursor = f"{1_706_702_400_000_000 + second * 1_000_000}_1"
    bounds = "from=2024-01-31T12:01:00Z&to=2024-01-31T12:02:00Z"
    found = times(client.get(f"/data?{bounds}&order={order}&cursor={cursor}"))
    expected = {
        "asc": [f"12:0{minute}" for minute in (1, 2) if minute * 60 >= second],
        "desc": [f"12:0{minute}" for minute in (2, 1) if minute * 60 < second],
    }
    assert found == expected[order]


def test_a_late_page_is_found_without_reading_those_before_it() -> None:
    selection, cursor = Selection(start=NOON, end=NOON), Cursor(NOON, 1)
    for ascending in (True, False):
        query = str(behind(selection, cursor, ascending=ascending).query)
        assert query.count(" >= ") == query.count(" <= ") == 1  # SQLite starts at the first that it is given


def test_oldest_first_the_pages_reach_what_arrives_meanwhile(client: Client) -> None:
    ingest_readings([at(minute) for minute in range(3)])
    first = client.get("/data?limit=2&order=asc")
    ingest_readings([at(3)])
    (link,) = parse_header_links(first.headers["Link"])
    assert times(client.get(link["url"])) == ["12:02", "12:03"]


def test_a_page_has_a_thousand_unless_asked_for_more(client: Client) -> None:
    ingest_readings([at(second / 60) for second in range(1_001)])
    assert [len(page) for page in pages(client, "/data")] == [1_000, 1]
    assert [len(page) for page in pages(client, "/data?limit=10000")] == [1_001]


def enveloped(client: Client, path: str, **query: Any) -> list[dict[str, Any]]:
    """The envelopes that the cursors lead through, as Grafana's Infinity data source follows them."""
    found: list[dict[str, Any]] = []
    while not found or found[-1]["next"]:
        cursor = {"cursor": found[-1]["next"]} if found else {}
        answer = client.get(path, {"envelope": "1", **query, **cursor})
        assert answer.status_code == 200
        assert answer.json().keys() == {"items", "next"}
        found.append(answer.json())
    return found


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("path", ["/data", "/anomalies"])
def test_with_an_envelope_the_cursor_leads_through_the_same_pages(
    client: Client, path: str, order: str
) -> None:
    ingest_readings([at(minute, value=46) for minute in range(7)])
    bare = pages(client, f"{path}?tag=fermenter_temp&limit=3&order={order}")
    found = enveloped(client, path, tag="fermenter_temp", limit=3, order=order)
    assert [page["items"] for page in found] == bare
    assert len(found) == 3
    assert found[-1]["next"] is None


def test_an_empty_page_in_an_envelope_has_no_next(client: Client) -> None:
    assert enveloped(client, "/data") == [{"items": [], "next": None}]


def test_an_envelope_that_is_neither_yes_nor_no_is_rejected(client: Client) -> None:
    answer = client.get("/data", {"envelope": "perhaps"})
    assert answer.status_code == 400
    assert "envelope: expected '1' or '0'" in answer.json()["detail"]
