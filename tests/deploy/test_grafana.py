"""deploy/grafana: each query of the dashboard is replayed as Grafana's Infinity data source would send it."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from pytest_django import Settings

from monitoring.access.token_store import issue_token
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Event, Tag
from monitoring.models.token import Scope

pytestmark = [pytest.mark.django_db, pytest.mark.once]

FOLDER = Path(__file__).resolve().parents[2] / "deploy/grafana"
DASHBOARD = json.loads((FOLDER / "fermon-process.json").read_text(encoding="utf-8"))
SOURCE = yaml.safe_load((FOLDER / "fermon-datasource.yml").read_text(encoding="utf-8"))["datasources"][0]
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
TAGS = ("fermenter_ph", "fermenter_temp")
# What Grafana puts in place of its variables, and Infinity in place of its macros.
SHOWN = {
    "${vessel}": "v1",
    "${tag}": TAGS[1],
    "${tag:csv}": ",".join(TAGS),
    "${__timeFrom:date:iso}": "2026-01-31T11:00:00.000Z",
    "${__timeTo:date:iso}": "2026-01-31T13:00:00.000Z",
}
COMBINED = re.compile(r"\$__combineValues\((.*?)\)")
TYPES: dict[str, Callable[[Any], bool]] = {
    "timestamp": lambda value: datetime.fromisoformat(value).tzinfo is not None,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
}
OPEN_END = "end"  # of an event that lasts


def queries() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each query of the dashboard, by name."""
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield f"{panel['title']} {target['refId']}", target
    for annotation in DASHBOARD["annotations"]["list"]:
        yield f"annotation {annotation['name']}", annotation["target"]
    for variable in DASHBOARD["templating"]["list"]:
        yield f"variable {variable['name']}", variable["query"]["infinityQuery"]


QUERIES = dict(queries())
PAGED = {name: query for name, query in QUERIES.items() if "pagination_mode" in query}


@pytest.fixture(autouse=True)
def plant(client: Client) -> None:
    """A vessel with two tags, of which one leaves its limits and has events."""
    client.post("/vessels", {"name": "v1"}, content_type="application/json")
    for tag, role in zip(TAGS, ("ph", "temperature"), strict=True):
        client.post("/vessels/v1/tags", {"tag": tag, "role": role}, content_type="application/json")
    moments = [(NOON + timedelta(minutes=minute)).isoformat() for minute in range(8)]
    ingest_readings([{"timestamp": each, "tag": TAGS[1], "value": 46.0} for each in moments])
    ingest_readings([{"timestamp": each, "tag": TAGS[0], "value": 7.0} for each in moments])
    Event.objects.bulk_create(
        Event(
            tag=Tag.objects.get(name=TAGS[1]),
            detector="stuck",
            kind="stuck",
            start=NOON + timedelta(minutes=minute),
            end=None if minute == 4 else NOON + timedelta(minutes=minute + 1),
            score=2.5,
            explanation="it has not changed for 60 s",
            revision=minute + 1,
        )
        for minute in range(5)
    )


def address(query: dict[str, Any]) -> str:
    """The address that the query asks, without the server's."""
    found = query["url"]
    for written, value in SHOWN.items():
        found = found.replace(written, value)
    found = COMBINED.sub(combined, found)
    assert "$" not in found
    return found


def combined(macro: re.Match[str]) -> str:
    """Infinity's $__combineValues(prefix,suffix,separator,value,...)."""
    prefix, suffix, separator, *values = macro[1].split(",")
    return separator.join(f"{prefix}{value}{suffix}" for value in values)


def select(data: Any, path: str) -> Any:
    """The value at a path of names and places, as ``reasons.0``; GJSON has more."""
    for name in path.split(".") if path else ():
        data = data[int(name)] if isinstance(data, list) else data[name]
    return data


def pages(client: Client, query: dict[str, Any], url: str, **headers: Any) -> list[Any]:
    """The answers to a query: of the mode 'cursor', up to one more than the most pages."""
    found: list[Any] = []
    cursor = ""
    while not found or (cursor and len(found) <= query["pagination_max_pages"]):
        more = f"&{query['pagination_param_cursor_field_name']}={cursor}" if cursor else ""
        answer = client.get(url + more, headers=headers)
        assert answer.status_code == 200, answer.content
        found.append(answer.json())
        if "pagination_mode" in query:  # where the path is missing, Infinity gives up
            cursor = select(found[-1], query["pagination_param_cursor_extraction_path"]) or ""
    return found


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_each_query_is_answered_with_the_columns_that_it_names(client: Client, query: Any) -> None:
    [answer] = pages(client, query, address(query))
    rows = select(answer, query["root_selector"])
    assert len(rows) > 0
    for column in query["columns"]:
        values = [select(row, column["selector"]) for row in rows]
        if column["selector"] == OPEN_END:
            assert values.count(None) == 1
            values.remove(None)
        assert all(map(TYPES[column["type"]], values)), column


@pytest.mark.parametrize("query", PAGED.values(), ids=PAGED)
def test_its_pages_are_read_to_the_end(client: Client, query: Any) -> None:
    [whole] = pages(client, query, address(query))
    found = pages(client, query, re.sub(r"limit=\d+", "limit=2", address(query)))
    assert len(found) > 2
    assert [row for page in found for row in page["items"]] == whole["items"]


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_a_read_token_is_enough(client: Client, settings: Settings, query: Any) -> None:
    settings.FERMON_OPEN = False
    assert client.get(address(query)).status_code == 401
    token = issue_token(name="grafana", scope=Scope.READ, prefix="")
    pages(client, query, address(query), Authorization=f"Bearer {token}")


def test_what_is_pivoted_by_time_is_in_order_of_time(client: Client) -> None:
    for query in QUERIES.values():
        if query["format"] == "timeseries" and "rows" in query["url"]:
            [rows] = pages(client, query, address(query))
            assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)


def test_annotations_have_the_columns_that_grafana_takes() -> None:
    for annotation in DASHBOARD["annotations"]["list"]:
        names = {column["text"] for column in annotation["target"]["columns"]}
        assert {"time", "text"} <= names <= {"time", "timeEnd", "text", "title", "tags"}


def test_all_of_it_asks_the_provisioned_source_in_the_background_parser() -> None:
    assert SOURCE["jsonData"]["auth_method"] == "bearerToken"
    assert SOURCE["jsonData"]["allowedHosts"] == [SOURCE["url"]]
    for query in QUERIES.values():
        assert query["datasource"] == {"type": SOURCE["type"], "uid": SOURCE["uid"]}
        assert query["parser"] == "backend"  # pagination and alerting need it
