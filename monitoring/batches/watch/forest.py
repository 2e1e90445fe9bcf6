"""Family F: an isolation forest over the joint deviations of all channels (Liu, Ting & Zhou 2008).

The features of a minute are E and S of all channels. The statistic is the anomaly score of the forest, 0 at
the median of the golden batches and 1 at their 99.9 % quantile, each batch scored by a forest of the others.
Needs scikit-learn and 3 golden batches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitoring.batches.watch.families import CHANGED, FOREST, OFF_COURSE, Statistics
from monitoring.batches.watch.limits import FamilyLimits, fit_limits
from monitoring.kernel.arrays import FloatArray, IntArray
from monitoring.kernel.optional_packages import load

TREES = 100
EVERY = 2  # minutes
EXTREME = 0.999


@dataclass(frozen=True, slots=True)
class WatchForest:
    """A fitted forest: ``estimator`` is scikit-learn's; ``centre`` and ``width`` scale its anomaly score."""

    estimator: Any
    centre: float
    width: float
    limits: FamilyLimits

    def statistic(self, found: Statistics) -> FloatArray:
        """Return the statistic of each minute from those of the other families, shape (1, m)."""
        return scaled(anomaly(self.estimator, features(found)), self.centre, self.width)

    def ratios(self, found: Statistics, bins: IntArray, room: float) -> tuple[FloatArray, FloatArray]:
        """Return statistic and ratio to the limit, both of shape (channels, m).

        The forest judges all channels together: both stand at the channel that is farthest off its course.
        """
        statistic = self.statistic(found)
        ratio = self.limits.ratios(statistic, bins, room)
        farthest = np.nan_to_num(np.abs(found[OFF_COURSE])).argmax(axis=0)
        is_there = np.arange(len(found[OFF_COURSE]))[:, None] == farthest
        return np.where(is_there, statistic, np.nan), np.where(is_there, ratio, np.nan)


def fit_forest(several: Sequence[Statistics], bins: Sequence[IntArray], phases: int) -> WatchForest:
    """Fit a forest to the statistics of golden batches, each compared with the others.

    Raises:
        MissingPackageError: scikit-learn is not installed.
    """
    each = [features(found) for found in several]
    scores = [
        anomaly(fitted_estimator(each[:own] + each[own + 1 :]), minutes) for own, minutes in enumerate(each)
    ]
    together = np.concatenate(scores)
    centre = float(np.median(together))
    width = float(np.quantile(together, EXTREME)) - centre or 1.0
    statistics = [scaled(score, centre, width) for score in scores]
    return WatchForest(fitted_estimator(each), centre, width, fit_limits(FOREST, statistics, bins, phases))


def features(found: Statistics) -> FloatArray:
    """Return a row a minute: E and S of all channels; a missing value counts as the usual one."""
    return np.nan_to_num(np.concatenate((found[OFF_COURSE], found[CHANGED]))).T


def fitted_estimator(each: Sequence[FloatArray]) -> Any:
    """Return an isolation forest of the minutes of some batches."""
    ensemble = load("sklearn.ensemble", package="scikit-learn")
    minutes = np.concatenate(each)[::EVERY]
    return ensemble.IsolationForest(n_estimators=TREES, random_state=0).fit(minutes)


def anomaly(estimator: Any, minutes: FloatArray) -> FloatArray:
    """Return the anomaly score of each minute, shape (m,): larger is less usual."""
    if not len(minutes):
        return np.zeros(0)
    return -np.asarray(estimator.score_samples(minutes), dtype=np.float64)


def scaled(score: FloatArray, centre: float, width: float) -> FloatArray:
    """Return scores as a statistic, shape (1, m): not negative, as only unusual minutes count."""
    return np.maximum((score - centre) / width, 0.0)[None]
