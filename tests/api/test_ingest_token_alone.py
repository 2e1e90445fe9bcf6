"""Whatever is done with a leaked ingest token: it adds measurements of its own tags, and that is all."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import get_resolver
from django.urls.resolvers import URLResolver
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from monitoring.access.token_store import issue_token
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Measurement
from monitoring.models.token import Scope

OWN, OTHERS = "agitator_rpm", {"fermenter_temp": 41.4142, "fermenter_ph": 6.4142}
TIME = "2024-01-31T12:00:00Z"
# What a source's own readings move, and what notes that it was there. Everything else stays.
MOVED = {"measurements", "rollups", "series", "findings", "refusals", "refusal_counts", "tokens"}
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
# What may be answered at all: to whom it is written, what is no secret, and the way to the login.
TOLD = re.compile(r"/(ingest(/batch)?|health|schema|docs|favicon\.ico|login|logout|admin/(login|jsi18n)/|)\Z")


def routes(patterns: list[Any], before: str = "") -> Iterator[str]:
    """The pattern of every address that there is."""
    for each in patterns:
        text = before + getattr(each.pattern, "_route", getattr(each.pattern, "_regex", ""))
        yield from routes(each.url_patterns, text) if isinstance(each, URLResolver) else [text]


def address(route: str, part: str) -> str:
    """The pattern's address, with a tag's name or a row's id where it takes one."""
    text = re.sub(r"<[^>]*>|\(\?P[^)]*\)+|\[\^[^\]]*\]\+\)?", part, route)
    return "/" + re.sub(r"[\^$\\?]|\.\*", "", text).lstrip("/")


BEGIN, END = (datetime.fromisoformat(f"{year}-01-01") for year in (2023, 2025))
READING = st.fixed_dictionaries(
    {
        "timestamp": st.datetimes(BEGIN, END).map(str) | st.just(TIME),
        "tag": st.sampled_from([OWN, *OTHERS, "agitator_", f"{OWN}\0", f" {OWN}", "", None, [OWN], {"a": 1}]),
        "value": st.sampled_from([400, 450.5, 37, 7, 1e9, None]),
    }
)
BODY = (
    READING | st.lists(READING, max_size=20) | st.sampled_from([None, "x", [None], {"tag": "fermenter_ph"}])
)
CALL = st.tuples(
    st.sampled_from(METHODS),
    st.sampled_from(sorted(set(routes(get_resolver().url_patterns))))
    | st.sampled_from(["ingest", "ingest/batch"]),
    st.sampled_from([OWN, *OTHERS, "1"]),
    st.sampled_from(["", f"?tag={OWN}", "?tag=fermenter_temp", "?format=json", "?since=0&next=/data"]),
    BODY,
)


def everything_else() -> dict[str, list[Any]]:
    """All rows of all tables, without those that the token's own readings move."""
    found: dict[str, list[Any]] = {}
    with connection.cursor() as cursor:
        for table in sorted(set(connection.introspection.table_names()) - MOVED):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - our own tables
            found[table] = sorted(map(repr, cursor.fetchall()))
    others = Measurement.objects.filter(tag__name__in=OTHERS).order_by("id")
    return {**found, "of others": list(others.values_list("timestamp", "value", "is_anomaly"))}


@pytest.mark.django_db
@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(calls=st.lists(CALL, min_size=1, max_size=15))
def test_it_changes_and_reads_nothing_else(
    calls: list[tuple[str, str, str, str, Any]], client: Client, settings: Settings
) -> None:
    settings.FERMON_OPEN = False
    ingest_readings([{"timestamp": TIME, "tag": tag, "value": value} for tag, value in OTHERS.items()])
    secret = issue_token(name="leaked", scope=Scope.INGEST, prefix="agitator_")
    headers = {"authorization": f"Token {secret}"}
    before = everything_else()
    for method, route, part, query, body in calls:
        path = address(route, part)
        answer = client.generic(method, path + query, json.dumps(body), "application/json", headers=headers)
        told = b"".join(answer) if answer.streaming else answer.content
        assert answer.status_code < 500
        assert answer.status_code >= 300 or TOLD.match(path), (method, path)
        assert not [value for value in OTHERS.values() if str(value).encode() in told]
    assert everything_else() == before
