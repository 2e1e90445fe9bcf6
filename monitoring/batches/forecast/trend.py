"""Slope of the last minutes of a signal, at each minute, from values up to that minute only.

The slope is the median of the slopes of all pairs of minutes (Theil 1950, Sen 1968): up to 29 % of the values
may be arbitrary. A trend is significant by the test of Mann (1945) and Kendall (1975), on the same pairs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from monitoring.kernel.arrays import BoolArray, FloatArray

WINDOW = 15  # minutes
HOLD = 5  # minutes: the longest time without a value in which the last value still counts
SIGNIFICANT = 3.0  # standard deviations of Kendall's S without a trend
AT_ONCE = 2_048  # windows: bounds memory
AGE = np.arange(WINDOW - 1, -1, -1)
EARLIER, LATER = np.triu_indices(WINDOW, 1)
# Standard deviation of S of independent values without ties: n(n - 1)(2n + 5)/18 (Kendall 1975).
S_SD = float(np.sqrt(WINDOW * (WINDOW - 1) * (2 * WINDOW + 5) / 18))


@dataclass(frozen=True, slots=True)
class Trends:
    """At each minute the trend of the window that ends there, shape (n,); NaN without a full window.

    ``level`` is the value of the line at that minute, ``slope`` in units a minute.
    """

    level: FloatArray
    slope: FloatArray
    is_significant: BoolArray


def held(values: FloatArray, longest: int = HOLD) -> FloatArray:
    """Return values, shape (n,), with gaps of up to ``longest`` minutes filled by the value before."""
    index = np.arange(len(values))
    last = np.maximum.accumulate(np.where(np.isfinite(values), index, -1))
    is_near = (last >= 0) & (index - last <= longest)
    return np.where(is_near, values[np.maximum(last, 0)], np.nan)


def trends(values: FloatArray) -> Trends:
    """Return the trend of minute values, shape (n,), at each minute."""
    level, slope, z = np.full((3, len(values)), np.nan)
    if len(values) >= WINDOW:
        windows = sliding_window_view(held(values), WINDOW)
        for begin in range(0, len(windows), AT_ONCE):
            put = slice(begin + WINDOW - 1, begin + WINDOW - 1 + AT_ONCE)
            level[put], slope[put], z[put] = lines(windows[begin : begin + AT_ONCE])
    return Trends(level, slope, np.abs(z) > SIGNIFICANT)


def lines(windows: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return level, slope and Kendall's S over its deviation of windows of minutes (n, 15), each (n,)."""
    rise = windows[:, LATER] - windows[:, EARLIER]
    slope: FloatArray = np.median(rise / (LATER - EARLIER), axis=1)
    level: FloatArray = np.median(windows + slope[:, None] * AGE, axis=1)
    return level, slope, np.sign(rise).sum(axis=1) / S_SD
