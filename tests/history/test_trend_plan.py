"""Trends: any range of time in a bounded number of buckets, which stay as they are while a chart moves."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.history.trend_plan import EVER, LADDER, MEASUREMENTS, BucketStep, means, source_rows, steps
from monitoring.kernel.clock import FIRST_MICROS, SECOND_US, to_micros
from monitoring.kernel.rollups import RESOLUTIONS_S, Buckets, buckets_of

LAST_MICROS = to_micros(datetime.max.replace(tzinfo=UTC))
MINUTE, HOUR, DAY = 60, 3_600, 86_400

moments = st.integers(FIRST_MICROS, LAST_MICROS)
lengths = st.integers(0, 57).flatmap(lambda bits: st.integers(0, 2**bits))
points = st.integers(1, 5_000)


@st.composite
def ranges(draw: st.DrawFn) -> tuple[int, int]:
    """The ends of a range of any length within the years 1 to 9999."""
    first = draw(moments)
    return first, min(first + draw(lengths), LAST_MICROS)


@st.composite
def measured(draw: st.DrawFn) -> Buckets:
    """Some measurements of a few minutes, before and after the epoch, of few values and so with ties."""
    time_us = sorted(draw(st.sets(st.integers(-200 * SECOND_US, 200 * SECOND_US), max_size=60)))
    several: dict[str, Any] = {"min_size": len(time_us), "max_size": len(time_us)}
    values = draw(st.lists(st.sampled_from([36.9, 37.0, 37.1]), **several))
    flags = draw(st.lists(st.booleans(), **several))
    return buckets_of(np.array(time_us, dtype=np.int64), np.array(values), np.array(flags, dtype=bool))


@pytest.mark.parametrize(
    ("span_s", "resolution_s"),
    [
        (1, 0.002),
        (10, 0.02),
        (2 * MINUTE, 0.5),
        (5 * MINUTE, 1),
        (HOUR, 10),
        (2 * HOUR, 60),
        (DAY, 300),
        (7 * DAY, 1_200),
        (30 * DAY, 2 * HOUR),
        (90 * DAY, 6 * HOUR),
        (365 * DAY, DAY),
        (3_650 * DAY, 7 * DAY),
    ],
)
def test_a_chart_of_600_points_has_a_round_resolution(span_s: int, resolution_s: float) -> None:
    assert next(steps(0, span_s * SECOND_US, 600)).seconds == resolution_s


@given(ranges(), points)
def test_there_are_never_more_buckets_than_asked_for(ends: tuple[int, int], points: int) -> None:
    for step in steps(*ends, points):
        start, end = step.reach(*ends)
        assert start <= ends[0] <= ends[1] < end
        assert 1 <= (end - start) / step.us <= points


@pytest.mark.parametrize("beyond", [-1, 0, 1])
@pytest.mark.parametrize("points", [2, 3, 600])
def test_nor_where_a_range_just_fits(points: int, beyond: int) -> None:
    for tight in LADDER[:-1]:
        span_us = (points - 1) * tight.us + beyond
        step = next(steps(0, span_us, points))
        for first in (0, 1, step.us - 1):
            start, end = step.reach(first, first + span_us)
            assert (end - start) / step.us <= points


@given(ranges(), points)
def test_there_is_always_a_step_that_needs_no_measurements(ends: tuple[int, int], points: int) -> None:
    assert [step for step in steps(*ends, points) if step.source_s != MEASUREMENTS]


@given(ranges(), points)
def test_few_rows_lie_under_a_chart(ends: tuple[int, int], points: int) -> None:
    for step in steps(*ends, points):
        start, end = step.reach(*ends)
        if step.source_s in RESOLUTIONS_S[:-1]:
            assert (end - start) / (step.source_s * SECOND_US) <= source_rows(points)


@given(ranges(), st.integers(2, 5_000), st.integers(-(10**15), 10**15))
def test_the_steps_do_not_change_while_a_chart_moves(ends: tuple[int, int], points: int, by: int) -> None:
    moved = (ends[0] + by, ends[1] + by)
    assert list(steps(*moved, points)) == list(steps(*ends, points))


def test_each_step_is_longer_than_the_last_and_whole_in_its_source() -> None:
    widths = [step.us for step in LADDER]
    assert widths == sorted(set(widths))
    for step in LADDER:
        divisors = [s for s in RESOLUTIONS_S if step.us % (s * SECOND_US) == 0]
        assert step.source_s == max(divisors, default=MEASUREMENTS)


def test_one_point_takes_in_all_times() -> None:
    (step,) = steps(FIRST_MICROS, LAST_MICROS, 1)
    assert step == EVER
    everything = buckets_of(np.array([FIRST_MICROS, 0, LAST_MICROS]), np.arange(3.0), np.ones(3, dtype=bool))
    whole = step.bucketed(everything)
    assert whole.start.tolist() == [FIRST_MICROS]
    assert whole.count.tolist() == whole.anomalies.tolist() == [3]


@given(measured(), st.sampled_from([*LADDER, EVER]))
def test_buckets_hold_what_lies_in_them(source: Buckets, step: BucketStep) -> None:
    found = step.bucketed(source)
    assert found.count.sum() == len(source)
    assert found.start.tolist() == sorted({step.reach(us, us)[0] for us in source.start.tolist()})
    for place, start in enumerate(found.start):
        inside = (source.start >= start) & (source.start < start + step.us)
        value, time_us = source.total[inside], source.start[inside]
        assert found.count[place] == inside.sum()
        assert (found.minimum[place], found.maximum[place]) == (value.min(), value.max())
        assert found.minimum_at[place] == time_us[value.argmin()]
        assert found.maximum_at[place] == time_us[value.argmax()]
        assert found.anomalies[place] == source.anomalies[inside].sum()
        assert means(found)[place] == pytest.approx(value.mean(), rel=1e-12)


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=9))
def test_a_mean_is_never_outside_the_extremes(values: list[float]) -> None:
    several = buckets_of(np.arange(len(values)), np.array(values), np.zeros(len(values), dtype=bool))
    whole = EVER.bucketed(several)
    assert min(values) <= means(whole)[0] <= max(values)
