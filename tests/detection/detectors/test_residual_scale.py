"""How large an error is normally."""

import math
from array import array
from itertools import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.detection.detectors.residual_scale import (
    ForecastSelector,
    LearningMode,
    ResidualScale,
    single,
)

any_size = st.one_of(
    st.floats(-1e3, 1e3),
    st.floats(-1e100, 1e100),
    st.sampled_from([0.0, -0.0, 5e-324, 1e-40, -(2.0**-126), 2.0**127, 3.4e38, -1e100]),
)
LEARN, RECORD, FREEZE = LearningMode.LEARN, LearningMode.RECORD, LearningMode.FREEZE


def scale_of(errors, *, lag=0, half_life=1e9) -> ResidualScale:
    scale = ResidualScale(lag=lag, memory=1000, half_life=half_life, least=10)
    for error in errors:
        scale.learn(error, LEARN)
    return scale


def test_too_few_errors_say_nothing():
    assert scale_of([1.0] * 9).score(100.0, 5, 0) == 0


def test_an_error_is_scored_against_the_threshold_in_sigma():
    assert scale_of([1.0, -1.0] * 10).score(10.0, 5, 0) == pytest.approx(2)


def test_or_against_the_record_if_that_is_more():
    assert scale_of([*[1.0, -1.0] * 10, 20.0]).score(24.0, 5, 1.2) == pytest.approx(1)


def test_the_record_fades_by_half():
    scale = scale_of([8.0, *[0.0] * 100], half_life=100)
    assert scale.peak == pytest.approx(4)


def test_held_errors_have_not_taught_yet_and_can_be_taken_back():
    scale = scale_of([*[1.0] * 20, *[50.0] * 5], lag=5)
    assert scale.peak == 1
    scale.discard_recent(5)
    for _ in range(5):
        scale.learn(1.0, LEARN)
    assert (scale.peak, scale.variance) == pytest.approx((1, 1))


@given(st.lists(any_size, max_size=30), st.integers(0, 12), st.lists(any_size))
def test_those_that_came_first_teach_first_whatever_was_taken_back(errors, back, more):
    scale, plain = scale_of(errors, lag=7), errors[-7:]
    scale.discard_recent(back)
    plain = plain[: max(0, len(plain) - back)]
    for error in more:
        scale.learn(error, LEARN)
        plain = [*plain, error][-7:]
    assert scale.state()[-1] == [single(error) for error in plain]


@given(any_size)
def test_an_error_that_waits_is_nearly_itself_whatever_its_size(error):
    assert single(error) == pytest.approx(error, rel=1e-7, abs=0)
    assert single(single(error)) == single(error)


@given(st.lists(any_size, max_size=30), st.lists(any_size, max_size=30))
def test_no_restart_changes_what_is_learned_from_errors_of_any_size(errors, more):
    through, after = scale_of(errors, lag=7), scale_of([], lag=7)
    after.restore(through.state())
    for scale in (through, after):
        for error in more:
            scale.learn(error, LEARN)
    assert after.state() == through.state()
    assert all(map(math.isfinite, [after.variance, after.peak, *after.lag_buffer]))


@given(st.lists(any_size, max_size=7))
def test_what_an_earlier_version_saved_is_read_and_rounded_once(errors):
    """Earlier versions have doubles in the lag buffer."""
    old, again = scale_of([], lag=7), scale_of([], lag=7)
    old.restore([40, 1.5, 3.0, 0.0, errors])
    again.restore(old.state())
    assert old.state() == again.state() == [40, 1.5, 3.0, 0.0, list(map(single, errors))]


def test_errors_that_wait_take_four_bytes_each_but_for_a_strange_size():
    scale = scale_of(repeat(0.1, 30), lag=20)
    assert scale.lag_buffer == array("f", repeat(0.1, 20))
    scale.learn(1e39, LEARN)
    assert max(scale.state()[-1]) == 1e39


def test_a_scale_goes_on_where_it_was_saved():
    through, after = scale_of([*range(40)], lag=7), scale_of([], lag=7)
    after.restore(through.state())
    for scale in (through, after):
        for error in range(20):
            scale.learn(float(error), LEARN)
    assert after.state() == through.state()


def test_a_fault_teaches_nothing():
    scale = scale_of([1.0] * 20)
    scale.learn(30.0, FREEZE)
    assert (scale.peak, scale.recurring_peak, scale.variance) == (1, 0, 1)


def test_a_habit_is_to_be_exceeded_clearly_and_changes_no_sigma():
    scale = scale_of([1.0] * 20)
    scale.learn(30.0, RECORD)
    assert (scale.peak, scale.variance) == (1, 1)
    assert scale.score(1.6 * 30, 5, 1.2) == pytest.approx(1)


@given(st.lists(st.floats(-1e100, 1e100), min_size=11, max_size=60), st.floats(-1e100, 1e100))
def test_a_score_is_a_number(errors, error):
    assert 0 <= scale_of(errors).score(error, 5, 1.2) <= 1000


def test_the_forecast_that_errs_least_is_believed():
    candidates = ForecastSelector(2, lag=0, memory=100, half_life=100, least=10)
    for _ in range(20):
        candidates.learn((2.0, 1.0), LEARN)
    assert candidates.best == 1
    candidates.forget(1)
    assert candidates.best == 0
