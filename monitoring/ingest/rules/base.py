"""What a rule is: a function of the values just before and of the values to judge."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from monitoring.kernel.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Verdict:
    """One reason's answer for n values; all arrays have shape (n,).

    ``found`` marks the values that the reason speaks against. ``lower`` and ``upper`` are the
    band, in the tag's unit, in which the value would have been accepted (infinite where open).
    """

    reason: str
    found: BoolArray
    lower: FloatArray
    upper: FloatArray


@dataclass(frozen=True, slots=True)
class Runs:
    """Values of several signals, to be judged at once.

    ``series`` (s,) has signal behind signal, of each the values just before and then those to judge,
    in order of time. Of the n values to judge, ``place`` (n,) is where in ``series`` each stands,
    ``before`` (n,) how many of its own signal stand before it there, and ``signal`` (n,) which it is of.
    """

    series: FloatArray
    place: IntArray
    before: IntArray
    signal: IntArray

    @property
    def value(self) -> FloatArray:
        """The values to judge; shape (n,)."""
        return self.series[self.place]


def run_of(history: FloatArray, values: FloatArray) -> Runs:
    """One signal: ``values`` (n,) to judge, which follow ``history`` (h,) in time."""
    place = np.arange(len(history), len(history) + len(values))
    return Runs(np.concatenate([history, values]), place, place, np.zeros(len(values), dtype=np.int64))


class Rule(Protocol):
    """Judges each value by up to ``lookback`` values just before it in time, and by nothing else.

    A rule holds settings, never state: so its answer is the same after a restart, in any process
    and for any grouping. What rules find makes a measurement an anomaly.
    """

    @property
    def lookback(self) -> int:
        """How many earlier values it looks at."""
        ...

    def score(self, runs: Runs) -> tuple[Verdict, ...]:
        """Judges the runs' n values; a verdict a reason.

        Before a value there may be fewer than ``lookback`` only if no earlier values exist.
        """
        ...
