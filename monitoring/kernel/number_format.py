"""Number formats for operators. The page's scripts get the formats of durations, and apply them alike."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
MOST_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class DurationFormat:
    """The format of durations below ``below_s`` seconds (None: of all): a number for each unit in seconds."""

    below_s: int | None
    units_s: tuple[int, ...]
    pattern: str

    def as_json(self) -> dict[str, Any]:
        """Return the format for the scripts."""
        return {"belowS": self.below_s, "unitsS": list(self.units_s), "pattern": self.pattern}


# A duration in its one or two largest units, such as "90 s" or "2 h 5 min".
DURATION = (
    DurationFormat(120, (1,), "{} s"),
    DurationFormat(3_600, (60,), "{} min"),
    DurationFormat(86_400, (3_600, 60), "{} h {} min"),
    DurationFormat(None, (86_400, 3_600), "{} d {} h"),
)
# An age in its largest useful unit, such as "119 min" or "30 days".
AGE = (
    DurationFormat(120, (1,), "{} s"),
    DurationFormat(7_200, (60,), "{} min"),
    DurationFormat(172_800, (3_600,), "{} h"),
    DurationFormat(None, (86_400,), "{} days"),
)
# The same, with seconds up to ten minutes: by how much a reading is ahead of time.
LEAD = (DurationFormat(600, (1,), "{} s"), *AGE[1:])


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


def span_text(seconds: float, formats: Sequence[DurationFormat]) -> str:
    """Return a duration in the first format whose bound is above the duration.

    Seconds are rounded, halves up; larger units count as far as they are complete.
    """
    found = next(each for each in formats if each.below_s is None or seconds < each.below_s)
    if found.units_s == (1,):
        return found.pattern.format(math.floor(seconds + 0.5))
    numbers, rest = [], seconds
    for unit_s in found.units_s:
        numbers.append(int(rest // unit_s))
        rest %= unit_s
    return found.pattern.format(*numbers)
