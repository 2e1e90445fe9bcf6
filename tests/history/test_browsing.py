"""The admin's list of measurements: right answers, each off an index."""

from datetime import UTC, datetime

import pytest

from monitoring.history import browsing
from monitoring.history.browsing import CappedPaginator, IndexedTimes, beginning, matching
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Measurement, Tag

TIMES = ["2024-02-29T23:59:59", "2025-12-31T00:00:00", "2026-01-31T12:00:00", "2026-01-31T12:30:15.5"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def measurements() -> None:
    ingest_readings([{"timestamp": time, "tag": "fermenter_temp", "value": 37.0} for time in TIMES])
    ingest_readings([{"timestamp": TIMES[0], "tag": "fermenter_ph", "value": 5.5}])


def plan(rows) -> str:
    """How the database goes about it."""
    return rows.explain()


@pytest.mark.parametrize("kind", ["year", "month", "day"])
def test_the_periods_are_those_that_have_rows(kind: str) -> None:
    parts = {"year": slice(0, 4), "month": slice(0, 7), "day": slice(0, 10)}[kind]
    expected = sorted({time[parts] for time in TIMES})
    for order in ("ASC", "DESC"):
        found = IndexedTimes(Measurement).datetimes("timestamp", kind, order, UTC)
        shown = [moment.isoformat()[parts] for moment in found]
        assert shown == (expected if order == "ASC" else expected[::-1])
        assert all(moment.isoformat() == beginning(moment, kind).isoformat() for moment in found)


def test_the_last_year_there_is_can_be_browsed() -> None:
    tag = Tag.objects.get(name="agitator_rpm")
    Measurement.objects.create(tag=tag, timestamp=datetime(9999, 12, 31, tzinfo=UTC), value=300)
    assert IndexedTimes(Measurement).datetimes("timestamp", "day")[-1].year == 9999


@pytest.mark.parametrize(
    ("term", "count"),
    [
        ("", 5),
        ("TEMP", 4),
        ("acidity", 1),
        ("no such thing", 0),
        ("2026-01-31", 2),
        ("2026-01-31T12:30", 1),
        ("2026-01-31 12:00:00", 1),
        ("2026-01-30", 0),
        ("20260131T123000Z", 0),
        ("20260131T123015Z", 1),
        ("20260131", 0),
        ("1769860800", 0),
    ],
)
def test_a_search_is_for_a_tag_or_a_time(term: str, count: int) -> None:
    assert matching(Measurement.objects.all(), term).count() == count


def test_a_word_in_many_tags_finds_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browsing, "FEW_TAGS", 1)
    found = matching(Measurement.objects.all(), "fermenter")
    assert found.count() == 5
    assert matching(Measurement.objects.all(), "temp").count() == 4


def test_pages_stop_at_the_cap(monkeypatch) -> None:
    monkeypatch.setattr(CappedPaginator, "cap", 3)
    rows = Measurement.objects.order_by("-timestamp", "-id")
    assert CappedPaginator(rows, 2).count == 3
    assert CappedPaginator(rows.filter(tag__name="fermenter_ph"), 2).count == 1


newest = Measurement.objects.order_by("-timestamp", "-id")


@pytest.mark.parametrize(
    "rows",
    [
        newest,
        newest.filter(tag__name="fermenter_temp"),
        newest.filter(is_anomaly=True),
        newest.filter(is_anomaly=True, tag__name="fermenter_temp"),
        newest.filter(timestamp__year=2026),
        matching(newest, "2026-01-31"),
    ],
    ids=["all", "tag", "anomalies", "anomalies of a tag", "year", "search for a day"],
)
@pytest.mark.sqlite
def test_the_list_is_read_off_an_index_in_its_order(rows) -> None:
    assert "USING" in plan(rows[:100])
    assert "TEMP B-TREE" not in plan(rows[:100])
