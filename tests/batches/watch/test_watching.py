"""Watch a batch by a model of good batches."""

from dataclasses import replace

import numpy as np
import pytest

from monitoring.batches.watch.channels import BatchMinutes
from monitoring.batches.watch.model import WatchModel, fit_watch
from monitoring.batches.watch.watching import watch
from tests.batches.watch.made_batches import (
    LATE_H,
    NEW,
    at,
    begin_of,
    changed,
    golden,
    minutes,
    without,
)

OXYGEN, TEMPERATURE = "dissolved_oxygen", "temperature"


@pytest.fixture(scope="module")
def model() -> WatchModel:
    return fit_watch(golden(5))


@pytest.fixture
def good() -> BatchMinutes:
    return minutes(NEW)


@pytest.mark.parametrize("seed", range(NEW, NEW + 4))
def test_a_good_batch_has_no_deviation(model: WatchModel, seed: int) -> None:
    found = watch(model, minutes(seed))
    assert found.deviations == ()
    assert np.isfinite(found.score).sum() == (minutes(seed).phase >= 0).sum()


def test_a_step_in_one_channel_is_found_within_minutes(model: WatchModel, good: BatchMinutes) -> None:
    step = at(good, LATE_H)
    found = watch(model, changed(good, OXYGEN, lambda values: values - 25, step))
    (deviation,) = found.deviations
    assert step <= deviation.start <= step + 3
    assert deviation.end is None
    first = deviation.contributions[0]
    assert (first.channel, first.statistic < 0) == (OXYGEN, True)
    assert found.score[deviation.peak] == deviation.score == np.nanmax(found.score)


def test_a_slow_drift_is_found(model: WatchModel, good: BatchMinutes) -> None:
    first = at(good, LATE_H)
    found = watch(
        model, changed(good, TEMPERATURE, lambda values: values + np.arange(len(values)) / 200, first)
    )
    (deviation,) = found.deviations
    assert first < deviation.start < first + 120
    assert deviation.contributions[0].channel == TEMPERATURE


def test_a_deviation_ends_with_its_cause(model: WatchModel, good: BatchMinutes) -> None:
    first = at(good, LATE_H)
    found = watch(model, changed(good, TEMPERATURE, lambda values: values + 3, first, first + 20))
    deviation = found.deviations[0]
    assert deviation.start in range(first, first + 3)
    assert deviation.end is not None
    assert deviation.end > first + 20 + 10
    assert np.nanmax(found.score[deviation.end - 10 : deviation.end]) < 0.8


def test_score_is_the_largest_ratio_of_all_families(model: WatchModel, good: BatchMinutes) -> None:
    found = watch(model, good)
    assert {rows.shape for rows in found.ratios.values()} == {(len(found.channels), len(found.hour))}
    every = np.fmax.reduce(np.concatenate(list(found.ratios.values())), axis=0)
    np.testing.assert_array_equal(found.score, every)
    np.testing.assert_array_equal(found.score, np.fmax.reduce(list(found.families.values()), axis=0))


@pytest.mark.parametrize("hour", [1.0, 5.0, LATE_H])
def test_a_running_batch_has_the_scores_that_it_keeps(
    model: WatchModel, good: BatchMinutes, hour: float
) -> None:
    length = at(good, hour)
    early, whole = watch(model, begin_of(good, length)), watch(model, good)
    np.testing.assert_allclose(early.score, whole.score[:length], rtol=1e-9)


def test_nothing_is_kept_between_calls(model: WatchModel, good: BatchMinutes) -> None:
    odd = changed(good, OXYGEN, lambda values: values - 25, at(good, LATE_H))
    first = watch(model, odd)
    watch(model, good)
    assert watch(model, odd).deviations == first.deviations


def test_a_missing_role_leaves_the_others(model: WatchModel, good: BatchMinutes) -> None:
    step = at(good, LATE_H)
    poor = without(good, TEMPERATURE)
    assert watch(model, poor).deviations == ()
    (deviation,) = watch(model, changed(poor, OXYGEN, lambda values: values - 25, step)).deviations
    assert deviation.start <= step + 3


def test_a_gap_neither_begins_nor_ends_a_deviation(model: WatchModel, good: BatchMinutes) -> None:
    def lost(values: np.ndarray) -> np.ndarray:
        return np.full_like(values, np.nan)

    gap = at(good, LATE_H)
    with_gap = changed(good, OXYGEN, lost, gap, gap + 40)
    assert watch(model, with_gap).deviations == ()
    found = watch(model, changed(with_gap, TEMPERATURE, lambda values: values + 3, gap - 20))
    assert found.deviations[0].start < gap
    assert found.deviations[0].end is None


def test_minutes_without_any_value_have_no_score(model: WatchModel, good: BatchMinutes) -> None:
    blank = replace(good, others={})
    first = at(good, LATE_H)
    for role in good.inputs.measured:
        blank = changed(blank, role, lambda values: values + np.nan, first, first + 40)
    score = watch(model, blank).score
    assert np.isnan(score[first : first + 40]).all()
    assert np.isfinite(score[first + 50 :]).all()


def test_no_deviation_in_the_first_hour(model: WatchModel, good: BatchMinutes) -> None:
    begin = int(np.argmax(good.phase >= 0))
    found = watch(model, changed(good, OXYGEN, lambda values: values - 60, 0))
    assert found.deviations[0].start >= begin + 60


def test_one_golden_batch_is_enough(good: BatchMinutes) -> None:
    model = fit_watch(golden(1))
    assert model.room == 1.9
    assert watch(model, good).deviations == ()
    step = at(good, LATE_H)
    (deviation,) = watch(model, changed(good, TEMPERATURE, lambda values: values + 2, step)).deviations
    assert step <= deviation.start <= step + 5


def test_a_batch_without_a_phase_of_the_model_is_not_judged(model: WatchModel, good: BatchMinutes) -> None:
    other = BatchMinutes(good.inputs, good.phase, ("fill", "hold"), others=good.others)
    found = watch(model, other)
    assert np.isnan(found.score).all()
    assert found.deviations == ()


@pytest.mark.parametrize("length", [1, 3, 20])
def test_a_batch_that_has_just_begun(model: WatchModel, good: BatchMinutes, length: int) -> None:
    begun = begin_of(good, int(np.argmax(good.phase >= 0)) + length)
    assert watch(model, begun).deviations == ()


def test_a_model_needs_golden_batches_with_phases() -> None:
    with pytest.raises(ValueError, match="phase of 10 minutes"):
        fit_watch([])
    with pytest.raises(ValueError, match="phase of 10 minutes"):
        fit_watch([begin_of(minutes(1), 20)])
