"""The statistical rule: a value outside the rolling mean ± 3 σ."""

import math
from dataclasses import dataclass

import numpy as np

from monitoring.domain.detectors.base import FloatArray, IntArray, Runs, Verdict

ROLLING_3SIGMA = "rolling_3sigma"


@dataclass(frozen=True, slots=True)
class RollingSigma:
    """Finds x < m - k·σ or x > m + k·σ over the ``window`` values just before x.

    m is the window's mean and σ its population standard deviation; x itself is left out,
    earlier anomalies are not. Fewer than ``minimum`` earlier values, or σ < ``sigma_floor``,
    find nothing. A value exactly on the line is inside.

    Source: Shewhart's control limits (Economic Control of Quality of Manufactured Product,
    1931), with mean and σ from a moving window.
    """

    lookback: int = 50
    minimum: int = 10
    k: float = 3.0
    sigma_floor: float = 1e-6

    def score(self, runs: Runs) -> tuple[Verdict, ...]:
        """See ``Rule.score``. The band is infinite where the rule finds nothing by definition."""
        mean, sigma = np.zeros(runs.place.shape), np.zeros(runs.place.shape)
        length = np.minimum(runs.before, self.lookback)
        for each in np.unique(length[length >= self.minimum]).tolist():
            alike = length == each
            mean[alike], sigma[alike] = moments(runs.series, runs.place[alike], each)
        reach = np.where(sigma < self.sigma_floor, math.inf, self.k * sigma)
        lower, upper, value = mean - reach, mean + reach, runs.value
        return (Verdict(ROLLING_3SIGMA, (value < lower) | (value > upper), lower, upper),)


def moments(series: FloatArray, place: IntArray, length: int) -> tuple[FloatArray, FloatArray]:
    """Mean and σ of the ``length`` values before each place (ascending); both of the shape of ``place``.

    The windows are laid out one by one, not strided: so each is summed in the same order
    as it would be alone, and the last bit does not depend on how many stand beside it.
    """
    windows = np.lib.stride_tricks.sliding_window_view(series, length)
    first, last = int(place[0]), int(place[-1])
    if last - first == len(place) - 1:  # ascending, so they stand side by side, as one signal's do
        windows = np.ascontiguousarray(windows[first - length : last - length + 1])
    else:
        windows = windows[place - length]
    return windows.mean(axis=1), windows.std(axis=1)
