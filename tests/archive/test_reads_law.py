"""The law of the archive: whatever was moved, every read answers as if nothing had been."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pyarrow import parquet
from time_machine import travel

from monitoring.alarms import measured
from monitoring.alarms.advice_reading import read_past
from monitoring.detection.backtest.data import find_stretch, find_subject
from monitoring.history.counters import newest_points
from monitoring.history.coverage import is_covered
from monitoring.history.excursions import outside_since
from monitoring.history.export import count_raw
from monitoring.history.measurements import Selection
from monitoring.history.tags import latest_of, newest_anomalies
from monitoring.ingest.exclusions import Choice, exclude, preview
from monitoring.ingest.neighbours import values_before
from monitoring.ingest.pipeline import ingest_readings
from monitoring.ingest.rebuild import rebuild, spans_of
from monitoring.ingest.recompute import recompute
from monitoring.kernel.clock import to_micros
from monitoring.live.changes import newest_id, read_changes
from monitoring.models import Tag
from tests.archive.moving_days import archive_day, files_of, thaw

FIRST = datetime(2024, 1, 28, tzinfo=UTC)
DAYS = [FIRST + timedelta(days=number) for number in range(4)]
NEWEST = FIRST + timedelta(days=4, hours=1)
END = FIRST + timedelta(days=5)
NORMAL = {"fermenter_temp": 37.0, "fermenter_ph": 7.0, "agitator_rpm": 400.0}
ANOMALOUS = {"fermenter_temp": 46.0, "fermenter_ph": 9.0, "agitator_rpm": 690.0}
TAGS = list(NORMAL)
READINGS_A_BATCH = 12
HALF_HOUR = timedelta(minutes=30)
Move = tuple[bool, str, datetime, int | None, int | None]
PAGES: dict[str, list[Any]] = {"order": ["asc", "desc"], "limit": [4, 7, 100]}
EXCLUDED = {"excluded": ["", "include", "only"]}
FORMATS = {"format": ["csv", "jsonl", "csv.gz", "jsonl.gz", "parquet", "xlsx"]}
QUESTIONS: list[tuple[str, dict[str, list[Any]]]] = [
    ("/data", PAGES | EXCLUDED),
    ("/anomalies", PAGES),
    ("/trend", {"points": [10, 300, 2_000]}),
    ("/export", FORMATS | EXCLUDED | {"columns": ["", "reasons", "unit"]}),
    ("/export", FORMATS | {"shape": ["wide"], "columns": ["", "reasons"]}),
    ("/export", FORMATS | {"interval": ["auto", "10m"]}),
    ("/statistics", {}),
    ("/stats", {}),
]

pytestmark = pytest.mark.django_db

moments = st.tuples(st.sampled_from(DAYS), st.integers(0, 15)).map(
    lambda chosen: chosen[0] + timedelta(minutes=30 * chosen[1] + chosen[1] % 3)
)
readings = st.lists(
    st.tuples(st.sampled_from(TAGS), moments, st.booleans()),
    min_size=50,
    max_size=70,
    unique_by=lambda reading: reading[:2],
)
bounds = st.none() | moments
moves = st.lists(
    st.tuples(
        st.sampled_from([True, True, False]),
        st.sampled_from(TAGS),
        st.sampled_from(DAYS),
        st.none() | st.integers(1, 15),
        st.none() | st.integers(1, 15),
    ),
    min_size=8,
    max_size=20,
)


@st.composite
def ranges(draw: st.DrawFn) -> dict[str, str]:
    """Query parameters of a range of time, with bounds that are often times of readings."""
    low, high = draw(bounds), draw(bounds)
    if low and high and low > high:
        low, high = high, low
    named = {"from": low, "to": high}
    return {name: bound.isoformat() for name, bound in named.items() if bound is not None}


@st.composite
def questions(draw: st.DrawFn) -> list[str]:
    """Paths of the API that read measurements: two of each kind."""
    return [question(draw, path, options) for path, options in (*QUESTIONS, *QUESTIONS)]


def question(draw: st.DrawFn, path: str, options: dict[str, list[Any]]) -> str:
    """A path with some tags, range and options."""
    tags = draw(st.lists(st.sampled_from(TAGS), unique=True, max_size=3))
    if path == "/trend":
        tags = tags[:1] or TAGS[:1]
    chosen = {name: draw(st.sampled_from(choices)) for name, choices in options.items()}
    given = [(name, value) for name, value in (draw(ranges()) | chosen).items() if value]
    return f"{path}?{urlencode([*(('tag', tag) for tag in tags), *given])}"


def answers(client: Client, path: str) -> list[Any]:
    """The answer of each page, along the Link headers."""
    found = []
    following: str | None = path
    while following:
        answer = client.get(following)
        assert answer.status_code == 200, (following, answer.content)
        found.append(content_of(answer, path))
        following = (
            answer.headers.get("Link", "")
            .partition(">")[0]
            .removeprefix("<")
            .removeprefix("http://testserver")
        )
    return found


def content_of(answer: Any, path: str) -> Any:
    """The contents of an answer; of files, without what says when they were made."""
    if not path.startswith("/export"):
        return answer.json()
    content = b"".join(answer)
    if "format=parquet" in path:
        return parquet.read_table(BytesIO(content)).to_pylist()
    return gzip.decompress(content) if ".gz" in path else content


def functions(low: datetime, high: datetime) -> dict[str, Callable[[], Any]]:
    """The reads without a path of the API."""
    first, *_ = tags = list(Tag.objects.filter(name__in=TAGS).order_by("pk"))
    low_us, high_us = to_micros(low), to_micros(high)
    newest = newest_id()
    subject = find_subject(first.name)
    whole = spans_of([], None, None, now=END)
    spans = [(tag.pk, low_us, high_us) for tag in tags]
    return {
        "backtest": lambda: list(find_stretch(subject, low - timedelta(seconds=1), END).pages()),
        "advice": lambda: [column.tolist() for column in read_past(first, since=low, until=high)[:2]],
        "alarms by id": lambda: measured.read_page(after=newest // 3, upto=newest, limit=17).id.tolist(),
        "alarms, newest": lambda: sorted(measured.read_newest(latest_us=high_us, upto=newest * 2 // 3)),
        "alarms, span": lambda: measured.read_span(first.pk, low_us, high_us, upto=newest // 2),
        "alarms, before": lambda: measured.read_before(first.pk, high_us, upto=newest // 2),
        "alarms, extremes": lambda: measured.extremes(spans),
        "changes": lambda: read_changes(after=newest // 4, upto=newest, limit=11),
        "coverage": lambda: is_covered(first.name, low_us // 10**6, low_us // 10**6 + 1),
        "counters": lambda: newest_points(first.name, high),
        "excursions": lambda: outside_since(TAGS, TAGS, high),
        "newest anomalies": lambda: newest_anomalies(TAGS, high),
        "newest": lambda: latest_of(TAGS, END),
        "rows to export": lambda: [
            count_raw(Selection(tuple(TAGS[:2]), low, high), most, is_wide=is_wide)
            for most in (10**6,)
            for is_wide in (False, True)
        ],
        "values before": lambda: values_before(first.pk, high_us, None).tolist(),
        "rollups": lambda: [list(rebuild(span, write=False)) for span in whole],
        "flags": lambda: [list(recompute(span, write=False)) for span in whole],
        "exclusion": lambda: preview(Choice(first.name, low, high)),
    }


def in_order(read: Callable[[], Any]) -> Any:
    """What a read returns, or the error that says that there is nothing."""
    try:
        return read()
    except ValueError as error:
        return str(error)


def move(moves: list[Move]) -> None:
    """Archive and thaw days.

    Numbers are of half hours of the day: how many of them are moved, and after how many a second file begins.
    """
    for to_archive, name, day, *numbers in moves:
        if to_archive:
            until, cut = (None if number is None else day + number * HALF_HOUR for number in numbers)
            archive_day(name, day, until=until, cut=cut)
        else:
            for file in files_of(name, day, day + timedelta(days=1)):
                thaw(file)


@given(
    stored=readings,
    asked=questions(),
    moved=moves,
    between=ranges(),
    excluded=st.booleans(),
)
@examples(max_examples=4, phases=[Phase.generate])  # to shrink a failure would take minutes
def test_every_read_answers_as_without_archive(
    stored: list[tuple[str, datetime, bool]],
    asked: list[str],
    moved: list[Move],
    between: dict[str, str],
    excluded: bool,
) -> None:
    low = datetime.fromisoformat(between.get("from", FIRST.isoformat()))
    high = datetime.fromisoformat(between.get("to", END.isoformat()))
    with travel(END, tick=False), transaction.atomic():
        store(stored)
        if excluded:
            exclude(Choice(stored[0][0], stored[0][1], stored[0][1]), reason="wrong", by="ada")
        read = {path: partial(answers, Client(), path) for path in asked} | functions(low, high)
        before = {name: in_order(each) for name, each in read.items()}
        move(moved)
        for name, each in read.items():
            assert in_order(each) == before[name], name
        transaction.set_rollback(True)


def store(stored: list[tuple[str, datetime, bool]]) -> None:
    """Store the readings in this order, late ones among them, and a newest one of each tag."""
    items = [
        {"timestamp": moment.isoformat(), "tag": name, "value": (ANOMALOUS if is_anomaly else NORMAL)[name]}
        for name, moment, is_anomaly in [*stored, *((name, NEWEST, False) for name in TAGS)]
    ]
    for start in range(0, len(items), READINGS_A_BATCH):
        assert all(outcome.id for outcome in ingest_readings(items[start : start + READINGS_A_BATCH]))
