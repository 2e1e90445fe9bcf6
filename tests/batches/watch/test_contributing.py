"""Values and usual values of contributions."""

import numpy as np
import pytest

from monitoring.batches.watch.contributing import MOST, contributions_at, contributions_of, stands_still
from monitoring.batches.watch.model import WatchModel, fit_watch
from monitoring.batches.watch.watching import watch
from tests.batches.watch.made_batches import LATE_H, NEW, at, changed, golden, minutes


@pytest.fixture(scope="module")
def model() -> WatchModel:
    return fit_watch(golden(4))


def test_contributions_of_a_deviation_have_the_values_of_their_minute(model: WatchModel) -> None:
    step = at(minutes(NEW), LATE_H)
    made = changed(minutes(NEW), "dissolved_oxygen", lambda values: values - 25, step)
    result = watch(model, made)
    (deviation,) = result.deviations
    first = contributions_of(deviation, result)[0]
    assert first.channel.name == "dissolved_oxygen"
    assert 4 < first.usual - first.value < 35  # a mean of 5 minutes, one or more of them wrong
    assert not first.is_still


def test_contributions_to_any_minute(model: WatchModel) -> None:
    made = minutes(NEW)
    found = contributions_at(model, made, at(made, LATE_H))
    ratios = [each.contribution.ratio for each in found]
    assert ratios == sorted(ratios, reverse=True)
    assert 3 <= len(found) <= MOST
    assert ratios[0] == pytest.approx(watch(model, made).score[at(made, LATE_H)])
    assert contributions_at(model, made, 0) == [], "before the inoculation"


@pytest.mark.parametrize(
    ("values", "expected"),
    [([7.0] * 10, True), ([7.0] * 9 + [7.001], False), ([7.0] * 9, False), ([np.nan] * 10, False)],
)
def test_still_is_the_same_value_for_ten_minutes(values: list[float], expected: bool) -> None:
    assert stands_still(np.array(values)) == expected
