"""Minutes until a limit is crossed, and how often that was right in past batches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.batches.forecast.crossing import HIGH, HORIZON, LOW, HitRate, Limit, hindcast, minutes_until
from monitoring.batches.forecast.trend import WINDOW, trends
from monitoring.kernel.arrays import FloatArray

DO_LIMIT = Limit(LOW, 20.0)


def forecasts(values: FloatArray, limit: Limit) -> FloatArray:
    return minutes_until(trends(values), values, limit)


def record(values: FloatArray, limit: Limit) -> HitRate:
    return hindcast(forecasts(values, limit), values, limit)


@given(distance=st.floats(1, 100), minutes=st.floats(0.5, HORIZON - 3), side=st.sampled_from((LOW, HIGH)))
def test_a_line_is_forecast_exactly(distance: float, minutes: float, side: str) -> None:
    slope = distance / minutes * (-1 if side == LOW else 1)
    values = 50 + slope * (np.arange(20.0) - 19)
    limit = Limit(side, 50 + slope * minutes)
    assert forecasts(values, limit)[-1] == pytest.approx(minutes, rel=1e-6)
    other = Limit(HIGH if side == LOW else LOW, limit.value)
    assert np.isnan(forecasts(values, other)).all()


def test_beyond_the_horizon_or_the_limit_there_is_no_forecast() -> None:
    values = 100 - np.arange(120.0)
    found = forecasts(values, DO_LIMIT)
    given_at = np.flatnonzero(np.isfinite(found))
    assert given_at.tolist() == list(range(52, 80)), "two minutes after the first of 30 min, until 1 min"
    assert np.isnan(forecasts(np.full(60, 30.0), DO_LIMIT)).all(), "no trend"


def fall(seed: int, *, stops_at: float = 0.0) -> FloatArray:
    """A probe that falls from 60 % by 1 % a minute, with noise, down to ``stops_at``."""
    noise = 0.3 * np.random.default_rng(seed).standard_normal(120)
    return np.maximum(60 - np.arange(120.0), stops_at) + noise


def test_ten_falls_through_the_limit_are_ten_right_forecasts() -> None:
    found = sum((record(fall(seed), DO_LIMIT) for seed in range(10)), HitRate())
    assert found == HitRate(10, 10)
    assert found.is_shown
    assert found.share == 1


def test_falls_that_end_above_the_limit_are_wrong_forecasts() -> None:
    found = sum((record(fall(seed, stops_at=25), DO_LIMIT) for seed in range(10)), HitRate())
    assert found == HitRate(0, 10)
    assert not found.is_shown


def test_nine_tries_are_too_few_and_seven_of_ten_hits() -> None:
    assert not HitRate(9, 9).is_shown
    assert not HitRate(7, 10).is_shown
    assert HitRate(8, 10).is_shown
    assert HitRate().share == 0


@pytest.mark.parametrize("kind", ["noise", "random walk"])
def test_chance_is_never_shown(kind: str) -> None:
    found = HitRate()
    for seed in range(20):
        values = np.random.default_rng(seed).standard_normal(1200)
        values = np.cumsum(values) if kind == "random walk" else values
        for side, share in ((LOW, 0.1), (HIGH, 0.9)):
            found += record(values, Limit(side, float(np.quantile(values, share))))
    assert not found.is_shown
    assert found.share < 0.3
    assert kind == "noise" or found.tries > 100


def test_a_forecast_whose_time_the_data_do_not_cover_is_no_try() -> None:
    whole = fall(1)
    first = int(np.flatnonzero(np.isfinite(forecasts(whole, DO_LIMIT)))[0])
    needed = first + 1 + int(np.ceil(1.5 * forecasts(whole, DO_LIMIT)[first]))
    assert record(whole[:needed], DO_LIMIT).tries == 1
    assert record(whole[: needed - 1], DO_LIMIT).tries == 0, "also if it was crossed already"
    with_gap = whole.copy()
    with_gap[first + 2 : first + 15] = np.nan
    assert record(with_gap, DO_LIMIT).tries == 0


def test_two_approaches_are_two_tries() -> None:
    again = np.concatenate([fall(1), np.full(2 * WINDOW, 60.0), fall(2), np.full(2 * WINDOW, 60.0)])
    assert record(again, DO_LIMIT) == HitRate(2, 2)
