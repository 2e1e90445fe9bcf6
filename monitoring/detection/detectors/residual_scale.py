"""Normal size of a residual, learned from the residuals alone."""

import math
from array import array
from collections.abc import Sequence
from enum import Enum
from functools import cache
from typing import Any

from monitoring.kernel.state import Stateful

RECURRING_MARGIN = 1.6  # times the recurring peak is the least control limit
MOST = 1000.0  # largest score
CLIP = 9.0  # of the variance: larger squares are clipped
EARLY = 30  # residuals that are not clipped
TRUE_AGAIN = 1.02  # restores the variance that clipping takes off normal noise
BETTER = 0.97  # of the variance: another forecast needs less to be selected
SINGLE = array("f").itemsize
# A float of single precision is within 6e-8 of a residual between these sizes.
LEAST_SINGLE, MOST_SINGLE = 2.0**-126, 2.0**127


class LearningMode(Enum):
    """What to learn from a reading: LEARN all, RECORD its peak as recurring, or FREEZE: nothing."""

    LEARN = 1
    RECORD = 2
    FREEZE = 3


LEARN, RECORD, FREEZE = LearningMode  # a lookup of the member costs as much as its use


class ResidualScale(Stateful):
    """Variance and peak of residuals around zero.

    The last ``lag`` residuals wait in a lag buffer before the scale learns from them, so that a slow fault
    does not blind the detector that has to find it. The buffer has them in single precision, which halves
    its memory, and takes doubles only for sizes that single precision can't represent. The variance is that
    of about the last ``memory`` residuals, each clipped at 3 σ. The peak is the largest residual; it fades by
    half in ``half_life`` residuals. The recurring peak is the same for residuals of findings that recur; the
    control limit exceeds it by a factor of 1.6. With fewer than ``least`` residuals there is no score (the
    grace period, in addition to ``lag``).

    Source: exponentially weighted variance, Roberts (1959); clipping, Huber (1964).
    """

    STATE = ("count", "variance", "peak", "recurring_peak", "lag_buffer")

    __slots__ = (
        "count",
        "fade",
        "lag",
        "lag_buffer",
        "least",
        "memory",
        "oldest",
        "peak",
        "recurring_peak",
        "variance",
    )

    def __init__(self, *, lag: int, memory: int, half_life: float, least: int) -> None:
        self.lag, self.memory, self.least = lag, memory, least
        self.fade = fade_of(half_life)
        self.forget()

    def forget(self) -> None:
        """Start anew."""
        self.count, self.variance, self.peak, self.recurring_peak = 0, 0.0, 0.0, 0.0
        self.lag_buffer = array("f")  # a ring once full: a deque of floats takes twelve times the memory
        self.oldest = 0  # index in the full buffer

    def state(self) -> list[Any]:
        """See ``Stateful.state``; the lag buffer is saved oldest residual first."""
        return [self.count, self.variance, self.peak, self.recurring_peak, self._in_order().tolist()]

    def restore(self, state: list[Any]) -> None:
        """See ``Stateful.restore``."""
        self.count, self.variance, self.peak, recurring_peak, lag_buffer = state
        self.recurring_peak = recurring_peak or 0.0  # one object for the many that are 0
        self.lag_buffer, self.oldest = in_singles(lag_buffer), 0

    def _in_order(self) -> "array[float]":
        return self.lag_buffer[self.oldest :] + self.lag_buffer[: self.oldest]

    @property
    def lacking(self) -> int:
        """Return the number of residuals to learn until there is a score."""
        if self.count >= self.least:
            return 0
        return self.lag - len(self.lag_buffer) + self.least - self.count

    def control_limit(self, threshold: float, margin: float) -> float:
        """Return the control limit: ``threshold`` σ, or ``margin`` times the peak if that is more.

        A margin of 0 leaves out all that was met before.
        """
        control_limit, met = threshold * math.sqrt(self.variance), margin * self.peak
        if not margin:
            return control_limit
        if met > control_limit:
            control_limit = met
        if self.recurring_peak and RECURRING_MARGIN * self.recurring_peak > control_limit:
            control_limit = RECURRING_MARGIN * self.recurring_peak
        return control_limit

    def score(self, residual: float, threshold: float, margin: float, *, floor: float = math.inf) -> float:
        """Return the residual over its control limit, at most 1000; 0 during the grace period.

        The control limit is 0 if every residual was 0: then a residual counts only above ``floor``.
        """
        if self.count < self.least:
            return 0.0
        control_limit = self.control_limit(threshold, margin)
        size = abs(residual)
        if size < MOST * control_limit:
            return size / control_limit
        return MOST if control_limit or size > floor else 0.0

    def learn(self, residual: float, learning_mode: LearningMode) -> None:
        """Put a normal residual into the lag buffer, and learn from the one that leaves the buffer."""
        if learning_mode is not LEARN:
            return self._note(residual, learning_mode)
        peak = self.peak = self.peak * self.fade
        if self.recurring_peak:
            self.recurring_peak *= self.fade
        if self.lag:
            lag_buffer = self.lag_buffer
            if (residual and not LEAST_SINGLE < abs(residual) < MOST_SINGLE) or lag_buffer.itemsize > SINGLE:
                lag_buffer, residual = self._in_doubles(), single(residual)
            if len(lag_buffer) < self.lag:
                return lag_buffer.append(residual)
            oldest = self.oldest
            residual, lag_buffer[oldest] = lag_buffer[oldest], residual
            self.oldest = oldest + 1 if oldest + 1 < self.lag else 0
        size = abs(residual)
        if size > peak:
            self.peak = size
        count = self.count = self.count + 1
        square, variance = residual * residual, self.variance
        if count > EARLY and variance:
            most = CLIP * variance
            square = TRUE_AGAIN * (most if most < square else square)
        self.variance = variance + (square - variance) / (count if count < self.memory else self.memory)

    def _note(self, residual: float, learning_mode: LearningMode) -> None:
        """Take a residual of a finding into account."""
        if learning_mode is RECORD:
            self.recurring_peak = max(self.recurring_peak, abs(residual))

    def _in_doubles(self) -> "array[float]":
        """Return the lag buffer after making it one of doubles, if it is not."""
        if self.lag_buffer.itemsize == SINGLE:
            self.lag_buffer = array("d", self.lag_buffer)
        return self.lag_buffer

    def discard_recent(self, count: int) -> None:
        """Drop the last residuals, as far as they are still in the lag buffer."""
        self.lag_buffer = self._in_order()[: max(0, len(self.lag_buffer) - count)]
        self.oldest = 0

    def seed(self, residuals: Sequence[float], *, inflation: float) -> None:
        """Start from given residuals; their variance counts ``inflation`` times."""
        self.forget()
        self.count = max(self.least, len(residuals))
        self.variance = inflation * sum(residual * residual for residual in residuals) / len(residuals)
        self.peak = max(abs(residual) for residual in residuals)


@cache
def fade_of(half_life: float) -> float:
    """Return the factor that halves a number in so many steps: one object for all tags."""
    return float(0.5 ** (1 / half_life))


def single(residual: float) -> float:
    """Return the residual in single precision, or itself if that can't represent its size."""
    return array("f", (residual,))[0] if LEAST_SINGLE < abs(residual) < MOST_SINGLE else residual


def in_singles(residuals: Sequence[float]) -> "array[float]":
    """Return the residuals in single precision: an array of doubles only if one has another size.

    Saved residuals are in single precision already, except those of earlier versions.
    """
    narrow = array("f", residuals)
    if narrow.tolist() == list(residuals):
        return narrow
    wide = array("d", map(single, residuals))
    narrow = array("f", wide)
    return narrow if narrow == wide else wide


class ForecastSelector(Stateful):
    """Select, among several forecasts of the same value, the one with the smallest residuals."""

    STATE = ("scales", "best")

    __slots__ = ("best", "scales")

    def __init__(self, count: int, *, lag: int, memory: int, half_life: float, least: int) -> None:
        self.scales = [
            ResidualScale(lag=lag, memory=memory, half_life=half_life, least=least) for _ in range(count)
        ]
        self.best = 0

    @property
    def selected(self) -> ResidualScale:
        """Return the scale of the selected forecast."""
        return self.scales[self.best]

    def learn(self, residuals: Sequence[float], learning_mode: LearningMode) -> None:
        """Learn each forecast's residual, and select the forecast that has proved best."""
        for scale, residual in zip(self.scales, residuals, strict=True):
            scale.learn(residual, learning_mode)
        if learning_mode is LEARN:
            self.choose()

    def discard_recent(self, count: int) -> None:
        """Drop the last residuals of each forecast."""
        for scale in self.scales:
            scale.discard_recent(count)

    def forget(self, index: int) -> None:
        """Start one forecast anew."""
        self.scales[index].forget()
        self.choose()

    def seed(self, index: int, residuals: Sequence[float], *, inflation: float) -> None:
        """Start one forecast from given residuals."""
        self.scales[index].seed(residuals, inflation=inflation)
        self.choose()

    def choose(self) -> None:
        """Select the forecast with the least variance, if it is clearly better than the present one."""
        best, present = self.best, self.scales[self.best]
        least = present.variance * BETTER if present.count >= present.least else math.inf
        for index, scale in enumerate(self.scales):
            if scale.variance < least and scale.count >= scale.least:
                best, least = index, scale.variance
        self.best = best
