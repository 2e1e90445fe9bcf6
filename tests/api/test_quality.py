"""GET /quality, GET /gaps, and GET /data?quality=1."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pytest_django import Settings
from requests.utils import parse_header_links

from monitoring.access.token_store import make_token
from monitoring.history.quality import has_sources, tags_with_spans
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import QualitySpan, Source, SourceGap, SourceTag, Tag, Token
from monitoring.models.source import Quality
from monitoring.models.token import Scope

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TEMP, PH, RPM = "fermenter_temp", "fermenter_ph", "agitator_rpm"

pytestmark = pytest.mark.django_db


def at(second: float) -> datetime:
    return NOON + second * SECOND


def span(start: float, end: float | None, quality: Quality = Quality.BAD, *, tag: str = TEMP) -> QualitySpan:
    return QualitySpan.objects.create(
        tag=Tag.objects.get(name=tag),
        begin=at(start),
        end=None if end is None else at(end),
        quality=quality,
        code=0x808C0000,
        word="BadSensorFailure",
    )


def gap(source: Source, start: float, end: float | None, *, tag: str | None = None) -> SourceGap:
    return SourceGap.objects.create(
        source=source,
        tag=Tag.objects.get(name=tag) if tag else None,
        begin=at(start),
        end=None if end is None else at(end),
        reason="the collector was stopped",
        filled=3,
    )


@pytest.fixture
def mfcs() -> Source:
    """A source that has the temperature."""
    source = Source.objects.create(name="mfcs", protocol="opcua", changed_at=NOON)
    SourceTag.objects.create(source=source, tag=Tag.objects.get(name=TEMP))
    return source


def seconds(client: Client, path: str, **query: Any) -> list[int]:
    """When the items of the answer began, in s."""
    answer = client.get(path, query)
    assert answer.status_code == 200, answer.content
    return [int(item["start"][17:19]) for item in answer.json()]


def test_a_span_and_a_gap_say_all_that_is_known(client: Client, mfcs: Source) -> None:
    bad, missing = span(1, None), gap(mfcs, 2, 4.5)
    assert client.get("/quality").json() == [
        {
            "id": bad.pk,
            "tag": TEMP,
            "source": None,
            "start": "2026-01-31T12:00:01Z",
            "end": None,
            "quality": "bad",
            "code": 0x808C0000,
            "word": "BadSensorFailure",
        }
    ]
    assert client.get("/gaps").json() == [
        {
            "id": missing.pk,
            "source": "mfcs",
            "tag": None,
            "start": "2026-01-31T12:00:02Z",
            "end": "2026-01-31T12:00:04.500000Z",
            "reason": "the collector was stopped",
            "filled": 3,
        }
    ]


def test_those_that_overlap_the_time_come_newest_first(client: Client, mfcs: Source) -> None:
    for start, end in [(0, 5), (10, 20), (30, None)]:
        span(start, end)
        gap(mfcs, start, end)
    for path in ("/quality", "/gaps"):
        assert seconds(client, path) == [30, 10, 0]
        assert seconds(client, path, order="asc") == [0, 10, 30]
        within = {"from": "2026-01-31T12:00:06Z", "to": "2026-01-31T12:00:30Z"}
        assert seconds(client, path, **within) == [30, 10]
        assert seconds(client, path, to="2026-01-31T12:00:29Z", limit=1) == [10]
        assert seconds(client, path, **{"from": "2026-01-31T12:01:00Z"}) == [30]


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_neither_repeat_nor_skip(client: Client, mfcs: Source, order: str) -> None:
    for start in (5, 1, 1, 1, 3):
        span(start, start + 1)
        gap(mfcs, start, None)
    for path in ("/quality", "/gaps"):
        every = client.get(path, {"order": order}).json()
        url: str | None = f"{path}?order={order}&limit=2&from=2026-01-31&to=2026-01-31"
        found = []
        while url:
            answer = client.get(url)
            found += answer.json()
            links = parse_header_links(answer.get("Link", ""))
            url = links[0]["url"] if links else None
        assert found == every
        assert len(found) == 5


def test_a_gap_of_a_source_is_one_of_the_tags_that_it_maps(client: Client, mfcs: Source) -> None:
    other = Source.objects.create(name="skid", protocol="modbus", changed_at=NOON)
    gap(mfcs, 1, None)
    gap(other, 2, None)
    gap(other, 3, None, tag=PH)
    assert seconds(client, "/gaps", tag=TEMP) == [1]
    assert seconds(client, "/gaps", tag=PH) == [3]
    assert seconds(client, "/gaps", tag=[TEMP, PH]) == [3, 1]
    assert seconds(client, "/gaps") == [3, 2, 1]


def test_what_is_asked_wrongly_is_refused(client: Client) -> None:
    for path in ("/quality", "/gaps"):
        assert "unknown tag" in client.get(path, {"tag": "nowhere"}).json()["detail"]
        assert client.get(path, {"from": "2026-02-01", "to": "2026-01-01"}).status_code == 400
    assert client.get("/data", {"quality": "much"}).json()["detail"].startswith("quality: expected '1'")


def test_a_token_with_a_prefix_reads_its_own_alone(client: Client, settings: Settings) -> None:
    settings.FERMON_OPEN = False
    span(1, None)
    secret = make_token(Token(name="display", scope=Scope.READ, prefix="fermenter_"))
    token = {"Authorization": f"Token {secret}"}
    for path in ("/quality", "/gaps"):
        assert client.get(path, {"tag": TEMP}, headers=token).status_code == 200
        assert client.get(path, {"tag": RPM}, headers=token).status_code == 403
        assert client.get(path, headers=token).status_code == 403


def test_measurements_say_their_quality_only_on_request(client: Client) -> None:
    names = [*[TEMP] * 5, PH]
    items = [
        {"tag": name, "timestamp": at(second).isoformat(), "value": 37.0 if name == TEMP else 7.0}
        for second, name in enumerate(names)
    ]
    ingest_readings(items)
    span(1, 3, Quality.UNCERTAIN)
    span(2, 3, Quality.BAD)
    span(4, None, Quality.UNCERTAIN)
    span(0, 1, Quality.UNCERTAIN, tag=RPM)
    plain = client.get("/data?order=asc").json()
    found = client.get("/data?order=asc&quality=1").json()
    assert [item.get("quality") for item in found] == [None, "uncertain", "bad", None, "uncertain", None]
    assert [{**item, "quality": 0} for item in found] == [{**item, "quality": 0} for item in plain]
    assert not any("quality" in item for item in plain)


def test_the_quality_of_a_page_takes_one_query_more(client: Client) -> None:
    ingest_readings([{"tag": TEMP, "timestamp": at(n).isoformat(), "value": 37.0} for n in range(50)])
    with CaptureQueriesContext(
        connection,
    ) as plain:
        client.get("/data")
    with CaptureQueriesContext(connection) as asked:
        client.get("/data?quality=1")
    assert len(asked) == len(plain) + 1


@examples(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(-2, 12), st.integers(0, 6), st.sampled_from(Quality)), max_size=6))
def test_a_measurement_has_the_worst_quality_of_the_spans_over_it(
    client: Client, spans: list[tuple[int, int, Quality]]
) -> None:
    ingest_readings([{"tag": TEMP, "timestamp": at(n).isoformat(), "value": 37.0} for n in range(10)])
    QualitySpan.objects.all().delete()
    for start, length, quality in spans:
        span(start, start + length, quality)
    expected = []
    for second in range(10):
        over = [quality for start, length, quality in spans if start <= second < start + length]
        expected.append({0: None, 1: "uncertain", 2: "bad"}[max(over, default=0)])
    found = client.get("/data?order=asc&quality=1").json()
    assert [item.get("quality") for item in found] == expected


def test_which_tags_have_spans_or_gaps_and_from_where(mfcs: Source) -> None:
    every = [TEMP, PH, RPM]
    assert tags_with_spans(every) == set()
    gap(mfcs, 0, 1)
    assert tags_with_spans(every) == {TEMP}
    span(0, 1, tag=PH)
    assert tags_with_spans(every) == {TEMP, PH}
    gap(mfcs, 0, 1, tag=RPM)
    assert tags_with_spans(every) == {TEMP, PH, RPM}
    assert tags_with_spans([PH]) == {PH}


def test_spans_can_come_once_there_is_a_source() -> None:
    assert not has_sources()
    Source.objects.create(name="mfcs", protocol="opcua", changed_at=NOON)
    assert has_sources()
