"""One-step predictions by a vector autoregression of order 6, fitted by ridge regression.

Luetkepohl 2005, New Introduction to Multiple Time Series Analysis, chapter 3; the ridge term 10⁻² keeps
collinear channels harmless. Channels are centred and scaled by all golden minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.kernel.arrays import BoolArray, FloatArray

ORDER = 6
RIDGE = 1e-2
CLIP = 12.0
LEAST_ERROR = 0.01  # of the tolerance: of channels that hardly move


@dataclass(frozen=True, slots=True)
class Predictor:
    """A fitted autoregression over scaled values.

    ``coefficients`` has shape (6 * channels + 1, channels): lags 1 to 6, then the constant. ``centre``,
    ``scale`` and ``sd``, the standard deviation of the errors in the scaled unit, have shape (channels,).
    """

    centre: FloatArray
    scale: FloatArray
    coefficients: FloatArray
    sd: FloatArray

    def errors(self, values: FloatArray, usual: FloatArray) -> FloatArray:
        """Return the errors of the predictions of ``values`` (channels, n) in standard deviations.

        Clipped at ± 12; NaN in the first 6 minutes, where one of a channel's last 7 values is missing, and
        for all channels until 7 minutes after any of them has returned.
        ``usual`` is the golden course, shape (channels, n).
        """
        scaled = scaled_values(values, usual, self.centre, self.scale)
        found = np.full(values.shape, np.nan)
        if values.shape[1] > ORDER:
            error = scaled[:, ORDER:] - self.predicted(scaled)
            found[:, ORDER:] = np.clip(error / self.sd[:, None], -CLIP, CLIP)
        return np.where(is_predictable(np.isfinite(values)), found, np.nan)

    def predicted(self, scaled: FloatArray) -> FloatArray:
        """Return the predictions from the 7th minute on, shape (channels, n - 6).

        A product a lag: larger ones would start threads, which cost more than they save.
        """
        channels, length = scaled.shape
        found = np.repeat(self.coefficients[-1][:, None], length - ORDER, axis=1)
        for lag in range(1, ORDER + 1):
            of_lag = self.coefficients[(lag - 1) * channels : lag * channels]
            found += of_lag.T @ scaled[:, ORDER - lag : length - lag]
        return found


def is_predictable(known: BoolArray) -> BoolArray:
    """Return where errors mean something, from where values are known; both of shape (channels, n).

    A channel that returns makes a step from its stand-in, from which all other channels are predicted.
    """
    returns = (known[:, 1:] & ~known[:, :-1]).any(axis=0)
    is_bad = ~known
    is_bad[:, 1:] |= returns
    found = known.copy()
    for age in range(ORDER + 1):
        found[:, age:] &= ~is_bad[:, : max(known.shape[1] - age, 0)]
    return found


def scaled_values(values: FloatArray, usual: FloatArray, centre: FloatArray, scale: FloatArray) -> FloatArray:
    """Return values (channels, n) centred and scaled, with missing ones filled; 0 if nothing is known."""
    return np.nan_to_num((filled(values, usual) - centre[:, None]) / scale[:, None])


def filled(values: FloatArray, usual: FloatArray) -> FloatArray:
    """Return values with missing ones as far from the usual course as the last known one.

    A step between a stand-in and the next value would be a surprise in all channels that follow this one.
    """
    deviation = values - usual
    known = np.isfinite(deviation)
    if known.all():
        return values
    last = np.maximum.accumulate(np.where(known, np.arange(values.shape[1]), -1), axis=1)
    held = np.take_along_axis(np.nan_to_num(deviation), np.maximum(last, 0), axis=1)
    return np.where(np.isfinite(values), values, usual + np.where(last >= 0, held, 0.0))


def lagged(scaled: FloatArray) -> FloatArray:
    """Return the last 6 values of each channel before each minute from the 7th on, and 1; a row a minute."""
    length = scaled.shape[1]
    blocks = [scaled[:, ORDER - age : length - age].T for age in range(1, ORDER + 1)]
    return np.concatenate([*blocks, np.ones((length - ORDER, 1))], axis=1)


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums of products of predictors and targets over the minutes of one batch or more."""

    predictors: FloatArray
    cross: FloatArray
    squares: FloatArray
    count: int

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(
            self.predictors + other.predictors,
            self.cross + other.cross,
            self.squares + other.squares,
            self.count + other.count,
        )

    def __sub__(self, other: "Moments") -> "Moments":
        return Moments(
            self.predictors - other.predictors,
            self.cross - other.cross,
            self.squares - other.squares,
            self.count - other.count,
        )


def moments_of(scaled: FloatArray) -> Moments:
    """Return the sums of one batch of scaled values (channels, n) with n > 6."""
    predictors, targets = lagged(scaled), scaled[:, ORDER:].T
    return Moments(predictors.T @ predictors, predictors.T @ targets, (targets**2).sum(axis=0), len(targets))


class PredictorFitting:
    """Predictors of all golden batches, and of all but one, from the same sums."""

    def __init__(
        self, values: Sequence[FloatArray], usual: Sequence[FloatArray], tolerance: FloatArray
    ) -> None:
        courses = list(zip(values, usual, strict=True))
        together = np.concatenate([np.where(np.isnan(own), mean, own) for own, mean in courses], axis=1)
        self.centre = np.nan_to_num(finite_means(together))
        spread = np.sqrt(np.nan_to_num(finite_means((together - self.centre[:, None]) ** 2)))
        self.scale = np.where(spread > 0, spread, tolerance)
        self.least_sd = LEAST_ERROR * tolerance / self.scale
        self.each = [moments_of(scaled_values(own, mean, self.centre, self.scale)) for own, mean in courses]
        self.total = self.each[0]
        for moments in self.each[1:]:
            self.total = self.total + moments

    def all(self) -> Predictor:
        """Return the predictor of all batches."""
        return self.fitted(self.total)

    def all_but(self, member: int) -> Predictor:
        """Return the predictor of all batches but one; of one batch, its own."""
        return self.fitted(self.total - self.each[member] if len(self.each) > 1 else self.total)

    def fitted(self, moments: Moments) -> Predictor:
        """Return the predictor by the sums of some batches."""
        normal = moments.predictors + RIDGE * np.eye(len(moments.predictors))
        coefficients = np.linalg.solve(normal, moments.cross).astype(np.float64)
        explained = 2 * (coefficients * moments.cross).sum(axis=0) - (
            coefficients * (moments.predictors @ coefficients)
        ).sum(axis=0)
        variance = np.maximum(moments.squares - explained, 0.0) / max(moments.count, 1)
        sd: FloatArray = np.maximum(np.sqrt(variance), self.least_sd)
        return Predictor(self.centre, self.scale, coefficients, sd)


def finite_means(values: FloatArray) -> FloatArray:
    """Return the mean of the finite values of each channel; NaN without any."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
