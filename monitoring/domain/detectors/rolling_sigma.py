"""The statistical rule: a value outside the rolling mean ± 3 σ."""

import math
from dataclasses import dataclass

import numpy as np

from monitoring.domain.detectors.base import FloatArray, Verdict

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

    def score(self, history: FloatArray, values: FloatArray) -> tuple[Verdict, ...]:
        """See ``Rule.score``. The band is infinite where the rule finds nothing by definition."""
        series = np.concatenate([history[-self.lookback :], values])
        first = len(series) - len(values)
        mean, sigma = np.zeros(values.shape), np.zeros(values.shape)
        short = max(0, min(len(values), self.lookback - first))
        for place in range(max(0, self.minimum - first), short):
            window = series[: first + place]
            mean[place], sigma[place] = window.mean(), window.std()
        if short < len(values):
            mean[short:], sigma[short:] = self.full_windows(series[first + short - self.lookback : -1])
        reach = np.where(sigma < self.sigma_floor, math.inf, self.k * sigma)
        lower, upper = mean - reach, mean + reach
        return (Verdict(ROLLING_3SIGMA, (values < lower) | (values > upper), lower, upper),)

    def full_windows(self, series: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and σ of each run of ``lookback`` values, each of shape (len(series) - lookback + 1,).

        The windows are laid out one by one, not strided: so each is summed in the same order
        as it would be alone, and the last bit does not depend on how many stand beside it.
        """
        windows = np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(series, self.lookback))
        return windows.mean(axis=1), windows.std(axis=1)
