"""Minutes for which a value has stood still."""

import numpy as np

from monitoring.batches.watch.model import WatchModel, fit_watch
from monitoring.batches.watch.standstill import still_minutes, usual_steps
from monitoring.batches.watch.watching import watch
from tests.batches.watch.made_batches import LATE_H, NEW, at, changed, golden, minutes

ONE = np.ones(1)


def test_minutes_are_counted_since_the_last_step() -> None:
    values = np.array([[1.0, 2, 2, 2.05, 3, 3]])
    np.testing.assert_array_equal(still_minutes(values, ONE), [[0, 0, 1, 2, 0, 1]])


def test_a_gap_counts_as_movement() -> None:
    values = np.array([[1.0, 1, np.nan, 1, 1]])
    np.testing.assert_array_equal(still_minutes(values, ONE), [[0, 1, np.nan, 0, 1]])


def test_a_pump_at_rest_is_not_stuck() -> None:
    assert not still_minutes(np.zeros((1, 5)), ONE).any()


def test_a_value_that_mostly_rests_moves_with_any_step() -> None:
    golden_values = [np.array([[1.0, 1, 1, 2, 2, 2]]), np.array([[np.nan] * 6])]
    steps = usual_steps(golden_values)
    np.testing.assert_array_equal(steps, [0])
    np.testing.assert_array_equal(still_minutes(np.array([[1.0, 1, 1.001, 1.001]]), steps), [[0, 1, 0, 1]])


def test_a_stuck_probe_is_found_at_its_usual_value() -> None:
    model: WatchModel = fit_watch(golden(5))
    good = minutes(NEW)
    stuck = at(good, LATE_H)
    found = watch(model, changed(good, "temperature", lambda values: np.full_like(values, values[0]), stuck))
    deviation = found.deviations[0]
    assert stuck < deviation.start < stuck + 20
    assert deviation.contributions[0].channel == "temperature"
