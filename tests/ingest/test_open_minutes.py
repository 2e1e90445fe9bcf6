"""Open minutes: wherever the newest minute of a tag is stored, every reader finds the same numbers."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from monitoring.history import export_intervals
from monitoring.history.excursions import outside_since
from monitoring.history.measurements import Selection
from monitoring.history.statistics import read_statistics
from monitoring.history.tags import definitions_of
from monitoring.history.trend import read_trend
from monitoring.ingest import open_minutes
from monitoring.ingest.pipeline import ingest_readings
from monitoring.ingest.rebuild import rebuild, spans_of
from monitoring.kernel.tag_definition import OnConflict
from monitoring.models import Measurement, Rollup, Series, Tag
from monitoring.storage.host_clock import rolled_up_until
from tests.ingest.test_rollups import assert_current

NOW = datetime(2026, 2, 1, 0, 30, tzinfo=UTC)
START = datetime(2026, 1, 31, 23, 50, tzinfo=UTC)  # a day, and with it every interval, ends soon
TAGS = ["fermenter_temp", "fermenter_ph"]
VALUES = {"fermenter_temp": [34.0, 36.0, 36.5, 37.0, 46.0], "fermenter_ph": [5.5, 6.5, 6.75, 7.0, 8.5]}

pytestmark = pytest.mark.django_db


def reading(tag: str, second: float, value: float) -> dict[str, object]:
    return {"tag": tag, "timestamp": (START + timedelta(seconds=second)).isoformat(), "value": value}


READINGS = st.sampled_from(TAGS).flatmap(
    lambda tag: st.builds(
        reading,
        st.just(tag),
        st.integers(0, 50) | st.integers(570, 640) | st.integers(0, 1_800),
        st.sampled_from(VALUES[tag]),
    )
)
RUNS = st.builds(
    lambda first, values: [reading(TAGS[0], first + place, value) for place, value in enumerate(values)],
    st.integers(560, 640),
    st.lists(st.sampled_from(VALUES[TAGS[0]]), min_size=12, max_size=60),
)
BATCHES = st.lists(st.tuples(st.lists(READINGS, min_size=1, max_size=9) | RUNS, st.booleans()), max_size=7)


def ingest(batches: Sequence[tuple[list[dict[str, object]], bool]]) -> None:
    """Store the batches; after those that are marked, close all minutes."""
    for batch, is_last in batches:
        ingest_readings(batch)
        if is_last:
            close_all()


def close_all() -> None:
    open_minutes.close(list(Tag.objects.values_list("id", flat=True)))


def answers() -> dict[str, Any]:
    """What the readers of rollups find."""
    selection = Selection(tuple(TAGS), None, None)
    plans = [export_intervals.plan_intervals(selection, each) for each in export_intervals.INTERVALS_S]
    return {
        "trend": [
            (name, points, trend.step, exact(trend.buckets))
            for name in TAGS
            for points in (1, 3, 7, 40)
            for trend in [read_trend(name, start=None, end=None, points=points)]
        ],
        "statistics": read_statistics(definitions_of(TAGS), start=None, end=None, now=NOW),
        "rows": [export_intervals.count_rows(plan, is_wide=wide) for plan in plans for wide in (True, False)],
        "intervals": [
            {name: exact(found) for name, found in window.items()}
            for plan in plans
            for window in export_intervals.windows(plan)
        ],
        "outside": outside_since(TAGS, TAGS, NOW),
        "rolled up": [rolled_up_until(name, NOW) for name in TAGS],
    }


def exact(buckets: Any) -> list[list[float]]:
    """The columns as numbers; totals depend on the order of their summands by some last bits."""
    columns = {name: getattr(buckets, name).tolist() for name in buckets.__slots__}
    return [[round(value, 6) for value in column] for column in columns.values()]


@pytest.mark.no_cover
class TestAnySequence(TestCase):
    """Each example runs in a transaction of its own."""

    @settings(max_examples=40)
    @given(BATCHES)
    def test_readers_find_the_same_before_and_after_the_minutes_are_closed(self, batches) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("monitoring.history.trend.DENSE", 0)  # charts of rollups alone
            patch.setattr("monitoring.history.statistics.LEAST_ROWS", 5)
            patch.setattr("monitoring.history.statistics.ROWS_OF_ALL", 10)
            ingest(batches)
            before = answers()
            assert_current()
            close_all()
            assert not Series.objects.exclude(open_start=None).exists()
            assert answers() == before
            assert_current()

    @settings(max_examples=40)
    @given(BATCHES)
    def test_replaced_values_and_a_rebuild_leave_the_minutes_right(self, batches) -> None:
        Tag.objects.filter(name=TAGS[0]).update(on_conflict=OnConflict.KEEP_LAST)
        ingest(batches)
        assert_current()
        assert differences(write=False) == []
        Series.objects.exclude(open_start=None).update(open_count=99, open_maximum=1e6)
        Rollup.objects.filter(tag__name=TAGS[1]).update(anomalies=7)
        differences(write=True)
        assert_current()


def differences(*, write: bool) -> list[Any]:
    spans = spans_of(TAGS, None, None, now=NOW)
    return [each for span in spans for _, found in rebuild(span, write=write) for each in found]


@pytest.fixture(params=[1, 3])
def many(request: pytest.FixtureRequest) -> list[str]:
    """The tags of a batch: one alone is stored by scalars on SQLite."""
    names = [f"sensor_{number:03}" for number in range(request.param)]
    Tag.objects.bulk_create(Tag(name=name, valid_min=-9, valid_max=9) for name in names)
    return names


def test_rollups_are_written_once_a_minute(many: list[str]) -> None:
    for second in range(3):
        ingest_readings([reading(name, second, second - 1) for name in many])
    assert not Rollup.objects.exists()
    ingest_readings([reading(name, 60, 5) for name in many])
    assert Rollup.objects.count() == len(many) * 4
    series = Series.objects.get(tag__name=many[0])
    assert (series.measurements, series.open_count, series.open_total) == (4, 1, 5)
    row = Rollup.objects.get(tag__name=many[0], resolution_s=86_400)
    assert (row.count, row.total, row.minimum, row.maximum) == (3, 0, -1, 1)
    assert row.maximum_at == START + timedelta(seconds=2)
    assert_current()


def test_readings_before_1970_and_of_several_minutes_go_to_the_rollups(many: list[str]) -> None:
    old = {"timestamp": "1969-12-31T23:59:30Z", "value": 1}
    ingest_readings([old | {"tag": name} for name in many])
    ingest_readings([reading(name, second, 2) for name in many for second in (0, 59, 60)])
    assert not Series.objects.exclude(open_start=None).exists()
    assert_current()


def test_a_late_reading_that_turns_a_flag_of_the_open_minute(many: list[str]) -> None:
    for second in range(12):
        ingest_readings([reading(name, second, second % 2 / 10) for name in many])
    ingest_readings([reading(name, 30, 0.4) for name in many])
    assert Measurement.objects.filter(is_anomaly=True).count() == len(many)
    ingest_readings([reading(name, 20, 5) for name in many])  # the band is wide now
    assert Measurement.objects.filter(is_anomaly=True).count() == len(many)
    assert_current()
