"""Trends of what is stored: always equal to what the measurements themselves would give."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.history import trend
from monitoring.history.trend import Trend, read_trend
from monitoring.history.trend_plan import means
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.clock import from_micros, to_micros
from monitoring.models import Measurement, Series

pytestmark = pytest.mark.django_db

TAG = "fermenter_temp"
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
SPANS = [timedelta(seconds=9), timedelta(hours=9), timedelta(days=999)]
GAPS_S = (0.01, 0.01, 1, 1, 1, 1, 7, 60, 3_600, 86_400, 5_000_000)


def seconds(count: int, start: datetime = NOON) -> list[dict[str, Any]]:
    """A reading a second."""
    moments = [start + timedelta(seconds=second) for second in range(count)]
    return [
        {"timestamp": moment.isoformat(), "tag": TAG, "value": 36 + moment.second / 100} for moment in moments
    ]


@contextmanager
def stored(random: Random) -> Iterator[list[tuple[int, float, bool]]]:
    """For a while, some hundred measurements with dense and empty times between them, in two batches."""
    moment, readings = NOON - timedelta(days=random.randrange(40_000)), []
    for _ in range(300):
        moment += timedelta(seconds=random.choice(GAPS_S) * random.choice((1, random.random() + 0.001)))
        moment = min(moment, datetime(2026, 1, 1, tzinfo=UTC))
        value = round(random.uniform(34, 46), 1)
        readings.append({"timestamp": moment.isoformat(), "tag": TAG, "value": value})
    random.shuffle(readings)
    with transaction.atomic():
        for batch in (readings[:200], readings[200:]):
            ingest_readings(batch)
        rows = Measurement.objects.order_by("timestamp").values_list("timestamp", "value", "is_anomaly")
        yield [(to_micros(moment), value, flag) for moment, value, flag in rows]
        transaction.set_rollback(True)


def by_hand(rows: list[tuple[int, float, bool]], found: Trend, ends: tuple[int, int]) -> list[list[Any]]:
    """The buckets of the trend's step between these ends, reckoned from the measurements one by one."""
    start, end = found.step.reach(*ends)
    buckets: dict[int, list[tuple[int, float, bool]]] = {}
    for row in rows:
        if start <= row[0] < end:
            buckets.setdefault(found.step.reach(row[0], row[0])[0], []).append(row)
    return [
        [
            bucket,
            len(inside),
            *min((value, time_us) for time_us, value, _ in inside),
            *min((-value, time_us) for time_us, value, _ in inside),
            sum(flag for *_, flag in inside),
        ]
        for bucket, inside in buckets.items()
    ]


def as_rows(found: Trend) -> list[list[Any]]:
    """The trend's buckets as ``by_hand`` has them."""
    each = found.buckets
    columns = (each.start, each.count, each.minimum, each.minimum_at, -each.maximum, each.maximum_at)
    return [list(row) for row in zip(*(c.tolist() for c in (*columns, each.anomalies)), strict=True)]


@settings(max_examples=25)
@given(st.randoms(use_true_random=False))
def test_a_trend_is_what_the_measurements_give(random: Random) -> None:
    with stored(random) as rows:
        for _ in range(12):
            first, last = sorted(random.choice(rows)[0] + random.randrange(-(10**6), 10**6) for _ in range(2))
            points = random.choice((1, 2, 10, 600, 5_000))
            found = read_trend(TAG, start=from_micros(first), end=from_micros(last), points=points)
            assert as_rows(found) == by_hand(rows, found, (first, last))
            assert len(found.buckets) <= points
            totals = (found.buckets.count * means(found.buckets)).sum()
            start, end = found.step.reach(first, last)
            assert totals == pytest.approx(sum(value for us, value, _ in rows if start <= us < end))


@settings(max_examples=15)
@given(st.randoms(use_true_random=False))
def test_a_move_keeps_the_buckets_that_stay_in_sight(random: Random) -> None:
    with stored(random) as rows:
        for span_us in (10**6, 10**9, 10**11, 10**13):
            start = from_micros(random.choice(rows)[0])
            span, by = timedelta(microseconds=span_us), timedelta(microseconds=random.randrange(span_us))
            still = read_trend(TAG, start=start, end=start + span, points=50)
            moved = read_trend(TAG, start=start + by, end=start + by + span, points=50)
            assert still.step == moved.step
            shared = set(still.buckets.start.tolist()) & set(moved.buckets.start.tolist())
            kept, again = ([row for row in as_rows(each) if row[0] in shared] for each in (still, moved))
            assert kept == again


def test_a_reading_a_second_is_seen_one_by_one_over_five_minutes() -> None:
    ingest_readings(seconds(400))
    found = read_trend(TAG, start=NOON, end=NOON + timedelta(minutes=5), points=600)
    assert found.step.seconds == 1
    assert found.buckets.count.tolist() == [1] * 301


def test_all_that_is_stored_is_the_range_if_none_is_given() -> None:
    ingest_readings(seconds(90, NOON - timedelta(days=300)) + seconds(30))
    assert read_trend(TAG, start=None, end=None, points=600).buckets.count.sum() == 120
    assert read_trend(TAG, start=NOON, end=None, points=600).buckets.count.sum() == 30
    assert read_trend(TAG, start=None, end=NOON - timedelta(days=1), points=600).buckets.count.sum() == 90


@pytest.mark.parametrize("days", [-1_000, 1_000])
def test_there_is_nothing_beyond_what_is_stored(days: int) -> None:
    ingest_readings(seconds(5))
    beyond = NOON + timedelta(days=days)
    ends = {"start": None, "end": beyond} if days < 0 else {"start": beyond, "end": None}
    assert len(read_trend(TAG, **ends, points=600).buckets) == 0


@pytest.mark.parametrize("name", [TAG, "fermenter_ph", "nowhere"])
def test_a_tag_without_measurements_has_no_buckets(name: str) -> None:
    assert len(read_trend(name, start=None, end=None, points=600).buckets) == 0


def test_a_past_whose_measurements_were_deleted_is_still_seen() -> None:
    ingest_readings(seconds(600))
    half = NOON + timedelta(minutes=5)
    Measurement.objects.filter(timestamp__lt=half).delete()
    Series.objects.update(raw_from=half)
    across = read_trend(TAG, start=NOON, end=NOON + timedelta(minutes=8), points=600)
    assert across.step.seconds == 60
    assert across.buckets.count.tolist() == [60] * 9
    behind = read_trend(TAG, start=half, end=NOON + timedelta(minutes=8), points=600)
    assert behind.step.seconds < 1
    assert behind.buckets.count.tolist() == [1] * 181


def test_a_dense_time_is_read_from_its_rollups(monkeypatch: pytest.MonkeyPatch) -> None:
    ingest_readings(seconds(300))
    monkeypatch.setattr(trend, "DENSE", 0)
    found = read_trend(TAG, start=NOON, end=NOON + timedelta(minutes=4), points=600)
    assert found.step.seconds == 60
    assert found.buckets.count.tolist() == [60] * 5


@pytest.mark.parametrize("span", SPANS)
def test_any_range_takes_a_handful_of_queries(span: timedelta) -> None:
    ingest_readings(seconds(60))
    with CaptureQueriesContext(connection) as queries:
        read_trend(TAG, start=NOON, end=NOON + span, points=600)
    assert len(queries) <= 4


@pytest.mark.sqlite
@pytest.mark.parametrize("span", SPANS)
def test_any_range_is_read_off_an_index(span: timedelta) -> None:
    ingest_readings(seconds(60))
    with CaptureQueriesContext(connection) as queries:
        read_trend(TAG, start=NOON, end=NOON + span, points=600)
    with connection.cursor() as cursor:
        for query in queries.captured_queries:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            assert not [
                row for row in cursor.fetchall() if row[-1].startswith(("SCAN m", "SCAN r", "USE TEMP"))
            ]
