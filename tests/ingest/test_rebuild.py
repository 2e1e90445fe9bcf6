"""Rebuilding: what is recomputed under the lock, and what is left alone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.ingest import rebuild as module
from monitoring.ingest.pipeline import ingest_readings
from monitoring.ingest.rebuild import DaySpan, Difference, UnknownTagError, agree, rebuild, spans_of
from monitoring.kernel.clock import DAY_US, to_micros
from monitoring.models import Measurement, Rollup, Series, Tag
from monitoring.storage.retention import apply_retention

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
TAG = "fermenter_temp"

pytestmark = pytest.mark.django_db


def ingest(*moments: datetime, value: float = 37.0) -> None:
    ingest_readings([{"timestamp": moment.isoformat(), "tag": TAG, "value": value} for moment in moments])


def span(start: datetime | None = None, end: datetime | None = None) -> DaySpan:
    return spans_of([TAG], start, end, now=NOW)[0]


def differences(found: DaySpan, *, write: bool = False) -> list[Difference]:
    return [difference for _, part in rebuild(found, write=write) for difference in part]


def test_a_span_without_bounds_is_all_that_is_stored() -> None:
    ingest(NOW - timedelta(days=3), NOW)
    found = span()
    assert found.start_us == to_micros(NOW - timedelta(days=3)) // DAY_US * DAY_US
    assert found.is_whole
    assert len(found) == 5  # to the end of tomorrow


def test_a_span_is_made_of_whole_days() -> None:
    ingest(NOW)
    found = span(NOW, NOW)
    assert (found.start_us, len(found), found.is_whole) == (to_micros(NOW) // DAY_US * DAY_US, 1, False)


def test_without_names_all_tags_are_meant_and_unknown_ones_are_said() -> None:
    assert [one.tag for one in spans_of([], None, None, now=NOW)] == [tag.name for tag in Tag.objects.all()]
    with pytest.raises(UnknownTagError, match=r"nope: no such tag. Choose from: agitator_rpm, ferm"):
        spans_of([TAG, "nope"], None, None, now=NOW)


def test_a_tag_without_measurements_has_nothing_to_rebuild() -> None:
    assert len(span()) == 0
    assert differences(span(), write=True) == []
    assert not Series.objects.exists()


def test_long_empty_times_are_passed_over(monkeypatch) -> None:
    ingest(datetime(1, 1, 1, tzinfo=UTC), datetime(1969, 12, 31, tzinfo=UTC), NOW)
    days: list[int] = []
    monkeypatch.setattr(module, "rebuild_day", lambda span, day, write: days.append(day) or [])  # type: ignore[func-returns-value]
    found = span()
    assert sum(passed for passed, _ in rebuild(found, write=False)) == len(found)
    assert len(days) == 3


def test_totals_may_differ_by_what_floats_can_not_hold() -> None:
    row = (3, 0.1 + 0.2 + 0.3, 0.1, 0, 0.3, 2, 0)
    assert agree(row, (3, 0.3 + 0.2 + 0.1, *row[2:]))
    assert not agree(row, (3, 0.600001, *row[2:]))
    assert not agree(row, (*row[:2], 0.1 + 1e-16, *row[3:]))


@pytest.mark.parametrize("write", [True, False])
def test_what_a_writer_does_meanwhile_is_no_difference(monkeypatch, write: bool) -> None:
    ingest(NOW)
    looks: list[int] = []

    def look(read: Callable[..., Any]) -> Callable[..., object]:
        def and_then_write(pk: int, day_us: int) -> object:
            stored, recomputed = read(pk, day_us)
            looks.append(day_us)
            return ({} if len(looks) == 1 else stored), recomputed

        return and_then_write

    monkeypatch.setattr(module, "rollups_on", look(module.rollups_on))
    assert differences(span(), write=write) == []
    assert len(looks) == 2


def test_what_begins_before_raw_from_is_left_alone() -> None:
    Tag.objects.update(retention_days=2)
    ingest(NOW - timedelta(days=3), NOW)
    ingest(NOW - timedelta(days=4), value=46.0)  # an anomaly, which stays
    apply_retention(now=NOW)
    assert Measurement.objects.count() == 2
    before = list(Rollup.objects.order_by("id").values())
    assert differences(span(), write=True) == []
    assert list(Rollup.objects.order_by("id").values()) == before


def test_an_interval_that_raw_from_cuts_is_left_alone_and_those_behind_are_not() -> None:
    ingest(NOW, NOW + timedelta(seconds=30), NOW + timedelta(seconds=60))
    Series.objects.update(raw_from=NOW + timedelta(seconds=10), measurements=2, recent_values=None)
    Measurement.objects.get(timestamp=NOW).delete()
    Rollup.objects.update(count=9)
    assert [str(one) for one in differences(span())] == [f"{TAG} 60 s 2026-01-31T12:01:00Z count: 9 -> 1"]


def test_the_newest_of_a_tag_may_be_deleted_and_stays_known() -> None:
    Tag.objects.update(retention_days=2)
    ingest(NOW - timedelta(days=5))
    apply_retention(now=NOW)
    assert differences(span()) == []
    assert Series.objects.get().last == NOW - timedelta(days=5)
