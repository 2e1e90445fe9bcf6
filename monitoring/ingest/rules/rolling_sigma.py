"""The statistical rule: a value outside the rolling mean ± 3 σ."""

import math
from dataclasses import dataclass

import numpy as np

from monitoring.ingest.columns import Segments
from monitoring.ingest.rules.base import Verdict, Violation
from monitoring.kernel.arrays import FloatArray, IntArray

ROLLING_3SIGMA = "rolling_3sigma"
PERHAPS_CONSTANT = 2e-9  # σ over |mean|: a window that counts as constant lies well below
TINY = 1e-140  # the squares behind a smaller σ are below what a float holds exactly


@dataclass(frozen=True, slots=True)
class RollingSigma:
    """Find x < m - k·σ or x > m + k·σ over the ``lookback`` values just before x.

    m is the window's mean and σ its population standard deviation, by two passes; x itself is left out,
    earlier anomalies are not. Fewer than ``minimum`` earlier values find nothing. A value exactly on the
    line is inside.

    A window with σ < ``flatness`` · max|w|, or of zeros only, is constant up to rounding. The band is then
    the window's lowest to highest value, so that any value other than the constant is found. No threshold
    has a unit: multiplying all values by a power of two changes no verdict, another factor only rounding.

    Source: Shewhart's control limits (Economic Control of Quality of Manufactured Product,
    1931), with mean and σ from a moving window.
    """

    lookback: int = 50
    minimum: int = 10
    k: float = 3.0
    flatness: float = 1e-9

    def score(self, segments: Segments) -> tuple[Verdict, ...]:
        """See ``Rule.score``. The band is infinite for a value with too few earlier values."""
        value = segments.value
        lower, upper = np.full(value.shape, -math.inf), np.full(value.shape, math.inf)
        length = np.minimum(segments.history_length, self.lookback)
        for each in np.unique(length[length >= self.minimum]).tolist():
            alike = length == each
            windows = windows_before(segments.series, segments.index[alike], each)
            lower[alike], upper[alike] = self.bands(windows)
        return (Verdict(ROLLING_3SIGMA, (value < lower) | (value > upper), lower, upper),)

    def violations(self, value: float, before: FloatArray) -> list[Violation]:
        """Return the violations of one value after the values ``before`` (h,), as ``score`` finds them."""
        if len(before) < self.minimum:
            return []
        lower, upper = self.band(before[-self.lookback :])
        return [Violation(ROLLING_3SIGMA, lower, upper)] if value < lower or value > upper else []

    def band(self, window: FloatArray) -> tuple[float, float]:
        """Return the same as ``bands`` for one window (length,), to the last bit, in a tenth of the time."""
        mean = np.add.reduce(window) / len(window)
        deviation = window - mean
        sigma = math.sqrt(np.add.reduce(deviation * deviation) / len(window))
        if sigma <= PERHAPS_CONSTANT * abs(mean) or sigma < TINY:
            (lower,), (upper,) = self.flat_bands(window[np.newaxis])
            return float(lower), float(upper)
        return float(mean - self.k * sigma), float(mean + self.k * sigma)

    def bands(self, windows: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the lower and upper bound of normal values after each window (n, length); shape (n,)."""
        mean, sigma = windows.mean(axis=1), windows.std(axis=1)
        lower, upper = mean - self.k * sigma, mean + self.k * sigma
        doubtful = np.flatnonzero((sigma <= PERHAPS_CONSTANT * np.abs(mean)) | (sigma < TINY))
        if len(doubtful):
            lower[doubtful], upper[doubtful] = self.flat_bands(windows[doubtful])
        return lower, upper

    def flat_bands(self, windows: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the same as ``bands`` for windows of which some are constant or tiny.

        A power of two brings each window's largest magnitude to between 0.5 and 1: this alters no bit of
        the result, and the squares of tiny values stay above zero.
        """
        lowest, highest = windows.min(axis=1), windows.max(axis=1)
        largest = np.maximum(-lowest, highest)
        fraction, exponent = np.frexp(largest)
        scaled = np.ldexp(windows, -exponent[:, np.newaxis])
        mean, sigma = scaled.mean(axis=1), scaled.std(axis=1)
        is_constant = (sigma < self.flatness * fraction) | (largest == 0)
        lower, upper = (np.ldexp(mean + side * self.k * sigma, exponent) for side in (-1, 1))
        return np.where(is_constant, lowest, lower), np.where(is_constant, highest, upper)


def windows_before(series: FloatArray, index: IntArray, length: int) -> FloatArray:
    """Return the ``length`` values before each of n indices (ascending); shape (n, length).

    The windows are contiguous, not strided: numpy then sums each in the same order as alone, and the last
    bit does not depend on the number of windows.
    """
    windows = np.lib.stride_tricks.sliding_window_view(series, length)
    first, last = int(index[0]), int(index[-1])
    if last - first == len(index) - 1:  # adjacent, as those of one tag are
        return np.ascontiguousarray(windows[first - length : last - length + 1])
    return windows[index - length]
