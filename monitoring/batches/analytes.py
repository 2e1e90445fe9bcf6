"""Analytes of samples: names, units and plausible ranges."""

import math
import re
from dataclasses import dataclass

from monitoring.batches.errors import BatchInputError

SLUG = re.compile(r"[a-z][a-z0-9_]{0,31}")
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
LARGEST = 1e12
LONGEST_UNIT = 20


@dataclass(frozen=True, slots=True)
class Analyte:
    """A known analyte: the unit that formulas expect, and the inclusive range of plausible values."""

    name: str
    title: str
    unit: str
    lowest: float
    highest: float


ANALYTES = {
    analyte.name: analyte
    for analyte in (
        Analyte("od600", "OD600", "", 0, 300),
        Analyte("glucose", "Glucose", "g/L", 0, 700),
        Analyte("dry_weight", "Dry weight", "g/L", 0, 250),
        Analyte("acetate", "Acetate", "g/L", 0, 100),
        Analyte("lactate", "Lactate", "g/L", 0, 200),
        Analyte("ethanol", "Ethanol", "g/L", 0, 200),
        Analyte("glycerol", "Glycerol", "g/L", 0, 1300),
        Analyte("ammonium", "Ammonium", "g/L", 0, 50),
        Analyte("phosphate", "Phosphate", "g/L", 0, 100),
        Analyte("product", "Product", "g/L", 0, 500),
        Analyte("wet_weight", "Wet weight", "g/L", 0, 1000),
        Analyte("viability", "Viability", "%", 0, 100),
        Analyte("cell_count", "Cell count", "1e6/mL", 0, 100_000),
        Analyte("ph_offline", "pH, offline", "pH", 0, 14),
    )
}


def analyte_title(analyte: str) -> str:
    """Return the name for people: of a free analyte its name with spaces."""
    known = ANALYTES.get(analyte)
    return known.title if known else analyte.replace("_", " ")


def slug_of(text: str) -> str:
    """Return the name of the analyte that a person typed: of a known one by its title."""
    words = text.strip().lower()
    known = next((each.name for each in ANALYTES.values() if each.title.lower() == words), None)
    return known or re.sub("[^a-z0-9]+", "_", words).strip("_")[:32]


def checked_unit(analyte: str, unit: str) -> str:
    """Return the unit to store; an empty unit of a known analyte is its own.

    Raises:
        BatchInputError: the name is no slug, or a known analyte has another unit. Values are not converted.
    """
    if not SLUG.fullmatch(analyte):
        raise BatchInputError(
            f"expected a name as glucose: lower-case letters, digits and '_', up to 32, got {analyte[:40]!r}",
            "analyte",
        )
    known = ANALYTES.get(analyte)
    if known is None or unit in ("", known.unit):
        return known.unit if known else checked_free_unit(unit)
    expected = f"in {known.unit}" if known.unit else "without a unit"
    raise BatchInputError(f"expected {known.title} {expected}, got {unit[:20]!r}: convert the value", "unit")


def checked_free_unit(unit: str) -> str:
    """Return the unit of an analyte that is not known.

    Raises:
        BatchInputError: it is too long.
    """
    if len(unit) > LONGEST_UNIT:
        raise BatchInputError(f"expected a unit of at most {LONGEST_UNIT} characters", "unit")
    return unit.strip()


def checked_value(analyte: str, value: float) -> float:
    """Return the value, if finite and plausible.

    Raises:
        BatchInputError: it is not; the message names the range.
    """
    if not math.isfinite(value):
        raise BatchInputError("expected a finite number", "value")
    known = ANALYTES.get(analyte)
    lowest, highest = (known.lowest, known.highest) if known else (-LARGEST, LARGEST)
    if not lowest <= value <= highest:
        unit = f" {known.unit}" if known and known.unit else ""
        raise BatchInputError(
            f"expected {analyte_title(analyte) or 'a value'} from {lowest:g} to {highest:g}{unit},"
            f" got {value:g}",
            "value",
        )
    return value + 0.0  # -0.0 becomes 0.0


def number_of(text: str) -> float:
    """Return the number that a person typed, with a decimal point or comma.

    Raises:
        BatchInputError: the text is no finite number. Thousands separators are not guessed at.
    """
    if not NUMBER.fullmatch(text.strip()):
        raise BatchInputError(f"expected a number, as 12.5 or 12,5, got {text.strip()[:20]!r}", "value")
    return float(text.strip().replace(",", "."))
