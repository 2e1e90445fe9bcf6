"""The slope of the last minutes: exact for lines, robust, causal, and not significant without a trend."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.batches.forecast.trend import AT_ONCE, HOLD, WINDOW, held, trends

numbers = st.floats(-1e3, 1e3, allow_nan=False)
slopes = st.floats(1e-3, 1e2) | st.floats(-1e2, -1e-3)


@given(level=numbers, slope=slopes, length=st.integers(WINDOW, 60))
def test_a_line_has_its_own_slope_and_level(level: float, slope: float, length: int) -> None:
    values = level + slope * np.arange(length, dtype=np.float64)
    found = trends(values)
    assert np.isnan(found.level[: WINDOW - 1]).all()
    np.testing.assert_allclose(found.slope[WINDOW - 1 :], slope, rtol=1e-6)
    np.testing.assert_allclose(found.level[WINDOW - 1 :], values[WINDOW - 1 :], rtol=1e-6, atol=1e-6)
    assert found.is_significant[WINDOW - 1 :].all()


@given(st.lists(numbers, min_size=WINDOW, max_size=40), st.integers(WINDOW, 40))
def test_later_values_change_nothing(values: list[float], known: int) -> None:
    whole, part = trends(np.array(values)), trends(np.array(values[:known]))
    np.testing.assert_array_equal(whole.slope[:known], part.slope)
    np.testing.assert_array_equal(whole.is_significant[:known], part.is_significant)


def test_three_wild_values_of_fifteen_change_the_slope_little() -> None:
    values = 100 - 2.0 * np.arange(WINDOW, dtype=np.float64)
    values[[3, 7, 11]] = 900, -900, 900
    assert trends(values).slope[-1] == pytest.approx(-2, rel=0.15)


def test_noise_is_rarely_a_trend() -> None:
    values = np.random.default_rng(1).standard_normal(10_000)
    assert trends(values).is_significant.mean() < 0.005


def test_long_signals_are_computed_in_parts() -> None:
    values = np.random.default_rng(2).standard_normal(AT_ONCE + 100)
    whole, end = trends(values), trends(values[-200:])
    np.testing.assert_array_equal(whole.slope[-100:], end.slope[-100:])


def test_short_gaps_hold_the_last_value_and_long_ones_end_the_trend() -> None:
    values = np.arange(60.0)
    values[20 : 20 + HOLD] = np.nan
    assert held(values)[20 : 20 + HOLD].tolist() == [19] * HOLD
    assert trends(values).is_significant[WINDOW - 1 :].all()
    values[20 : 21 + HOLD] = np.nan
    assert not trends(values).is_significant[20 + HOLD : 20 + HOLD + WINDOW].any()
    assert not trends(values[:5]).is_significant.any()
