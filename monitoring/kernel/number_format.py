"""Number formats for operators."""

import math
from dataclasses import dataclass

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
MOST_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Words:
    """The name and the unit of a tag, for texts about the tag."""

    name: str
    unit: str

    def amount(self, value: float, *, digits: int = 5) -> str:
        """Return a value with the tag's unit, rounded to significant digits."""
        rounded = float(f"{value:.{digits}g}")
        return f"{rounded:.15g} {self.unit}".rstrip()  # 160 rpm, not 1.6e+02 rpm

    def usual(self, reach: float) -> str:
        """Return the change of level that is normal, in words; a level that never changed has none."""
        return f"up to {self.reach(reach)} is usual" if reach else "before, it was constant"

    def reach(self, value: float) -> str:
        """Return a difference with the tag's unit, rounded to two significant digits."""
        return self.amount(value, digits=2)


def duration(seconds: float) -> str:
    """Return a duration, rounded for reading: 0.25 s, 14 s, 3 min, 2.5 h, 3 d."""
    if seconds < MINUTE * 2:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < HOUR * 2:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.3g} h" if seconds < 2 * DAY else f"{seconds / DAY:.3g} d"


def decimals_between(low: float, high: float) -> int:
    """Return the number of decimals that resolve a thousandth of the range, at most MOST_DECIMALS."""
    width = high - low
    return 0 if math.isinf(width) else min(MOST_DECIMALS, max(0, 3 - math.floor(math.log10(width))))
