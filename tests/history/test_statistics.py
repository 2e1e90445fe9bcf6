"""Statistics of a tag over a range: exact from measurements, close from rollups."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test import Client

from monitoring.history import statistics
from monitoring.history.statistics import TagStatistics, read_statistics
from monitoring.history.tags import definitions_of
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Tag

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=2)

pytestmark = pytest.mark.django_db


def store(values: dict[float, float]) -> None:
    """Store values of the temperature by seconds after noon."""
    ingest_readings(
        [
            {"timestamp": (NOON + timedelta(seconds=at)).isoformat(), "tag": "fermenter_temp", "value": value}
            for at, value in values.items()
        ]
    )


def found(start: float | None = None, end: float | None = None, now: datetime = LATER) -> TagStatistics:
    """The temperature's statistics between seconds after noon."""
    first, last = (None if at is None else NOON + timedelta(seconds=at) for at in (start, end))
    (each,) = read_statistics(definitions_of(["fermenter_temp"]), start=first, end=last, now=now)
    return each


def test_few_measurements_are_exact() -> None:
    store({0: 36, 1: 38, 2: 46, 4: 44, 100: 40})
    each = found(0, 160)
    values = [36, 38, 46, 44, 40]
    assert (each.count, each.anomalies, each.resolution_s) == (5, 1, None)
    assert each.mean == pytest.approx(np.mean(values))
    assert each.sd == pytest.approx(np.std(values))
    assert (each.minimum.value, each.minimum.at) == (36, NOON)
    assert (each.maximum.value, each.maximum.at) == (46, NOON + timedelta(seconds=2))
    # Held 1, 1, 2, 10 and 10 s: a value counts for stale_after_s, 10 s, at most. 46 is outside for 2 s.
    assert each.outside_percent == pytest.approx(100 * 2 / 24)
    assert (each.gaps.count, each.gaps.total_s, each.gaps.longest_s) == (2, 96 + 60, 96)
    assert each.gaps.longer_than_s == 10


def test_a_range_begins_with_the_first_measurement_and_ends_now() -> None:
    store({0: 37, 5: 37})
    now = NOON + timedelta(seconds=8)
    each = found(-86_400, 86_400, now)
    assert (each.start, each.end, each.gaps.count) == (NOON, now, 0)
    whole = found(now=now)
    assert (whole.start, whole.count) == (NOON, 2)


def test_without_measurements_there_are_counts_only() -> None:
    store({0: 37})
    each = found(100, 200)
    assert (each.count, each.mean, each.sd, each.minimum, each.outside_percent) == (0, None, None, None, None)
    assert (each.gaps.count, each.gaps.total_s) == (1, 100)


def test_without_limits_no_share_is_outside() -> None:
    Tag.objects.filter(name="fermenter_temp").update(lower_limit=None, upper_limit=None)
    store({0: 37, 1: 38})
    assert found(0, 10).outside_percent is None


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> dict[float, float]:
    """Three hours with a noisy sine, a time out of limit and a pause, read from rollups."""
    monkeypatch.setattr(statistics, "MOST_ROWS", 250)
    noise = np.random.default_rng(7)
    values = {
        float(at): 40 + 2 * np.sin(at / 1_500) + noise.normal(0, 0.4) + (8 if 4_000 <= at < 5_000 else 0)
        for at in range(0, 10_800, 4)
        if not 7_000 <= at < 7_600
    }
    store(values)
    return values


def test_many_measurements_are_close(many: dict[float, float]) -> None:
    first, last = 1_010, 10_010
    within = {at: value for at, value in many.items() if first <= at <= last}
    values = np.array(list(within.values()))
    each = found(first, last)
    assert each.resolution_s == 60
    assert each.count == len(values)
    assert each.mean == pytest.approx(values.mean(), rel=1e-12)
    assert each.sd == pytest.approx(values.std(), rel=0.02)
    assert (each.minimum.value, each.maximum.value) == (values.min(), values.max())
    is_out = (values < 35) | (values > 45)
    assert each.outside_percent == pytest.approx(100 * is_out.mean(), abs=1)
    assert (each.gaps.count, each.gaps.longer_than_s) == (1, 60)
    assert each.gaps.total_s == pytest.approx(600, abs=60)


def test_deleted_measurements_leave_the_statistics_of_their_rollups(many: dict[float, float]) -> None:
    raw_from = NOON + timedelta(hours=2)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE series SET raw_from = %s", [int(raw_from.timestamp() * 1_000_000)])
        cursor.execute("DELETE FROM findings")
        cursor.execute(
            "DELETE FROM measurements WHERE timestamp < %s", [int(raw_from.timestamp() * 1_000_000)]
        )
    values = np.array(list(many.values()))
    each = found(30, 10_800)  # the first minute counts whole
    assert each.count == len(values)
    assert each.sd == pytest.approx(values.std(), rel=0.05)
    assert each.outside_percent == pytest.approx(100 * ((values < 35) | (values > 45)).mean(), abs=3)


def test_the_api_has_them_by_tag(client: Client) -> None:
    store({0: 36, 1: 38})
    answer: Any = client.get(
        "/statistics?tag=fermenter_temp&from=2024-01-31T12:00:00Z&to=2024-01-31T12:00:01Z"
    )
    assert answer.json() == [
        {
            "tag": "fermenter_temp",
            "from": "2024-01-31T12:00:00Z",
            "to": "2024-01-31T12:00:01Z",
            "count": 2,
            "anomalies": 0,
            "mean": 37.0,
            "sd": 1.0,
            "min": 36.0,
            "min_at": "2024-01-31T12:00:00Z",
            "max": 38.0,
            "max_at": "2024-01-31T12:00:01Z",
            "outside_percent": 0.0,
            "gaps": {"count": 0, "total_s": 0.0, "longest_s": 0.0, "longer_than_s": 10},
            "resolution_s": None,
        }
    ]
    assert [each["tag"] for each in client.get("/statistics").json()] == [
        "fermenter_temp",
        "fermenter_ph",
        "agitator_rpm",
    ]
    assert client.get("/statistics?tag=nowhere").json()["field"] == "tag"


def test_more_tags_than_one_request_may_have_are_refused(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitoring.api.statistics.MOST_TAGS", 2)
    assert client.get("/statistics").json()["detail"] == "tag: expected at most 2 tags in one request, got 3"
