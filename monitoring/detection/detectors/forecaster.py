"""Forecast of a signal's next value, learned from the signal: level, trend and harmonics."""

import math
from dataclasses import dataclass

import numpy as np

from monitoring.detection.detectors.harmonics import Harmonic, fit_harmonics, harmonics_at
from monitoring.detection.detectors.packed_floats import Grid
from monitoring.detection.detectors.packed_series import PackedSeries
from monitoring.detection.detectors.residual_scale import FREEZE, LEARN, ForecastSelector
from monitoring.kernel.arrays import FloatArray
from monitoring.kernel.state import Stateful

ROUNDING = 1e-12
LARGEST = 1e100  # limit of values: a square has to be finite
GAP = 5.0  # usual intervals without a reading after which the forecast starts anew
INTERVAL_GAIN = 1 / 64
SETTLING = 64  # readings before residuals are learned
DAY = 86_400.0  # readings
SCATTER = 2_654_435_761  # Fibonacci hashing, Knuth, The Art of Computer Programming 6.4
QUARTER = 0b11 << 16
LEARNED_OF = 4  # readings: the residual of one is learned
OUTLYING = 4.5  # σ: distance from the forecast at which values are winsorised
LARGEST_SQUARE = 16.0  # in σ²: a single outlier must not count as noise
NOTHING = (0.0, 0.0, 0.0, 0.0)
STAYING = 7  # outliers in a row; one more means that the signal has moved
LONG_AGO = 32  # readings
BLOCK = 8  # readings
BLOCKS = 1024  # kept for the harmonics
# Means of 8 readings of a sensor, and of 8 times in microseconds.
MEANS = Grid(tuple(BLOCK * 10.0**places for places in range(7)))
MEAN_TIMES = Grid((BLOCK * 1e6,))
REFIT_EVERY = 32  # blocks
FEWEST = 128  # blocks for a fit
STEADY = 0.15  # σ of the rest: two fits of the same harmonics differ by less
PROVEN, LONG_STEADY = 2, 8  # steady fits in a row
ENOUGH_PERIODS = 2
BEGINNING = 25  # blocks from a fault's start to its finding, at most
BEFORE = BEGINNING + 64
PATIENCE = 7  # refits that disagree before mature harmonics are replaced

LAST, FAST, SLOW, TREND, HARMONIC = range(5)
GAINS = FAST_GAIN, SLOW_GAIN, TREND_GAIN = 1 / 4, 1 / 32, 0.15
SLOPE_GAIN = 0.006


@dataclass(frozen=True, slots=True)
class Refit:
    """New harmonics in place of the old: values less the harmonics are ``shift`` higher now.

    ``rest`` (n,) is the blocks less the new harmonics. The harmonics are steady if they predict the same as
    the old ones, and proven after two steady fits.
    """

    shift: float
    rest: FloatArray
    is_steady: bool
    is_proven: bool


class Forecaster(Stateful):
    """One-step forecasts of a signal, the residual of the selected forecast, and the winsorised signal.

    Five forecasts compete: the last value, exponential means over about 4 and 32 values, level and slope
    (Holt 1957, Winters 1960), and harmonics plus a mean over 32. All values are relative to the first one.
    """

    STATE = (
        *("origin", "origin_us", "last_us", "interval", "count", "value", "levels", "slope", "harmonics"),
        *("outliers", "since", "usual_level", "selector", "block_times", "blocks", "sums", "filled"),
        *("block_count", "steady", "disputes", "is_mature", "winsorised", "winsorised_rest"),
    )

    __slots__ = (
        *STATE,
        *("block", "block_rest", "winsorised_before", "winsorised_rest_before", "residual"),
        *(
            "has_block",
            "has_moved",
            "is_reset",
            "is_known",
            "learning_mode",
            "present",
            "previous",
            "seconds",
        ),
        *("sigma", "squares", "is_outside", "is_expected_outside", "lower_limit", "upper_limit"),
    )

    def __init__(self, lower_limit: float | None = None, upper_limit: float | None = None) -> None:
        self.lower_limit = -math.inf if lower_limit is None else lower_limit
        self.upper_limit = math.inf if upper_limit is None else upper_limit
        self.origin = 0.0
        self.origin_us = 0
        self.last_us: int | None = None
        self.interval = 0.0  # usual time between readings, in s
        self.count = 0
        self.value = self.previous = 0.0
        self.levels = (0.0, 0.0, 0.0, 0.0)  # fast, slow, trend, harmonic
        self.slope = 0.0
        self.harmonics: tuple[Harmonic, ...] = ()
        self.outliers = 0
        self.since = 0  # readings since the levels started
        self.usual_level = 0.0  # level of the rests before the present fault
        self.selector = ForecastSelector(5, lag=0, memory=1000, half_life=DAY / 4, least=75)
        self.block_times, self.blocks = PackedSeries(BLOCKS, MEAN_TIMES), PackedSeries(BLOCKS, MEANS)
        self.sums = NOTHING  # over the block: winsorised values, their rests, times, squared residuals in σ
        self.filled = 0
        self.block_count = 0
        self.steady = 0
        self.disputes = 0
        self.is_mature = False  # the harmonics have been stable for long enough
        # Values of the present reading:
        self.present: tuple[float, ...] = ()
        self.seconds = self.residual = self.sigma = self.winsorised = self.winsorised_rest = 0.0
        self.winsorised_before = self.winsorised_rest_before = 0.0
        self.block = self.block_rest = self.squares = 0.0
        self.is_reset = True
        self.is_known = False  # enough residuals for a scale
        self.learning_mode = LEARN
        self.has_block = False
        self.has_moved = False  # outliers in a row have set the levels to the present value
        self.is_outside = self.is_expected_outside = False  # of the tag's limits: the value, the forecast

    def update(self, time_us: int, value: float, *, anew: bool = False) -> None:
        """Advance to the next reading; ``anew``: discard the past as a predictor, as after a gap."""
        if self.last_us is None:
            self.origin, self.origin_us = min(max(value, -LARGEST), LARGEST), time_us
            self.blocks.offset = self.origin
            elapsed = 0.0
        else:
            elapsed = (time_us - self.last_us) / 1e6
        self.is_reset = anew or self.last_us is None or (self.interval > 0 and elapsed > GAP * self.interval)
        self.last_us = time_us
        self.seconds = (time_us - self.origin_us) / 1e6
        self.count += 1
        self.previous, self.winsorised_before = self.value, self.winsorised
        self.winsorised_rest_before = self.winsorised_rest
        self.value = (value if -LARGEST <= value <= LARGEST else math.copysign(LARGEST, value)) - self.origin
        self.has_block = self.has_moved = False
        self.is_outside = not self.lower_limit <= value <= self.upper_limit
        self.is_expected_outside = False
        if self.is_reset:
            return self._begin()
        interval = self.interval
        if elapsed != interval:
            most = 4 * interval
            step = ((most if most < elapsed else elapsed) - interval) * INTERVAL_GAIN
            self.interval = interval + step if interval else elapsed
        self._forecast(harmonics_at(self.harmonics, self.seconds) if self.harmonics else 0.0)
        if self.filled == BLOCK:
            self._end_block()

    def step_back(self, time_us: int) -> bool:
        """Forget everything after a time; the next reading then starts anew, as after a gap.

        Return False if too little is left: then all detectors have to start anew.
        """
        seconds = (time_us - self.origin_us) / 1e6
        blocks, times = self.blocks.values(), self.block_times.values()
        kept = int((times < seconds).sum())
        if kept < min(FEWEST, len(times)):
            return False
        self.blocks.set_values(blocks[:kept])
        self.block_times.set_values(times[:kept])
        self.last_us = time_us - int((GAP + 1) * self.interval * 1e6) - 1
        return True

    def _begin(self) -> None:
        """Start at a value without a forecast: the first one, or the first after a gap."""
        self.winsorised = self.value
        self._anchor(self.value, harmonics_at(self.harmonics, self.seconds))
        self.residual, self.sums, self.filled = 0.0, NOTHING, 0

    def _anchor(self, value: float, harmonic: float) -> None:
        """Set the levels to the present value of the signal."""
        self.winsorised_rest = value - harmonic
        self.levels, self.slope = (value, value, value, self.winsorised_rest), 0.0
        self.outliers, self.since = 0, 1

    def _forecast(self, harmonic: float) -> None:
        """Forecast the present value and learn from it; ``harmonic`` is the harmonics' sum at its time."""
        predicted = self.levels[2] + self.slope
        winsorised = self._winsorise(harmonic, predicted)
        self._smooth(winsorised, harmonic, self.levels[2] if self.has_moved else predicted)
        self._add_to_block(winsorised, harmonic)

    def _winsorise(self, harmonic: float, predicted: float) -> float:
        """Compare the forecasts with the present value; return it, limited to 4.5 σ around the selected
        forecast.

        After 8 outliers in a row the levels restart at the value.
        """
        value, selector = self.value, self.selector
        scale = selector.scales[selector.best]
        sigma = self.sigma = math.sqrt(scale.variance)
        fast, slow, _, rest_level = self.levels
        # After a spike a constant is expected to return to its value.
        last = self.winsorised_before if self.outliers and not sigma else self.previous
        residuals = self.present = (
            value - last,
            value - fast,
            value - slow,
            value - predicted,
            value - harmonic - rest_level,
        )
        residual = self.residual = residuals[selector.best]
        expected = self.origin + value - residual
        self.is_expected_outside = not self.lower_limit <= expected <= self.upper_limit
        is_known = self.is_known = scale.count >= scale.least
        if not (is_known and abs(residual) > OUTLYING * sigma):
            self.outliers = 0
            return value
        self.outliers += 1
        if self.outliers <= STAYING:
            return value + (math.copysign(OUTLYING * sigma, residual) - residual)
        self._anchor(value, harmonic)
        self.has_moved = True
        if not sigma:
            self._move(value, harmonic)
        return value

    def _smooth(self, winsorised: float, harmonic: float, predicted: float) -> None:
        """Update the levels and the slope with the winsorised value."""
        fast, slow, _, rest_level = self.levels
        self.winsorised, rest = winsorised, winsorised - harmonic
        self.winsorised_rest = rest
        self.since += 1
        fast_gain, slow_gain, trend_gain = GAINS if self.since >= LONG_AGO else early_gains(self.since)
        surprise = winsorised - predicted
        self.levels = (
            fast + (winsorised - fast) * fast_gain,
            slow + (winsorised - slow) * slow_gain,
            predicted + surprise * trend_gain,
            rest_level + (rest - rest_level) * slow_gain,
        )
        self.slope += surprise * SLOPE_GAIN

    def _add_to_block(self, winsorised: float, harmonic: float) -> None:
        """Add the present reading to the sums of the block."""
        z = self.residual / self.sigma if self.sigma and self.is_known else 0.0
        square = z * z
        total, total_rest, total_time, squares = self.sums
        self.sums = (
            total + winsorised,
            total_rest + (winsorised - harmonic),
            total_time + self.seconds,
            squares + (square if square < LARGEST_SQUARE else LARGEST_SQUARE),
        )
        self.filled += 1

    def _move(self, value: float, harmonic: float) -> None:
        """Take over the level to which a constant has moved, as if the reading before had been there, too.

        The jump itself is no scatter: learn only from the difference of the last two readings.
        """
        self.winsorised_before, self.winsorised_rest_before = value, value - harmonic
        self.present = (value - self.previous,) * len(self.present)

    def let_go(self) -> None:
        """Drop the values that belong to the present reading only."""
        self.present = ()
        self.seconds = self.residual = self.sigma = self.previous = 0.0
        self.winsorised_before = self.winsorised_rest_before = self.block = self.block_rest = self.squares = (
            0.0
        )

    def learn(self) -> None:
        """Learn from the present residuals; call this after all detectors have scored the reading."""
        if self.outliers and not self.sigma:
            return  # a constant after a spike or a move: the next readings decide
        # A pseudo-random quarter of the residuals is enough, and costs less.
        if self.count * SCATTER & QUARTER == 0 and self.count > SETTLING and not self.is_reset:
            self.selector.learn(self.present, self.learning_mode)

    def _end_block(self) -> None:
        total, total_rest, total_time, self.squares = self.sums
        self.block, self.block_rest, time = total / BLOCK, total_rest / BLOCK, total_time / BLOCK
        self.sums, self.filled, self.has_block = NOTHING, 0, True
        self.block_count += 1
        # Harmonics must not be fitted to a fault: store their prediction in place of the faulty block.
        is_usual = self.learning_mode is not FREEZE
        if is_usual:
            self.usual_level = self.levels[-1]
        self.blocks.append(self.block if is_usual else self.usual_level + harmonics_at(self.harmonics, time))
        self.block_times.append(time)

    def discard_recent(self) -> None:
        """Replace the last blocks by the harmonics' prediction: a fault may have begun in these blocks."""
        blocks, times = self.blocks.values().copy(), self.block_times.values()[-BEFORE:].tolist()
        rests = [
            block - harmonics_at(self.harmonics, time)
            for block, time in zip(blocks[-BEFORE:].tolist(), times, strict=True)
        ]
        level = self.usual_level = sum(rests[:-BEGINNING]) / len(rests[:-BEGINNING])
        blocks[-BEGINNING:] = [level + harmonics_at(self.harmonics, time) for time in times[-BEGINNING:]]
        self.blocks.set_values(blocks)

    @property
    def rounding(self) -> float:
        """Return the rounding error of a difference of values; smaller differences count as none."""
        return ROUNDING * (abs(self.origin) + abs(self.value))

    @property
    def to_go(self) -> int:
        """Return how many further readings are needed to know the size of the residuals, about."""
        lacking = self.selector.selected.lacking
        return LEARNED_OF * lacking + max(0, SETTLING - self.count) if lacking else 0

    @property
    def is_periodic(self) -> bool:
        """Whether mature harmonics predict best; a deviation from them is normal only if it recurs often."""
        return self.is_mature and self.selector.best == HARMONIC

    @property
    def is_refit_due(self) -> bool:
        """Whether to fit the harmonics again, after all detectors have scored the present reading."""
        every = REFIT_EVERY if self.steady < LONG_STEADY else 2 * REFIT_EVERY
        return self.has_block and self.block_count % every == 0 and len(self.blocks) >= FEWEST

    def refit(self, *, anew: bool) -> Refit | None:
        """Fit harmonics to the stored blocks.

        Return None if the present harmonics stay: unless ``anew`` is set, mature harmonics are given up only
        after several fits that disagree.
        """
        before, times = self.harmonics, self.block_times.values()
        fit = fit_harmonics(self.blocks.values(), times)
        is_steady = bool(before and fit.harmonics) and self._agree(
            before, fit.harmonics, float(fit.rest.std())
        )
        if self.is_mature and not is_steady and not anew and self.disputes < PATIENCE:
            self.disputes += 1
            return None
        self.disputes = 0
        shift = harmonics_at(before, self.seconds) - harmonics_at(fit.harmonics, self.seconds)
        self.harmonics = fit.harmonics
        *levels, rest_level = self.levels
        self.levels = (levels[0], levels[1], levels[2], rest_level + shift)
        self.steady = self.steady + 1 if is_steady else 0
        longest_s = 2 * math.pi / min((harmonic[0] for harmonic in fit.harmonics), default=math.inf)
        span_s = float(times[-1] - times[0])
        self.is_mature = self.steady >= LONG_STEADY and span_s > ENOUGH_PERIODS * longest_s
        if not is_steady:
            self.selector.forget(HARMONIC)
        return Refit(shift, fit.rest, is_steady, self.steady == PROVEN)

    def _agree(self, before: tuple[Harmonic, ...], after: tuple[Harmonic, ...], sigma: float) -> bool:
        """Whether both sets of harmonics nearly agree around the present reading, apart from the level."""
        around = self.seconds + self.interval * BLOCK * np.arange(-REFIT_EVERY, REFIT_EVERY)
        differences = [harmonics_at(before, time) - harmonics_at(after, time) for time in around.tolist()]
        return bool(np.std(differences) < STEADY * sigma)


def early_gains(count: int) -> tuple[float, float, float]:
    """Return the gains of the levels fast, slow and trend after ``count`` values: at first plain means."""
    early = 1 / count
    return max(FAST_GAIN, early), max(SLOW_GAIN, early), max(TREND_GAIN, early)
