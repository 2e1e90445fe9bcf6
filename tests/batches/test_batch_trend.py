"""Trend of a tag over a batch: only its bound time, extremes kept, the setpoint as steps."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.batches.batch_trend import (
    BatchTrend,
    TrendRange,
    range_of,
    read_batch_trend,
    rows_within,
    steps_of,
)
from monitoring.batches.elapsed import clipped_end, elapsed_h
from monitoring.batches.errors import BatchInputError
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.clock import to_micros
from monitoring.kernel.rollups import buckets_of
from monitoring.models import Batch, Tag, Vessel

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TEMPERATURE, SETPOINT = "fermenter_temp", "temp_sp"


@pytest.fixture
def vessel(db: None) -> Vessel:
    return Vessel.objects.create(name="v1", made_at=NOON)


@pytest.fixture
def batch(vessel: Vessel) -> Batch:
    """From noon to 18:00, inoculated at 13:00."""
    vessel.bindings.create(tag=Tag.objects.get(name=TEMPERATURE), role="temperature")
    return Batch.objects.create(
        vessel=vessel,
        name="b1",
        state="complete",
        start=NOON,
        inoculated_at=NOON + HOUR,
        end=NOON + 6 * HOUR,
        changed_at=NOON,
    )


def store(tag: str, readings: Iterable[tuple[float, float]]) -> None:
    """Store values at minutes after noon."""
    ingest_readings(
        [
            {"timestamp": (NOON + minute * MINUTE).isoformat(), "tag": tag, "value": value}
            for minute, value in readings
        ]
    )


def trend(batch: Batch, points: int = 600, tag: str = TEMPERATURE, role: str = "") -> BatchTrend:
    within = range_of(batch, start=None, end=None, points=points, now=NOON + 24 * HOUR)
    return read_batch_trend(batch, within, tag="" if role else tag, role=role)


def test_only_the_time_of_the_batch_counts_and_0_h_is_the_inoculation(batch: Batch) -> None:
    store(TEMPERATURE, [(-1, 44), (0, 36), (60, 37), (359, 38), (360, 44)])
    buckets = trend(batch).buckets
    assert buckets.maximum.tolist() == [36, 37, 38]
    assert elapsed_h(batch, buckets.start).round(2).tolist() == [-1, 0, 4.98]


@pytest.mark.parametrize("points", [1, 2, 5, 40, 600])
def test_extremes_outlive_any_number_of_points_and_neighbours_stay_out(batch: Batch, points: int) -> None:
    store(TEMPERATURE, [(minute, 36 + minute % 7 / 10) for minute in range(0, 360, 5)])
    store(TEMPERATURE, [(-2, 49), (361, 49), (187, 41), (188, 31)])
    buckets = trend(batch, points).buckets
    assert len(buckets) <= points
    assert (buckets.maximum.max(), buckets.minimum.min()) == (41, 31)
    assert buckets.count.sum() == 74


@given(start=st.integers(0, 3_000), length=st.integers(0, 3_000))
def test_edges_of_coarse_rollups_are_read_from_finer_ones(start: int, length: int) -> None:
    minute = 60_000_000
    first, stop = start * minute, (start + length) * minute

    def rollups(tag: int | None, source_s: int, first_us: int, stop_us: int) -> object:
        width = source_s * 1_000_000
        at = np.arange(-(-first_us // width) * width, stop_us, width)
        return buckets_of(at, np.full(len(at), source_s // 60.0), np.zeros(len(at), bool))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("monitoring.batches.batch_trend.rows_between", rollups)
        found = rows_within(1, 3_600, first, stop)
    assert found.total.sum() == length  # each minute once
    ends = found.start + (found.total * minute).astype(int)
    assert (ends[:-1] == found.start[1:]).all()


def test_a_moved_tag_counts_while_bound_and_a_role_follows_its_tags(batch: Batch) -> None:
    first = batch.vessel.bindings.get()
    first.end = NOON + 2 * HOUR
    first.save()
    other = Tag.objects.create(name="temp_2", valid_min=0, valid_max=99)
    batch.vessel.bindings.create(tag=other, role="temperature", begin=NOON + 2 * HOUR)
    store(TEMPERATURE, [(60, 36), (180, 44)])
    store(other.name, [(60, 44), (180, 37)])
    assert trend(batch).buckets.maximum.tolist() == [36]
    found = trend(batch, role="temperature")
    assert found.buckets.maximum.tolist() == [36, 37]
    assert found.binding.tag == other


@pytest.mark.parametrize(("tag", "role"), [("fermenter_ph", ""), ("", "ph"), ("", "other")])
def test_a_tag_of_another_vessel_is_an_error(batch: Batch, tag: str, role: str) -> None:
    with pytest.raises(BatchInputError):
        trend(batch, tag=tag, role=role)


def test_a_running_batch_ends_now_and_a_planned_one_is_empty(batch: Batch) -> None:
    batch.end = None
    assert clipped_end(batch, NOON + 2 * HOUR) == NOON + 2 * HOUR
    assert clipped_end(batch, NOON - HOUR) == NOON
    batch.start = None
    store(TEMPERATURE, [(60, 36)])
    assert len(trend(batch).buckets) == 0


def test_a_setpoint_sent_at_changes_only_is_held(batch: Batch) -> None:
    tag = Tag.objects.create(name=SETPOINT, valid_min=0, valid_max=99)
    batch.vessel.bindings.create(tag=tag, role="temperature", function="setpoint")
    store(SETPOINT, [(-90, 30), (-30, 37), (100.5, 35), (200, 35)])
    setpoint = trend(batch).setpoint
    assert setpoint is not None
    assert elapsed_h(batch, setpoint.time_us).round(3).tolist() == [-1, 0.675, 5]
    assert setpoint.value.tolist() == [37, 35, 35]
    assert trend(batch, tag=SETPOINT).setpoint is None


@given(
    st.lists(st.tuples(st.integers(1, 50), st.sampled_from([36.0, 37.0, 38.0])), min_size=1, max_size=30),
    st.sampled_from([1, 4]),
)
def test_steps_of_single_readings_are_the_changes(readings: list[tuple[int, float]], step: int) -> None:
    time_us = np.cumsum([gap for gap, _ in readings]) * step
    value = np.array([value for _, value in readings])
    found = steps_of("tag", buckets_of(time_us, value, np.zeros(len(value), bool)), TrendRange(0, 9_999, 1))
    held = found.value[np.searchsorted(found.time_us, time_us, "right") - 1]
    assert held.tolist() == value.tolist()
    assert (np.diff(found.value)[:-1] != 0).all()


def test_before_the_inoculation_time_counts_from_the_start(batch: Batch) -> None:
    batch.inoculated_at = None
    assert elapsed_h(batch, np.array([to_micros(NOON + HOUR)])).tolist() == [1]
