"""Statistics and courses of a report from minute values, without a database."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.batches.report_statistics import (
    CHART_POINTS,
    MINUTE_US,
    GapSums,
    PhaseSpan,
    add_to_phases,
    chart_of,
    outside_s,
    part_of,
    phases_of,
)
from monitoring.kernel.rollups import Buckets

VALUES = st.floats(-1e6, 1e6, allow_subnormal=False)


def minutes(low: list[float], high: list[float] | None = None, *, places: list[int] | None = None) -> Buckets:
    """Return minutes of two readings each, of which one is an anomaly."""
    start = np.array(places if places is not None else range(len(low)), np.int64) * MINUTE_US
    least, most = np.array(low, float), np.array(high or low, float)
    two = np.full(len(start), 2)
    return Buckets(start, two, least + most, least, start, most, start, np.ones(len(start), np.int64))


@given(st.lists(VALUES, min_size=1, max_size=60), st.integers(0, 60))
def test_windows_make_no_difference(values: list[float], cut: int) -> None:
    stop = len(values) * MINUTE_US
    found = []
    for parts in ([(0, len(values))], [(0, cut), (cut, len(values))]):
        phases, chart = phases_of([PhaseSpan("growth", stop // 3, stop)], 0, stop), chart_of(0, stop)
        for begin, end in parts:
            part = part_of(minutes(values), begin, end)
            add_to_phases(phases, part, -1.0, 1.0)
            chart.add(part)
        found.append((chart.as_json(), [each.as_json(has_limits=True) for each in phases]))
    assert found[0][0] == found[1][0]
    for one, other in zip(found[0][1], found[1][1], strict=True):
        assert one.pop("mean") == pytest.approx(other.pop("mean"), rel=1e-6, abs=1e-3)
        assert one == other


def test_each_minute_belongs_to_the_phase_that_begins_in_it() -> None:
    spans = [PhaseSpan("one", 0, 90_000_000), PhaseSpan("two", 90_000_000, 4 * MINUTE_US)]
    whole, one, two = phases_of(spans, 0, 4 * MINUTE_US)
    add_to_phases([whole, one, two], minutes([1.0, 2.0, 3.0, 4.0]), None, None)
    assert [each.as_json(has_limits=False)["mean"] for each in (whole, one, two)] == [2.5, 1, 3]
    assert whole.as_json(has_limits=False)["outside_s"] is None


def test_a_phase_without_measurements_has_no_statistics() -> None:
    (whole,) = phases_of([], 0, MINUTE_US)
    found = whole.as_json(has_limits=True)
    assert (found["count"], found["min"], found["mean"], found["max"], found["outside_s"]) == (
        0,
        None,
        None,
        None,
        None,
    )


def test_a_minute_on_both_sides_of_a_limit_counts_by_its_anomalies() -> None:
    found = outside_s(minutes([1, 9, 1, 9], [2, 11, 11, 9]), None, 10)
    assert found.tolist() == [0, 30, 30, 0]
    assert outside_s(minutes([11, 1]), 2, 10).tolist() == [60, 60]
    assert outside_s(minutes([11, 1]), None, None).tolist() == [0, 0]


@given(st.lists(VALUES, min_size=1, max_size=3 * CHART_POINTS))
def test_a_course_keeps_extremes_in_few_buckets(values: list[float]) -> None:
    chart = chart_of(0, len(values) * MINUTE_US)
    chart.add(minutes(values))
    course = chart.as_json()
    assert len(course["t"]) <= CHART_POINTS
    assert min(course["min"]) == pytest.approx(min(values))
    assert max(course["max"]) == pytest.approx(max(values))
    assert all(
        low <= mean <= high
        for low, mean, high in zip(course["min"], course["mean"], course["max"], strict=True)
    )


@given(st.sets(st.integers(0, 50)), st.integers(0, 51))
def test_missing_minutes_are_counted_over_windows(filled: set[int], cut: int) -> None:
    places = sorted(filled)
    gaps = GapSums()
    gaps.begin(0)
    for part in ([each for each in places if each < cut], [each for each in places if each >= cut]):
        gaps.add(minutes([1.0] * len(part), places=part))
    gaps.end(51 * MINUTE_US)
    assert gaps.missing_us == (51 - len(filled)) * MINUTE_US
    text = "".join("x" if minute in filled else "-" for minute in range(51))
    assert gaps.longest_us == max(len(gap) for gap in text.split("x")) * MINUTE_US
