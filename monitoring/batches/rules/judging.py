"""The first minute at which a rule holds, on minute means. No database.

A minute without a value is unknown: it neither counts nor contradicts. After a longer gap than
``LONGEST_GAP_US`` the time for which the rule holds starts anew.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from monitoring.batches.rules.rule import BatchRule
from monitoring.kernel.clock import SECOND_US
from monitoring.kernel.rollups import RESOLUTIONS_S
from monitoring.kernel.run_lengths import run_lengths

MINUTE_S = RESOLUTIONS_S[0]
LONGEST_GAP_US = 10 * MINUTE_S * SECOND_US
IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def first_minute(
    rule: BatchRule, start_us: IntArray, mean: FloatArray, *, from_us: int, needs_change: bool = False
) -> int | None:
    """Return the begin of the first run of minutes in which the rule holds, from ``from_us`` on; else None.

    ``start_us`` and ``mean`` have shape (n,): consecutive minutes, NaN where unknown. ``needs_change``: the
    rule must not hold in a known minute before, as for a rule that starts batches: a vessel that stays warm
    after a batch is no new batch.
    """
    known = np.isfinite(mean)
    if not known.any():
        return None
    time_us, holds = start_us[known], holding(rule, mean)[known]
    first, size = run_lengths(np.cumsum(is_broken(time_us, holds)))
    found = holds[first] & (size >= minutes_of(rule)) & (time_us[first] >= from_us)
    if needs_change:
        found &= np.logical_or.accumulate(~holds)[first]
    return int(time_us[first[found.argmax()]]) if found.any() else None


def minutes_of(rule: BatchRule) -> int:
    """Return the number of known minutes in which the rule must hold."""
    return max(1, -(-rule.for_s // MINUTE_S))


def is_broken(time_us: IntArray, holds: BoolArray) -> BoolArray:
    """Return where a new run begins: the rule changes between true and false, or a long gap has ended."""
    broken = np.zeros(len(holds), dtype=np.bool_)
    broken[1:] = (holds[1:] != holds[:-1]) | (np.diff(time_us) > LONGEST_GAP_US)
    return broken


def holding(rule: BatchRule, mean: FloatArray) -> BoolArray:
    """Return in which minutes the rule holds, shape (n,); False where unknown."""
    if rule.condition == "above":
        return mean > rule.limit
    if rule.condition == "below":
        return mean < rule.limit
    highest = highest_before(mean, rule.within_s // MINUTE_S)
    return (highest > 0) & (mean <= highest * (1 - rule.limit / 100))


def highest_before(values: FloatArray, minutes: int) -> FloatArray:
    """Return the highest of the ``minutes`` values before each value, shape (n,); NaN if all are unknown."""
    padded = np.concatenate((np.full(minutes, np.nan), values))[: len(values) + minutes - 1]
    highest: FloatArray = np.fmax.reduce(sliding_window_view(padded, minutes), axis=1)
    return highest
