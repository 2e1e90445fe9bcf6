"""Minutes kept by hour: the same as the rollups, and read again only where these have changed."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.batches import minute_store
from monitoring.batches.course import MINUTE_US
from monitoring.batches.minute_store import HOUR_US, MinuteStore, hour_signatures
from monitoring.history.rollup_rows import read_rollups
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.clock import to_micros
from monitoring.models import Tag

pytestmark = pytest.mark.django_db
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
START_US = to_micros(NOON)
NAMES = ("fermenter_temp", "fermenter_ph")
MIDDLE = {"fermenter_temp": 37.0, "fermenter_ph": 7.0}


@pytest.fixture
def tags() -> list[int]:
    return [Tag.objects.get(name=name).pk for name in NAMES]


def store_seconds(seconds: range, offset: float = 0.0) -> None:
    """Values of both tags; those of a minute that lasts are in the open minute of the series."""
    random = np.random.default_rng(seconds.start)
    ingest_readings(
        [
            {
                "timestamp": (NOON + timedelta(seconds=second)).isoformat(),
                "tag": name,
                "value": round(middle + offset + 0.01 * random.standard_normal(), 4),
            }
            for second in seconds
            for name, middle in MIDDLE.items()
        ]
    )


def assert_same(store: MinuteStore, tags: list[int], start_us: int, stop_us: int) -> None:
    """The store has what the rollups have."""
    fresh = store.fresh(hour_signatures(tags, start_us, stop_us))
    for tag in tags:
        found, expected = fresh.read(tag, start_us, stop_us), read_rollups(tag, 60, start_us, stop_us)
        np.testing.assert_array_equal(found.start, expected.start)
        for name in ("mean", "minimum", "maximum"):
            np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-14)


@pytest.fixture
def hours_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The hours that were read, as their number after noon."""
    read = minute_store.minutes_of
    found: list[int] = []

    def counted(tags: list[int], hour_us: int) -> object:
        found.append((hour_us - START_US) // HOUR_US)
        return read(tags, hour_us)

    monkeypatch.setattr(minute_store, "minutes_of", counted)
    return found


def test_only_hours_that_have_changed_are_read_again(tags: list[int], hours_read: list[int]) -> None:
    store, stop_us = MinuteStore(), START_US + 4 * HOUR_US
    store_seconds(range(0, 3 * 3_600 + 100, 20))
    assert_same(store, tags, START_US, stop_us)
    assert hours_read == [0, 1, 2, 3]
    with CaptureQueriesContext(connection) as statements:
        store.fresh(hour_signatures(tags, START_US, stop_us))
    assert (len(statements), hours_read) == (1, [0, 1, 2, 3])

    store_seconds(range(3 * 3_600 + 100, 3 * 3_600 + 200, 5))
    store_seconds(range(3_605, 3_606))  # late
    assert_same(store, tags, START_US, stop_us)
    assert hours_read[4:] == [1, 3]


def test_a_replaced_reading_is_seen(tags: list[int]) -> None:
    Tag.objects.update(on_conflict="keep_last")
    store = MinuteStore()
    store_seconds(range(0, 3_600, 20))
    assert_same(store, tags, START_US, START_US + HOUR_US)
    store_seconds(range(600, 601), offset=0.5)
    assert_same(store, tags, START_US, START_US + HOUR_US)


def test_parts_of_hours_and_hours_without_values(tags: list[int]) -> None:
    store = MinuteStore()
    store_seconds(range(1_500, 5_000, 20))
    assert_same(store, tags, START_US + 30 * MINUTE_US, START_US + 65 * MINUTE_US)
    assert_same(store, tags, START_US - 2 * HOUR_US, START_US - HOUR_US)
    assert hour_signatures([], START_US, START_US + HOUR_US) == {}


def test_the_store_is_bounded(tags: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minute_store, "MOST_HOURS", 3)
    store = MinuteStore()
    store_seconds(range(0, 2 * 3_600, 20))
    for _ in range(2):
        assert_same(store, tags, START_US, START_US + 2 * HOUR_US)
        assert len(store.kept) == 3
