"""Rollups and series: whatever comes and however, they are what the measurements say."""

import math
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from itertools import groupby

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from monitoring.history.rollup_rows import read_rollups
from monitoring.ingest import open_minutes
from monitoring.ingest.pipeline import ingest_readings
from monitoring.ingest.rebuild import rebuild, spans_of
from monitoring.kernel.clock import FIRST_MICROS, LAST_MICROS, from_micros
from monitoring.models import Measurement, Rollup, Series, Tag

START = datetime(2026, 1, 31, 23, 50, tzinfo=UTC)  # a day, and with it every interval, ends soon
RESOLUTIONS = [timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(days=1)]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIELDS = ("count", "minimum", "minimum_at", "maximum", "maximum_at", "anomalies")
TAGS = ("fermenter_temp", "fermenter_ph")

pytestmark = pytest.mark.django_db


def reading(second: float, value: float, tag: str = TAGS[0], start: datetime = START) -> dict[str, object]:
    return {"timestamp": (start + timedelta(seconds=second)).isoformat(), "tag": tag, "value": value}


def stored_rollups(tag: Tag, resolution: timedelta) -> dict[datetime, dict[str, object]]:
    """The tag's rollups by their start, those of its open minute among them."""
    found = read_rollups(tag.pk, int(resolution.total_seconds()), FIRST_MICROS, LAST_MICROS)
    names = [field.name for field in fields(found)]
    rows = zip(*(getattr(found, name).tolist() for name in names), strict=True)
    return {
        from_micros(start): {
            name: from_micros(value) if name.endswith("_at") else value
            for name, value in zip(names[1:], row, strict=True)
        }
        for start, *row in rows
    }


def recalculated(tag: Tag, resolution: timedelta) -> dict[datetime, dict[str, object]]:
    """The tag's rollups by their start, from nothing but its measurements, one by one."""

    def start(row: Measurement) -> datetime:
        return row.timestamp - (row.timestamp - EPOCH) % resolution

    rows = Measurement.objects.filter(tag=tag).order_by("timestamp")
    return {moment: rolled_up(list(members)) for moment, members in groupby(rows, start)}


def rolled_up(rows: list[Measurement]) -> dict[str, object]:
    """Measurements in order of time as one rollup."""
    lowest = min(rows, key=lambda row: row.value)  # the first of equals
    highest = max(rows, key=lambda row: row.value)
    return {
        "count": len(rows),
        "total": pytest.approx(sum(row.value for row in rows), rel=1e-9),
        "minimum": lowest.value,
        "minimum_at": lowest.timestamp,
        "maximum": highest.value,
        "maximum_at": highest.timestamp,
        "anomalies": sum(row.is_anomaly for row in rows),
    }


def assert_current() -> None:
    """Rollups and series of every tag are as recalculated."""
    for tag in Tag.objects.all():
        for resolution in RESOLUTIONS:
            assert stored_rollups(tag, resolution) == recalculated(tag, resolution)
        measurements = Measurement.objects.filter(tag=tag).order_by("timestamp")
        expected = {
            "measurements": measurements.count(),
            "anomalies": measurements.filter(is_anomaly=True).count(),
            "last": measurements.values_list("timestamp", flat=True).last(),
        }
        series = Series.objects.filter(tag=tag).values(*expected).first()
        assert series == expected or (series is None and not expected["measurements"])


# A few values and times, so that they repeat and contradict each other; some lie outside the limits,
# some outside the valid range. A run has enough of them for the rolling band.
VALUES = st.sampled_from([30.0, 34.9, 36.0, 36.5, 37.0, 37.0, 37.5, 46.0, 50.0, 99.0])
READINGS = st.builds(
    lambda tag, second, value: reading(second, value if tag == TAGS[0] else value / 6, tag),
    st.sampled_from(TAGS),
    st.integers(0, 1200) | st.integers(590, 640) | st.just(599.999999) | st.integers(-100_000, 100_000),
    VALUES,
)
RUNS = st.builds(
    lambda first, values: [reading(first + place, value) for place, value in enumerate(values)],
    st.integers(560, 620),
    st.lists(VALUES, min_size=12, max_size=70),
)
BATCHES = st.lists(st.lists(READINGS, min_size=1, max_size=12) | RUNS, min_size=1, max_size=6)


@pytest.mark.no_cover
class TestAnySequence(TestCase):
    """Each example runs in a transaction of its own."""

    @settings(max_examples=80)
    @given(BATCHES, st.randoms(use_true_random=False))
    def test_rollups_and_series_are_what_the_measurements_say(self, batches, rng) -> None:
        ingest_readings(batches[0])
        assert_current()
        again = [*batches, rng.choice(batches)]
        rng.shuffle(again)
        for batch in again:
            rng.shuffle(batch)
            ingest_readings(batch)
            if rng.random() < 0.5:
                close_minutes()
        assert_current()


def close_minutes() -> None:
    open_minutes.close(list(Tag.objects.values_list("id", flat=True)))


WIDE = "wide"
EXTREMES = st.sampled_from([1.0, 0.1, -0.1, 1e16, -1e16, -0.0, 3e-300]) | st.floats(-1e18, 1e18)


class TestAnyMagnitude(TestCase):
    """Each example runs in a transaction of its own."""

    @settings(max_examples=40)
    @given(
        st.lists(EXTREMES, min_size=1, max_size=60), st.lists(st.integers(1, 20), min_size=60, max_size=60)
    )
    @example([1.0, 1e16, 1.0, -1e16] * 15, [1] * 60)
    def test_sums_are_right_to_their_bound_and_nothing_is_to_be_rebuilt(self, values, sizes) -> None:
        Tag.objects.get_or_create(name=WIDE, valid_min=-1e100, valid_max=1e100)
        items = [reading(second, value, WIDE) for second, value in enumerate(values)]
        for size in sizes:
            ingest_readings(items[:size])
            items = items[size:]
        close_minutes()
        bound = len(values) * 2**-53 * math.fsum(map(abs, values))
        for resolution in RESOLUTIONS:
            rows = Rollup.objects.filter(tag__name=WIDE, resolution_s=int(resolution.total_seconds()))
            total = math.fsum(rows.values_list("total", flat=True))
            assert abs(total - math.fsum(values)) <= bound
        (span,) = spans_of([WIDE], None, None, now=START)
        assert [difference for _, part in rebuild(span, write=False) for difference in part] == []


def test_twenty_thousand_readings_one_batch_late() -> None:
    items = [
        reading(second, 37.0 + second % 7 / 10 + 5 * (second % 97 == 0)) for second in range(0, 40_000, 2)
    ]
    late = items[4_000:5_000]
    ingest_readings(items[:4_000] + items[5_000:])
    ingest_readings(late)
    assert_current()


def test_before_1970_intervals_begin_before_what_they_hold() -> None:
    ingest_readings([reading(second, 37.0, start=EPOCH) for second in (-86_400.5, -61, -60, -0.000001, 0)])
    assert_current()
    assert Rollup.objects.filter(start=EPOCH - timedelta(days=1), resolution_s=86_400).get().count == 3


def test_a_flag_that_a_late_reading_turns_is_turned_in_the_rollups_too() -> None:
    wave = [39.0, 41.0] * 10
    ingest_readings([reading(second, value) for second, value in enumerate([*wave, 43.5], start=1)])
    assert Series.objects.get().anomalies == 1
    ingest_readings([reading(0, 44.9)])
    assert Series.objects.get().anomalies == 0
    assert_current()


def test_of_equal_extremes_the_first_time_counts_whenever_it_comes() -> None:
    for second in (30, 50, 10, 20):
        ingest_readings([reading(second, 37.0)])
    close_minutes()
    (row,) = Rollup.objects.filter(resolution_s=60)
    assert row.minimum_at == row.maximum_at == START + timedelta(seconds=10)


def test_what_was_refused_or_is_there_already_moves_nothing() -> None:
    ingest_readings([reading(0, 37.0)])
    before = list(Rollup.objects.order_by("id").values()), list(Series.objects.values())
    ingest_readings([reading(0, 37.0), reading(0, 38.0), reading(1, 99.0), reading(1, 37.0, "no_such_tag")])
    assert (list(Rollup.objects.order_by("id").values()), list(Series.objects.values())) == before
