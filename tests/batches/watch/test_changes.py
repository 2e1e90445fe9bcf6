"""Causal means and changes of channels with gaps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.batches.watch.changes import change, exponential_mean, long_change

VALUES = st.lists(st.floats(-100, 100) | st.just(float("nan")), min_size=1, max_size=120)


@given(VALUES, st.sampled_from([1.0, 5.0, 10.0]))
@settings(max_examples=40)
def test_exponential_mean_weighs_by_age(values: list[float], minutes: float) -> None:
    row = np.array(values)
    found = exponential_mean(row[None], minutes)[0]
    for place in range(len(row)):
        past = row[: place + 1][::-1]
        known = np.isfinite(past)
        weights = np.exp(-np.arange(len(past)) / minutes)[known]
        if known[0]:
            assert found[place] == pytest.approx((weights @ past[known]) / weights.sum(), abs=1e-3)
        else:
            assert np.isnan(found[place])


def test_a_step_is_a_change_after_five_minutes_and_no_longer_after_an_hour() -> None:
    step = np.where(np.arange(240) < 100, 0.0, 2.0)[None]
    found = change(step)[0]
    assert found[99] == 0
    assert found[104] == 2
    assert found[101] == pytest.approx(0.8)  # two of five minutes
    assert found[100 + 65] == 0


def test_a_phase_begins_without_changes() -> None:
    noise = np.random.default_rng(1).standard_normal((2, 90))
    assert not change(noise)[:, :30].any()
    assert not long_change(noise)[:, :75].any()
    assert long_change(noise)[:, 75:].all()


def test_a_long_change_is_against_the_whole_phase_before() -> None:
    values = np.random.default_rng(2).standard_normal(200)
    at = 180
    expected = values[at - 19 : at + 1].mean() - values[15 : at - 45].mean()
    assert long_change(values[None])[0, at] == pytest.approx(expected)


def test_changes_need_values_on_both_sides() -> None:
    values = np.zeros((1, 120))
    values[0, 90:100] = np.nan
    values[0, :60] = np.nan
    assert np.isnan(change(values)[0, 98])  # nothing in the last five minutes
    assert np.isnan(change(values)[0, 80])  # nothing before
    assert change(values)[0, 110] == 0
