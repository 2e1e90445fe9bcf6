"""A stand-in for scikit-learn's isolation forest: the distance from the mean in standard deviations."""

from types import SimpleNamespace
from typing import Self

import numpy as np

from monitoring.kernel.arrays import FloatArray


class IsolationForest:
    def __init__(self, n_estimators: int, random_state: int) -> None:
        self.n_estimators, self.random_state = n_estimators, random_state

    def fit(self, minutes: FloatArray) -> Self:
        self.mean, self.sd = minutes.mean(axis=0), minutes.std(axis=0) + 1e-6
        return self

    def score_samples(self, minutes: FloatArray) -> FloatArray:
        found: FloatArray = -np.abs((minutes - self.mean) / self.sd).max(axis=1)
        return found


ENSEMBLE = SimpleNamespace(IsolationForest=IsolationForest)
