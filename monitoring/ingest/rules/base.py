"""The interface of a rule, and its verdict."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from monitoring.ingest.columns import Segments
from monitoring.kernel.arrays import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one rule for n values; all arrays have shape (n,).

    ``found`` marks the values that violate the rule. ``lower`` and ``upper`` are the band of accepted
    values in the tag's unit, infinite on an open side.
    """

    reason: str
    found: BoolArray
    lower: FloatArray
    upper: FloatArray


class Violation(NamedTuple):
    """A violation by one value: the reason, and the band of accepted values; None on an open side."""

    reason: str
    lower: float | None
    upper: float | None


class Rule(Protocol):
    """Judge each value by up to ``lookback`` values just before it in time, and by nothing else.

    A rule holds settings and no state, so the verdict is the same after a restart, in any process and for
    any grouping of the readings. A value that violates a rule becomes an anomaly.
    """

    @property
    def lookback(self) -> int:
        """Return how many earlier values the rule reads."""
        ...

    def score(self, segments: Segments) -> tuple[Verdict, ...]:
        """Judge the n values of the segments; return one verdict per reason.

        A value has fewer than ``lookback`` values before it only if no earlier ones exist.
        """
        ...
