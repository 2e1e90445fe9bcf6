"""The isolation forest as a family of Watch, with a stand-in for scikit-learn."""

import sys
from typing import Any, cast

import numpy as np
import pytest

from monitoring.batches.watch.forest import fit_forest
from monitoring.batches.watch.model import WatchModel, fit_watch
from monitoring.batches.watch.watching import watch
from monitoring.kernel.optional_packages import MissingPackageError
from tests.batches.watch.made_batches import LATE_H, NEW, at, changed, golden, minutes
from tests.batches.watch.stand_in_forest import ENSEMBLE

MODULE = "sklearn.ensemble"


@pytest.fixture(scope="module")
def model() -> WatchModel:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, MODULE, cast(Any, ENSEMBLE))
        return fit_watch(golden(4), with_forest=True)


@pytest.mark.parametrize("seed", [NEW, NEW + 1])
def test_a_good_batch_has_no_deviation_with_the_forest(model: WatchModel, seed: int) -> None:
    found = watch(model, minutes(seed))
    assert found.deviations == ()
    assert np.isfinite(found.families["F"]).sum() == (minutes(seed).phase >= 0).sum()


def test_the_ratio_of_the_forest_stands_at_the_channel_farthest_off(model: WatchModel) -> None:
    good = minutes(NEW)
    step = at(good, LATE_H)
    found = watch(model, changed(good, "temperature", lambda values: values + 3, step))
    later = slice(step + 10, step + 60)
    temperature = [channel.name for channel in found.channels].index("temperature")
    assert found.ratios["F"].shape == found.ratios["E"].shape
    assert (np.isfinite(found.ratios["F"]).sum(axis=0)[later] == 1).all()
    assert (found.ratios["F"][temperature, later] > 1).all()
    assert (found.score >= np.nan_to_num(found.families["F"]))[later].all()


def test_without_a_wish_there_is_no_forest() -> None:
    assert fit_watch(golden(3)).forest is None


def test_two_golden_batches_are_too_few_for_a_forest() -> None:
    assert fit_watch(golden(2), with_forest=True).forest is None


def test_without_scikit_learn_the_error_says_how_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, MODULE, cast(Any, None))
    with pytest.raises(MissingPackageError, match=r"scikit-learn.*requirements-ml\.txt"):
        fit_forest([{"E": np.zeros((1, 9)), "S": np.zeros((1, 9))}] * 3, [np.arange(9)] * 3, 1)
