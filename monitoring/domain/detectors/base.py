"""What a rule is: a function of the values just before and of the values to judge."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


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


class Rule(Protocol):
    """Judges each value by up to ``lookback`` values just before it in time, and by nothing else.

    A rule holds settings, never state: so its answer is the same after a restart, in any process
    and for any grouping. What rules find makes a measurement an anomaly.
    """

    @property
    def lookback(self) -> int:
        """How many earlier values it looks at."""
        ...

    def score(self, history: FloatArray, values: FloatArray) -> tuple[Verdict, ...]:
        """Judges ``values`` (n,), which follow ``history`` (h,) in time; a verdict a reason.

        ``history`` may be shorter than ``lookback`` only if no earlier values exist.
        """
        ...
