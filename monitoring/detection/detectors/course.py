"""What a signal is expected to do next, learned from the signal: level, trend and cycles."""

import math
from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitoring.detection.detectors.cycles import Cycle, cycles_at, fit_cycles
from monitoring.detection.detectors.scale import FAULT, NORMAL, Candidates
from monitoring.kernel.arrays import FloatArray
from monitoring.kernel.state import Stateful

ROUNDING = 1e-12
LARGEST = 1e100  # values are cut off there: their squares must be numbers
GAP = 5.0  # usual intervals without a reading: then what follows is begun anew
INTERVAL_GAIN = 1 / 64
SETTLING = 64  # readings before the forecasts' errors mean anything
DAY = 86_400.0  # readings
SCATTER = 2_654_435_761  # Fibonacci hashing, Knuth, The Art of Computer Programming 6.4
QUARTER = 0b11 << 16
OUTLYING = 4.5  # σ from the forecast: so far a reading does not move the levels
LARGEST_SQUARE = 16.0  # in σ²: one outlier is no noise
NOTHING = (0.0, 0.0, 0.0, 0.0)
STAYING = 7  # outliers in a row: one more shows that the signal has moved
LONG_AGO = 32  # readings
BLOCK = 8  # readings
BLOCKS = 1024  # kept for the cycles
SPARE = 64  # blocks: as many are dropped at once, since each time all others are moved
REFIT_EVERY = 32  # blocks
FEWEST = 128  # blocks for a fit
STEADY = 0.15  # of the rest's σ: by less two fits of the same cycles differ
PROVEN, LONG_STEADY = 2, 8  # steady fits in a row
ENOUGH_PERIODS = 2
BEGINNING = 25  # blocks in which a fault may have begun before it was found
BEFORE = BEGINNING + 64
PATIENCE = 7  # refits that say otherwise

LAST, FAST, SLOW, TREND, CYCLE = range(5)
GAINS = FAST_GAIN, SLOW_GAIN, TREND_GAIN = 1 / 4, 1 / 32, 0.15
SLOPE_GAIN = 0.006


@dataclass(frozen=True, slots=True)
class Refit:
    """New cycles in the place of the old: values without cycles are ``shift`` higher now.

    ``rest`` (n,) is what they leave of the blocks; the new are steady if they foretell what the old
    did, and proven when they have become so.
    """

    shift: float
    rest: FloatArray
    is_steady: bool
    is_proven: bool


class Course(Stateful):
    """One-step forecasts, the error of the one that is believed, and the signal without its outliers.

    Five forecasts compete: the last value, exponential means over about 4 and 32 values, level and slope
    (Holt 1957, Winters 1960), and cycles plus a mean over 32. All values are relative to the first one.
    """

    STATE = (
        *("origin", "origin_us", "last_us", "interval", "count", "value", "levels", "slope", "cycles"),
        *("outliers", "since", "usual_level", "errors", "block_times", "blocks", "sums", "filled"),
        *("block_count", "steady", "disputes", "is_mature", "clean", "clean_cycle"),
    )

    __slots__ = (
        *STATE,
        *("block", "block_cycle", "clean_before", "clean_cycle_before", "error"),
        *("has_block", "has_moved", "is_fresh", "is_known", "lesson", "present", "previous", "seconds"),
        *("sigma", "squares"),
    )

    def __init__(self) -> None:
        self.origin = 0.0
        self.origin_us = 0
        self.last_us: int | None = None
        self.interval = 0.0  # between readings usually, in s
        self.count = 0
        self.value = self.previous = 0.0
        self.levels = (0.0, 0.0, 0.0, 0.0)  # fast, slow, trend, cycle
        self.slope = 0.0
        self.cycles: tuple[Cycle, ...] = ()
        self.outliers = 0
        self.since = 0  # readings since the levels began
        self.usual_level = 0.0  # without cycles, before the present fault
        self.errors = Candidates(5, held=0, memory=1000, half_life=DAY / 4, least=75)
        self.block_times, self.blocks = array("d"), array("d")
        self.sums = NOTHING  # of the block's clean values, those without cycles, times, squared errors in σ
        self.filled = 0
        self.block_count = 0
        self.steady = 0
        self.disputes = 0
        self.is_mature = False  # the cycles have been seen for long enough to be relied on
        # Of the present reading:
        self.present: tuple[float, ...] = ()
        self.seconds = self.error = self.sigma = self.clean = self.clean_cycle = 0.0
        self.clean_before = self.clean_cycle_before = 0.0
        self.block = self.block_cycle = self.squares = 0.0
        self.is_fresh = True
        self.is_known = False  # how large errors are
        self.lesson = NORMAL
        self.has_block = False
        self.has_moved = False  # after a number of outliers: this is where the signal is now

    def take(self, time_us: int, value: float, *, anew: bool = False) -> None:
        """Goes on to the next reading; ``anew``: what came before says nothing of it, as behind a gap."""
        if self.last_us is None:
            self.origin, self.origin_us = min(max(value, -LARGEST), LARGEST), time_us
            elapsed = 0.0
        else:
            elapsed = (time_us - self.last_us) / 1e6
        self.is_fresh = anew or self.last_us is None or (self.interval > 0 and elapsed > GAP * self.interval)
        self.last_us = time_us
        self.seconds = (time_us - self.origin_us) / 1e6
        self.count += 1
        self.previous, self.clean_before = self.value, self.clean
        self.clean_cycle_before = self.clean_cycle
        self.value = (value if -LARGEST <= value <= LARGEST else math.copysign(LARGEST, value)) - self.origin
        self.has_block = self.has_moved = False
        if self.is_fresh:
            return self._begin()
        interval = self.interval
        if elapsed != interval:
            most = 4 * interval
            step = ((most if most < elapsed else elapsed) - interval) * INTERVAL_GAIN
            self.interval = interval + step if interval else elapsed
        self._forecast(cycles_at(self.cycles, self.seconds) if self.cycles else 0.0)
        if self.filled == BLOCK:
            self._end_block()

    def step_back(self, time_us: int) -> bool:
        """Forgets what lies behind a time: a reading then begins anew, as behind a gap.

        False if so little is left that all should begin anew.
        """
        seconds = (time_us - self.origin_us) / 1e6
        kept = sum(time < seconds for time in self.block_times)
        if kept < min(FEWEST, len(self.block_times)):
            return False
        del self.blocks[kept:], self.block_times[kept:]
        self.last_us = time_us - int((GAP + 1) * self.interval * 1e6) - 1
        return True

    def _begin(self) -> None:
        """Begins at a value of which nothing is foretold: the first one, or one behind a gap."""
        self.clean = self.value
        self._anchor(self.value, cycles_at(self.cycles, self.seconds))
        self.error, self.sums, self.filled = 0.0, NOTHING, 0

    def _anchor(self, value: float, cycle: float) -> None:
        """Puts the levels where the signal is now."""
        self.clean_cycle = value - cycle
        self.levels, self.slope = (value, value, value, self.clean_cycle), 0.0
        self.outliers, self.since = 0, 1

    def _forecast(self, cycle: float) -> None:
        """Compares the forecasts with the value, then moves them."""
        value, candidates = self.value, self.errors
        scale = candidates.scales[candidates.best]
        sigma = self.sigma = math.sqrt(scale.variance)
        fast, slow, trend, cycle_level = self.levels
        foretold = trend + self.slope
        # A constant that a spike has left is expected to come back.
        last = self.clean_before if self.outliers and not sigma else self.previous
        errors = self.present = (
            value - last,
            value - fast,
            value - slow,
            value - foretold,
            value - cycle - cycle_level,
        )
        error = self.error = errors[candidates.best]
        is_known = self.is_known = scale.count >= scale.least
        if is_known and abs(error) > OUTLYING * sigma:
            self.outliers += 1
            if self.outliers <= STAYING:
                value += math.copysign(OUTLYING * sigma, error) - error
            else:
                self._anchor(value, cycle)
                self.has_moved = True
                if not sigma:
                    self._move(value, cycle)
                fast, slow, foretold, cycle_level = self.levels
        else:
            self.outliers = 0
        self.clean, clean_cycle = value, value - cycle
        self.clean_cycle = clean_cycle
        self.since += 1
        fast_gain, slow_gain, trend_gain = GAINS if self.since >= LONG_AGO else early_gains(self.since)
        surprise = value - foretold
        self.levels = (
            fast + (value - fast) * fast_gain,
            slow + (value - slow) * slow_gain,
            foretold + surprise * trend_gain,
            cycle_level + (clean_cycle - cycle_level) * slow_gain,
        )
        self.slope += surprise * SLOPE_GAIN
        z = error / sigma if sigma and is_known else 0.0
        square = z * z
        total, total_cycle, total_time, squares = self.sums
        self.sums = (
            total + value,
            total_cycle + clean_cycle,
            total_time + self.seconds,
            squares + (square if square < LARGEST_SQUARE else LARGEST_SQUARE),
        )
        self.filled += 1

    def _move(self, value: float, cycle: float) -> None:
        """Take over the level to which a constant has moved, as if the reading before had been there, too.

        The jump itself is no scatter: only the difference of the last two readings teaches.
        """
        self.clean_before, self.clean_cycle_before = value, value - cycle
        self.present = (value - self.previous,) * len(self.present)

    def let_go(self) -> None:
        """Forgets what is only of the present reading."""
        self.present = ()
        self.seconds = self.error = self.sigma = self.previous = 0.0
        self.clean_before = self.clean_cycle_before = self.block = self.block_cycle = self.squares = 0.0

    def learn(self) -> None:
        """Lets the present reading's errors teach, once all have looked at it."""
        if self.outliers and not self.sigma:
            return  # a constant is left by a spike, or has moved: the next readings tell
        # A quarter of them, as if by chance, teaches as well and costs less.
        if self.count * SCATTER & QUARTER == 0 and self.count > SETTLING and not self.is_fresh:
            self.errors.learn(self.present, self.lesson)

    def _end_block(self) -> None:
        total, total_cycle, total_time, self.squares = self.sums
        self.block, self.block_cycle, time = total / BLOCK, total_cycle / BLOCK, total_time / BLOCK
        self.sums, self.filled, self.has_block = NOTHING, 0, True
        self.block_count += 1
        # The cycles are not to be learned from a fault: in its place stands what they foretell.
        is_usual = self.lesson is not FAULT
        if is_usual:
            self.usual_level = self.levels[-1]
        self.blocks.append(self.block if is_usual else self.usual_level + cycles_at(self.cycles, time))
        self.block_times.append(time)
        if len(self.blocks) >= BLOCKS + SPARE:
            self._drop_old()

    def _drop_old(self) -> None:
        """Drops the blocks that are not to be kept."""
        if len(self.blocks) > BLOCKS:
            del self.blocks[:-BLOCKS], self.block_times[:-BLOCKS]

    def state(self) -> list[Any]:
        """See ``Stateful.state``."""
        self._drop_old()
        return Stateful.state(self)

    def recant(self) -> None:
        """Puts what the cycles foretell in the place of the last blocks: a fault may have begun in them."""
        rests = [
            block - cycles_at(self.cycles, time)
            for block, time in zip(self.blocks[-BEFORE:], self.block_times[-BEFORE:], strict=True)
        ]
        level = self.usual_level = sum(rests[:-BEGINNING]) / len(rests[:-BEGINNING])
        for place in range(-BEGINNING, 0):
            self.blocks[place] = level + cycles_at(self.cycles, self.block_times[place])

    @property
    def rounding(self) -> float:
        """Below which a difference of values is none: it comes from calculating with them."""
        return ROUNDING * (abs(self.origin) + abs(self.value))

    @property
    def is_cyclic(self) -> bool:
        """Whether it is cycles that foretell best: what leaves them is a habit only if it does so often."""
        return self.is_mature and self.errors.best == CYCLE

    @property
    def is_refit_due(self) -> bool:
        """Whether the cycles should be looked for again, once all have looked at the present reading."""
        every = REFIT_EVERY if self.steady < LONG_STEADY else 2 * REFIT_EVERY
        return self.has_block and self.block_count % every == 0 and len(self.blocks) >= FEWEST

    def refit(self, *, anew: bool) -> Refit | None:
        """Looks for the cycles in the blocks that are kept.

        None if it stays with those that it has: unless it is to learn ``anew``, what has long been proved
        is not given up at once.
        """
        self._drop_old()
        before = self.cycles
        fit = fit_cycles(np.array(self.blocks), np.array(self.block_times))
        is_steady = bool(before and fit.cycles) and self._agree(before, fit.cycles, float(fit.rest.std()))
        if self.is_mature and not is_steady and not anew and self.disputes < PATIENCE:
            self.disputes += 1
            return None
        self.disputes = 0
        shift = cycles_at(before, self.seconds) - cycles_at(fit.cycles, self.seconds)
        self.cycles = fit.cycles
        *levels, cycle_level = self.levels
        self.levels = (levels[0], levels[1], levels[2], cycle_level + shift)
        self.steady = self.steady + 1 if is_steady else 0
        longest_s = 2 * math.pi / min((cycle[0] for cycle in fit.cycles), default=math.inf)
        span_s = self.block_times[-1] - self.block_times[0]
        self.is_mature = self.steady >= LONG_STEADY and span_s > ENOUGH_PERIODS * longest_s
        if not is_steady:
            self.errors.forget(CYCLE)
        return Refit(shift, fit.rest, is_steady, self.steady == PROVEN)

    def _agree(self, before: tuple[Cycle, ...], after: tuple[Cycle, ...], sigma: float) -> bool:
        """Whether both say nearly the same of the readings around now, but for the level."""
        around = self.seconds + self.interval * BLOCK * np.arange(-REFIT_EVERY, REFIT_EVERY)
        differences = [cycles_at(before, time) - cycles_at(after, time) for time in around.tolist()]
        return bool(np.std(differences) < STEADY * sigma)


def early_gains(count: int) -> tuple[float, float, float]:
    """Of the levels fast, slow and trend, when they have ``count`` values: at first they are plain means."""
    early = 1 / count
    return max(FAST_GAIN, early), max(SLOW_GAIN, early), max(TREND_GAIN, early)
