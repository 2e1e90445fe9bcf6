"""Filters on minute values: exact on lines, blind to gaps, local in time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.batches.soft_sensors.drawn_samples import with_samples_back
from monitoring.batches.soft_sensors.filters import accumulated, hold, integral, running_total, slope, smooth

GAPS = st.lists(st.booleans(), min_size=60, max_size=60).map(np.array)
NAN = float("nan")


@given(GAPS, st.floats(30, 600))
def test_a_constant_is_itself_through_any_gaps(is_missing, time_constant_s):
    values = np.where(is_missing, NAN, 7.0)
    np.testing.assert_allclose(smooth(values, time_constant_s), values)


@given(GAPS)
def test_the_slope_of_a_line_is_exact_through_any_gaps(is_missing):
    values = np.where(is_missing, NAN, 1e6 + 0.25 * np.arange(60))
    found = slope(values, 10)
    np.testing.assert_allclose(found[np.isfinite(found)], 0.25, rtol=1e-6)
    assert np.isnan(found[is_missing]).all()
    count = np.convolve(~is_missing, np.ones(10))[:60]
    assert (np.isfinite(found) == (~is_missing & (count > 5))).all()


@given(st.integers(0, 2**32 - 1))
def test_a_part_has_the_values_of_the_whole(seed):
    values = np.random.default_rng(seed).normal(5, 1, 200)
    np.testing.assert_allclose(smooth(values[60:], 90)[60:], smooth(values, 90)[120:], rtol=1e-4)
    np.testing.assert_allclose(slope(values[60:], 10)[60:], slope(values, 10)[120:], atol=1e-9)


def test_a_slow_tag_holds_between_its_values_and_a_longer_gap_stays():
    every_fourth = np.where(np.arange(40) % 4 == 0, np.arange(40.0), NAN)
    every_fourth[20:33] = NAN
    found = hold(every_fourth)
    assert found[:5].tolist() == [0, 0, 0, 0, 4]
    assert np.isfinite(found[:22]).all()
    assert np.isnan(found[22:36]).all()
    every_minute = np.where(np.arange(40) == 7, NAN, 1.0)
    assert np.isnan(hold(every_minute)[7])
    assert np.isnan(hold(np.array([NAN, 2.0, NAN]))).tolist() == [True, False, True]


def test_a_totaliser_goes_on_after_a_reset():
    found = running_total(np.array([NAN, 5.0, 9.0, 0.0, NAN, 2.0]))
    np.testing.assert_allclose(found[[1, 2, 3, 5]], [5, 9, 9, 11])


@pytest.mark.parametrize("decay", [0.0, 0.05, 2.0])
def test_a_constant_rate_accumulates_by_the_exact_solution(decay):
    hour = np.arange(600) / 60
    exact = 3 * hour if decay == 0 else 3 / decay * (1 - np.exp(-decay * hour))
    np.testing.assert_allclose(accumulated(np.full(600, 3.0), decay), exact, atol=1e-9)


def test_an_integral_bridges_an_hour_and_no_more():
    rates = np.full(300, 6.0)
    counted = np.ones(300, dtype=np.bool_)
    rates[100:159] = NAN
    assert integral(rates, counted)[-1] == pytest.approx(6 * 299 / 60)
    rates[100:161] = NAN
    assert np.isnan(integral(rates, counted)[161:]).all()
    assert np.isnan(integral(np.full(300, NAN), counted)).all()


class TestDrawnSamples:
    """Weights in kg: 5 g/min of feed, 0.3 g of noise, samples of 20 g."""

    hour = np.arange(240) / 60
    noise = np.random.default_rng(3).normal(0, 0.0003, 240)
    undisturbed = 10 + 0.005 * np.arange(240) + noise

    def drawn(self, minute: float, grams: float) -> np.ndarray:
        """Return the mean weight a minute when a sample is drawn at a time in minutes."""
        share = np.clip(np.arange(240) + 1 - minute, 0, 1)
        return self.undisturbed - grams / 1000 * share

    @pytest.mark.parametrize("minute", [100.0, 100.1, 100.5, 100.9, 3.5, 236.5])
    def test_a_sample_is_added_back_wherever_in_its_minute(self, minute):
        found = with_samples_back(self.drawn(minute, 20), self.hour)
        np.testing.assert_allclose(found, self.undisturbed, atol=0.004)

    def test_a_small_sample_counts_only_near_the_time_that_a_person_entered(self):
        weight = self.drawn(100.5, 8)
        np.testing.assert_allclose(with_samples_back(weight, self.hour), weight, atol=1e-9)
        found = with_samples_back(weight, self.hour, [100 / 60])
        np.testing.assert_allclose(found, self.undisturbed, atol=0.004)

    def test_gaps_stay_and_evaporation_in_a_gap_is_no_sample(self):
        weight = 10 - 0.0003 * np.arange(240.0)
        weight[100:180] = NAN
        np.testing.assert_allclose(with_samples_back(weight, self.hour), weight, atol=1e-9)

    def test_too_few_values_stay_as_they_are(self):
        weight = np.full(240, NAN)
        weight[:5] = 10
        assert with_samples_back(weight, self.hour) is weight
