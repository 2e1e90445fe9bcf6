"""Watch compared with other methods, with stand-ins for scikit-learn and torch."""

import sys
from typing import Any, cast

import numpy as np
import pytest

from monitoring.batches.watch.channels import BatchMinutes
from monitoring.kernel.arrays import FloatArray
from monitoring.kernel.optional_packages import MissingPackageError
from monitoring.lab.batch_evaluation.comparison import (
    METHODS,
    MethodOutcome,
    Score,
    compared,
    comparison_table,
    lowest_threshold,
)
from monitoring.lab.batch_evaluation.lstm import fit_lstm, trained_lstm
from monitoring.lab.batch_evaluation.trials import FaultyBatches
from tests.batches.watch.made_batches import LATE_H, NEW, at, changed, golden, minutes
from tests.batches.watch.stand_in_forest import ENSEMBLE


def trial(seed: int = NEW) -> FaultyBatches:
    """A good batch, and the same with a step of the temperature."""
    good = minutes(seed)
    step = at(good, LATE_H)
    return FaultyBatches(good, [(step * 60, changed(good, "temperature", lambda values: values + 5, step))])


def fitted(method: str, monkeypatch: pytest.MonkeyPatch) -> Score:
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", cast(Any, ENSEMBLE))
    return METHODS[method](golden(3))


@pytest.mark.parametrize("method", ["watch", "forest"])
def test_a_large_step_is_found_by_each_method(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = compared(method, fitted(method, monkeypatch), [minutes(NEW + 1)], [trial()])
    assert outcome.method == method
    assert outcome.delays[0] is not None
    assert outcome.delays[0] <= 10 * 60


def test_errors_of_a_prediction_are_a_score() -> None:
    def last_value(several: Any) -> Any:
        return lambda values: values

    score = fit_lstm(golden(3), trained=last_value)
    good, ((onset_s, faulty),) = trial().good, trial().faulty
    step = onset_s // 60
    assert score(good).shape == (len(good.inputs.hour),)
    assert score(faulty)[step] > 3 * np.nanmedian(score(good))


def test_without_torch_the_error_says_how_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", cast(Any, None))
    with pytest.raises(MissingPackageError, match=r"torch.*requirements-lstm\.txt"):
        trained_lstm([np.zeros((5, 2))])


def spikes(*places: int) -> FloatArray:
    score = np.full(600, 0.5)
    for place in places:
        score[place : place + 5] = 4 + place / 600
    return score


def test_the_threshold_allows_half_a_false_alarm_a_batch() -> None:
    scores = [spikes(200), spikes(300), spikes(), spikes()]
    assert lowest_threshold(scores) == pytest.approx(0.5, rel=0.1)
    assert lowest_threshold(scores[:2]) == pytest.approx(4 + 200 / 600, rel=0.15)


def test_the_table_has_a_line_a_method() -> None:
    def constant(batch: BatchMinutes) -> FloatArray:
        return np.full(len(batch.inputs.hour), 0.5)

    lines = comparison_table([compared("constant", constant, [minutes(NEW)], [trial()])])
    assert [line.split() for line in lines] == [
        ["method", "found", "median", "min", "false", "alarms", "a", "batch"],
        ["constant", "0.0", "%", "240.0", "0.00"],
    ]
    found = comparison_table([MethodOutcome("watch", 0.25, [60.0, None])])
    assert found[1].split() == ["watch", "50.0", "%", "120.5", "0.25"]
