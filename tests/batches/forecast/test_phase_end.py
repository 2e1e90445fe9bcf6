"""The expected end of a phase from past batches, and how often that was right."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.batches.forecast.crossing import HitRate
from monitoring.batches.forecast.phase_end import (
    ELAPSED,
    POINTS,
    TIME,
    PastPhase,
    forecast_by,
    forecast_phase_end,
    hit_rate,
)


def grown(hours: float, begin: float = 0.0) -> PastPhase:
    """A phase that ends at progress 5, at a constant rate; ``begin`` is in hours of elapsed time."""
    share = np.linspace(0, 1, POINTS)
    return PastPhase(hours, {"growth": 5 * share, ELAPSED: begin + hours * share})


@given(st.floats(1, 20), st.floats(0, 0.95))
def test_equal_batches_end_alike(hours: float, share: float) -> None:
    found = forecast_by([grown(hours)] * 11, TIME, share * hours)
    assert found is not None
    assert found.hours == pytest.approx((1 - share) * hours, abs=0.01)
    assert found.low == pytest.approx(found.high)
    assert found.record == HitRate(11, 11)


def test_the_best_coordinate_counts() -> None:
    """Batches of different speed that all end at progress 5: time is wrong, growth is right."""
    past = [grown(hours) for hours in np.linspace(6, 7, 12)]
    by_time, by_growth = forecast_by(past, TIME, 4.5), forecast_by(past, "growth", 4.2)
    assert by_time is not None
    assert by_growth is not None
    assert by_time.record.share < by_growth.record.share == 1
    assert forecast_phase_end(past, {TIME: 4.5, "growth": 4.2}) == by_growth
    assert by_growth.low < by_growth.hours < by_growth.high
    assert forecast_phase_end(past, {TIME: 8.0}) is None, "longer than all past ones"
    assert forecast_phase_end([], {TIME: 1.0}) is None


def test_a_batch_that_ends_by_the_clock_is_forecast_by_the_clock() -> None:
    past = [grown(20 - begin, begin) for begin in np.linspace(6, 8, 12)]
    found = forecast_phase_end(past, {TIME: 4.0, ELAPSED: 12.0})
    assert found is not None
    assert found.hours == pytest.approx(8)
    assert found.record == HitRate(12, 12)


def test_chance_is_not_right_often_enough() -> None:
    random = np.random.default_rng(3)
    past = [grown(hours) for hours in random.uniform(2, 20, 40)]
    found = forecast_by(past, TIME, 1.0)
    assert found is not None
    assert found.record.tries > 30
    assert not found.record.is_shown


def test_batches_without_the_coordinate_say_nothing() -> None:
    past = [PastPhase(5.0)] * 12
    assert forecast_by(past, "growth", 1.0) is None
    assert hit_rate(past, "growth", 1.0) == HitRate()
    mixed = forecast_by([*past, grown(5), grown(5.1), grown(4.9)], "growth", 1.0)
    assert mixed is not None
    assert mixed.record.tries == 0, "each has only two others"
