"""Ticks and paths of the charts of a report."""

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from monitoring.dashboard.report_chart import ReportAxes, segments, ticks


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9), st.integers(2, 12))
def test_ticks_are_few_even_and_inside(low: float, span: float, most: int) -> None:
    found = ticks(low, low + span, most)
    assert len(found) <= most + 1
    margin = 1e-6 * max(1.0, abs(low), span)
    assert all(low - margin <= each <= low + span + margin for each in found)
    steps = [after - before for before, after in pairwise(found)]
    assert all(math.isclose(step, steps[0], rel_tol=1e-3) for step in steps) or span < 1e-3


def test_ticks_are_round_numbers() -> None:
    assert ticks(34.2, 39.1, 4) == [36, 38]
    assert ticks(0, 1, 5) == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert ticks(5, 5, 4) == [5]


def test_a_line_is_interrupted_where_a_bucket_is_missing() -> None:
    course = {"t": [0, 60_000, 180_000, 240_000], "resolution_s": 60}
    assert list(segments(course)) == [range(2), range(2, 4)]


def test_a_chart_of_one_value_has_a_scale() -> None:
    axes = ReportAxes(0.0, 0.0, 1.0, 1.0)
    assert math.isfinite(axes.x(0.0))
    assert math.isfinite(axes.y(1.0))
