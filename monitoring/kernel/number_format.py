"""Number formats for operators. The scripts get the formats of numbers and durations, and apply them alike.

``static/monitoring/js/base/numbers.js`` has the same rule for numbers, with the cases in ``tests/js/cases``.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import numpy as np

MOST_DIGITS = 6  # of a number without an exponent, before the decimal point, or after it
EXPONENT_FROM = 10.0**MOST_DIGITS
MOST_FIXED_DECIMALS = 10  # that a tag may set
SIGNIFICANT = 4  # digits of a tag's typical value
MOST_EXACT = 5  # the same, if all values end there
FEW_VALUES = 10  # fewer do not show how fine a sensor measures
USUAL_DECIMALS = 2  # of a tag with few values
UNKNOWN_DECIMALS = 3  # at most, of a tag without values and limits
LARGEST_ERROR = 0.02  # of rounding, as a share of the value
NONZERO = frozenset("123456789")


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How the values of a tag are written: ``decimals`` always, up to ``most`` if a value has them.

    A value that would lose more than LARGEST_ERROR by rounding gets more. With ``most`` None, the number of
    decimals is set by a person, and fixed. Numbers beyond MOST_DIGITS digits have an exponent.
    """

    decimals: int
    most: int | None

    def text(self, value: float) -> str:
        """Return the value with a separator of thousands and without a minus before zero."""
        if not math.isfinite(value):
            return str(value)
        if abs(value) >= EXPONENT_FROM:
            return exponent_text(value, self._digits)
        decimals = self.decimals if self.most is None else self._decimals_of(value)
        if decimals is None:
            return exponent_text(value, self._digits)
        text = fixed_text(value, decimals)
        is_longer = len(text.partition(".")[0].replace(",", "").lstrip("-")) > MOST_DIGITS
        return exponent_text(value, self._digits) if is_longer else text

    @property
    def uniform(self) -> "NumberFormat":
        """Return the format of computed values, such as means, which have digits that no sensor has sent."""
        return self if self.most is None else NumberFormat(self.decimals, self.decimals)

    def trimmed(self, value: float | None) -> str:
        """Return the value without trailing zeros, so that a limit reads as typed; "-" for None."""
        return "-" if value is None else trim(self.text(value))

    def width(self, values: Iterable[float]) -> float:
        """Return the width of the longest text in digits; a sign, point or comma counts as half a digit."""
        texts = [self.text(value) for value in values]
        return max((len(text) - 0.5 * sum(map(text.count, ".,-")) for text in texts), default=1.0)

    @property
    def _digits(self) -> int:
        """Return the number of digits of a number with an exponent."""
        return MOST_DIGITS if self.most is None or self.most > MOST_DIGITS else SIGNIFICANT

    def _decimals_of(self, value: float) -> int | None:
        size = abs(value)
        room = MOST_DIGITS - len(str(int(size))) if size >= 1 else MOST_DIGITS
        decimals, most = min(self.decimals, room), min(self.most or 0, room)
        finest = rounded(value, max(decimals, most))
        while decimals < most and rounded(value, decimals) != finest:
            decimals += 1
        while abs(rounded(value, decimals) - value) > LARGEST_ERROR * size:
            if decimals >= room:
                return None
            decimals += 1
        return decimals


AS_TYPED = NumberFormat(0, MOST_FIXED_DECIMALS)  # of limits, and of other numbers that people type in


def automatic_format(values: Sequence[float], bounds: Iterable[float | None] = ()) -> NumberFormat:
    """Return the format for a tag's newest values: the digits that they have, and four if they have many.

    Five digits of a typical value count as few: a sensor that sends 1234.5 is not shown as 1,235.
    ``bounds`` are the limits, which say how large values are before the first one.
    """
    given = np.asarray([value for value in values if math.isfinite(value)], dtype=float)
    sizes = np.abs(given[given != 0.0])
    few = len(given) < FEW_VALUES
    if not len(sizes):
        sizes = np.abs(np.asarray([bound for bound in bounds if bound], dtype=float))
        if not len(sizes):
            return NumberFormat(min(USUAL_DECIMALS, UNKNOWN_DECIMALS) if few else 0, UNKNOWN_DECIMALS)
        sizes, few = sizes[[sizes.argmax()]], True
    place = math.floor(math.log10(float(np.median(sizes))))
    most = min(MOST_DIGITS, max(0, SIGNIFICANT - 1 - place))
    plain = given[np.abs(given) < EXPONENT_FROM]
    exact = min(MOST_DIGITS, max(0, MOST_EXACT - 1 - place))
    if np.array_equal(np.round(plain, exact), plain):
        most = exact
    finest = np.round(plain, most)
    needed = next(d for d in range(most + 1) if d == most or np.array_equal(np.round(plain, d), finest))
    most = max(needed, min(MOST_DIGITS, SIGNIFICANT - 1 - place))
    return NumberFormat(max(needed, min(USUAL_DECIMALS, most)) if few else needed, most)


def format_for(
    decimals: int | None, values: Sequence[float], bounds: Iterable[float | None] = ()
) -> NumberFormat:
    """Return the format with the decimals that a person has set; with None, that of the newest values."""
    return automatic_format(values, bounds) if decimals is None else NumberFormat(decimals, None)


def fixed_text(value: float, decimals: int) -> str:
    """Format the value with decimals and a separator of thousands; below 1e21.

    Round as JavaScript's toFixed does, halves away from zero. Halves are those of the exact binary value:
    0.125 has two decimals "0.13", 1.005 has "1.00".
    """
    with localcontext(prec=40):
        text = f"{Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):,f}"
    return text if NONZERO.intersection(text) else text.lstrip("-")


def exponent_text(value: float, digits: int) -> str:
    """Return the value with up to so many digits and an exponent, such as 2.3e9 or -3e-7."""
    with localcontext(rounding=ROUND_HALF_UP):
        mantissa, _, exponent = f"{Decimal(value):.{digits - 1}e}".partition("e")
    return f"{trim(mantissa)}e{int(exponent)}"


def trim(text: str) -> str:
    """Return the number without zeros at the end of the decimals; one with an exponent has none."""
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def rounded(value: float, decimals: int) -> float:
    """Return the value rounded as in ``fixed_text``."""
    return float(fixed_text(value, decimals).replace(",", ""))


@dataclass(frozen=True, slots=True)
class DurationFormat:
    """The format of durations below ``below_s`` seconds (None: of all): a number for each unit in seconds."""

    below_s: int | None
    units_s: tuple[int, ...]
    pattern: str

    def as_json(self) -> dict[str, Any]:
        """Return the format for the scripts."""
        return {"belowS": self.below_s, "unitsS": list(self.units_s), "pattern": self.pattern}


YEAR_S = 31_557_600
# A duration in its one or two largest units, such as "90 s" or "2 h 5 min".
DURATION = (
    DurationFormat(120, (1,), "{} s"),
    DurationFormat(3_600, (60,), "{} min"),
    DurationFormat(86_400, (3_600, 60), "{} h {} min"),
    DurationFormat(60 * 86_400, (86_400, 3_600), "{} d {} h"),
    DurationFormat(2 * YEAR_S, (86_400,), "{} days"),
    DurationFormat(None, (YEAR_S, YEAR_S // 12), "{} years {} months"),
)
# An age in its largest useful unit, such as "119 min" or "30 days".
AGE = (
    DurationFormat(120, (1,), "{} s"),
    DurationFormat(7_200, (60,), "{} min"),
    DurationFormat(172_800, (3_600,), "{} h"),
    DurationFormat(2 * YEAR_S, (86_400,), "{} days"),
    DurationFormat(None, (YEAR_S,), "{} years"),
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
        return f"{AS_TYPED.trimmed(float(f'{value:.{digits}g}'))} {self.unit}".rstrip()

    def usual(self, reach: float) -> str:
        """Return the change of level that is normal, in words; a level that never changed has none."""
        return f"up to {self.reach(reach)} is usual" if reach else "before, it was constant"

    def reach(self, value: float) -> str:
        """Return a difference with the tag's unit, rounded to two significant digits."""
        return self.amount(value, digits=2)


def duration(seconds: float) -> str:
    """Return a duration in words, with a fraction below ten seconds: 0.25 s, 14 s, 3 min, 2 h 30 min, 3 d."""
    if seconds >= 10:
        return span_text(seconds, DURATION)
    return f"{AS_TYPED.trimmed(float(f'{seconds:.2g}'))} s"


def span_text(seconds: float, formats: Sequence[DurationFormat]) -> str:
    """Return a duration in the first format whose bound is above the duration.

    Seconds are rounded, halves up; larger units count as far as they are complete. A second unit of which
    there is none is left out.
    """
    found = next(each for each in formats if each.below_s is None or seconds < each.below_s)
    if found.units_s == (1,):
        return found.pattern.format(math.floor(seconds + 0.5))
    numbers, rest = [], seconds
    for unit_s in found.units_s:
        numbers.append(int(rest // unit_s))
        rest %= unit_s
    pattern = found.pattern if numbers[-1] else found.pattern.partition(" {}")[0]
    return pattern.format(*numbers)
