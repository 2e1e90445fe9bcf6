"""The threshold rule: a value outside the tag's limits."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from monitoring.domain.detectors.base import FloatArray, Verdict

BELOW_LIMIT = "below_limit"
ABOVE_LIMIT = "above_limit"


@dataclass(frozen=True, slots=True)
class Limits:
    """Finds x < lower or x > upper; a value on a limit is inside. None is no limit.

    Source: high and low process alarms, ANSI/ISA-18.2-2016.
    """

    lower: float | None
    upper: float | None

    lookback: ClassVar[int] = 0

    def score(self, history: FloatArray, values: FloatArray) -> tuple[Verdict, ...]:
        """See ``Rule.score``; the history is not looked at."""
        lower = np.full(values.shape, -math.inf if self.lower is None else self.lower)
        upper = np.full(values.shape, math.inf if self.upper is None else self.upper)
        return (
            Verdict(BELOW_LIMIT, values < lower, lower, upper),
            Verdict(ABOVE_LIMIT, values > upper, lower, upper),
        )
