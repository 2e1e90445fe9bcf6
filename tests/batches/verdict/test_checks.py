"""Direct checks, and the strongest evidence of a window."""

import numpy as np
import pytest

from monitoring.batches.verdict.checks import CHECKS, change_over, is_stuck, lasting
from monitoring.batches.verdict.evidence import Finding, follows, records
from monitoring.batches.verdict.heat_explained import unexplained_change
from tests.batches.verdict.made_plant import FAULT_H, NEW, course, faulty, minute_of, warmed


def test_a_condition_has_to_last() -> None:
    holds = np.array([True, True, False, True, True, True])
    np.testing.assert_array_equal(lasting(holds, 3), [False] * 5 + [True])


def test_a_noisy_signal_that_stands_still_for_ten_minutes_is_stuck() -> None:
    values = np.random.default_rng(1).normal(37, 0.01, 100)
    values[60:] = values[60]
    np.testing.assert_array_equal(np.flatnonzero(is_stuck(values)), np.arange(69, 100))


def test_a_signal_of_coarse_resolution_is_not_stuck() -> None:
    assert not is_stuck(np.repeat([37.0, 37.1, 37.0], 40)).any()


def test_change_over_some_minutes() -> None:
    np.testing.assert_array_equal(change_over(np.array([1.0, 2, 4, 8]), 2), [np.nan, np.nan, 3, 6])


def test_heat_explains_a_temperature_that_follows_the_jacket() -> None:
    first = minute_of(FAULT_H)
    moved = unexplained_change(warmed(course(NEW), 1.5).inputs)[first : first + 60]
    assert np.abs(moved).max() < 0.33
    shifted = faulty(course(NEW), "temperature", lambda values, since: values + 0.6)
    jumped = unexplained_change(shifted.inputs)[first : first + 60]
    assert jumped.max() > 0.5
    assert np.abs(jumped[10:]).max() < 0.33


def test_no_check_without_its_role() -> None:
    empty = np.full(20, np.nan)
    assert not is_stuck(empty).any()


def test_the_strongest_check_comes_first() -> None:
    strengths = [check.strength for check in CHECKS]
    assert strengths == sorted(strengths, reverse=True)


def test_only_values_above_all_before_can_change_the_verdict() -> None:
    assert records(np.array([0.0, 3, 2, 3, 5, 4]), np.array([0.0, 3, 2, 3, 0, 4])) == [1, 4, 5]
    assert records(np.zeros(0), np.zeros(0)) == []


@pytest.mark.parametrize(
    ("cause", "best", "expected"),
    [("air", "air", True), ("base", "ph", True), ("control", "do", False)],
)
def test_late_checks_confirm_but_do_not_replace(cause: str, best: str, expected: bool) -> None:
    assert follows(Finding(100, 5000.0, cause), Finding(10, 20.0, best)) is expected
