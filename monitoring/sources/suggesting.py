"""Suggest unit, kind and valid range of a tag from the words of a point's name and from a value."""

import math
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from monitoring.kernel.tag_definition import TagKind
from monitoring.sources.patterns import LONGEST_TAG

TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\x00-\x7f]+")
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")


class Quantity(NamedTuple):
    """A measured quantity: the words that name it, the unit, and the usual range of sensors."""

    words: frozenset[str]
    unit: str
    valid_min: float
    valid_max: float


def quantity(words: str, unit: str, valid_min: float, valid_max: float) -> Quantity:
    """Return the quantity of these words, separated by spaces."""
    return Quantity(frozenset(words.split()), unit, valid_min, valid_max)


# The first match counts, so that "do temperature" is a temperature.
QUANTITIES = (
    quantity("temp temperature tmp", "°C", -50, 200),
    quantity("ph", "pH", 0, 14),
    quantity("rpm stirrer stirring agitator agitation", "rpm", 0, 3000),
    quantity("do dot po2 oxygen", "%", 0, 200),
    quantity("pressure press", "bar", -1, 20),
    quantity("co2", "%", 0, 100),
    quantity("humidity", "%", 0, 100),
    quantity("flow aeration airflow", "L/min", 0, 1000),
    quantity("gravity", "SG", 0.9, 1.2),
    quantity("tilt angle", "°", 0, 180),
    quantity("weight mass", "kg", -10, 10000),
    quantity("volume", "L", 0, 10000),
    quantity("level", "%", 0, 100),
    quantity("battery voltage volt", "V", 0, 1000),
    quantity("current ampere", "A", -1000, 1000),
    quantity("power", "W", 0, 1e6),
    quantity("conductivity", "mS/cm", 0, 1000),
    quantity("od od600 turbidity", "", 0, 1000),
    quantity("rssi", "dBm", -120, 0),
)
BY_UNIT = {
    "°C": (-50.0, 200.0),
    "°F": (-60.0, 400.0),
    "pH": (0.0, 14.0),
    "rpm": (0.0, 3000.0),
    "%": (0.0, 200.0),
}
SETPOINTS = frozenset({"setpoint", "sp", "target"})
COUNTERS = frozenset({"total", "count", "counter", "totalizer"})


def tag_name(*parts: str) -> str:
    """Return a valid name of a tag from the parts, joined by points; empty without a letter or digit."""
    joined = ".".join(filter(None, (NOT_IN_NAMES.sub("_", part).strip("_.-") for part in parts)))
    if joined and not joined[0].isalpha():
        joined = f"t{joined}"
    return joined[:LONGEST_TAG].rstrip("_.-")


def words_of(text: str) -> set[str]:
    """Return the words of a name, in lower case: ``jacketTemp_2`` has jacket, temp and 2."""
    tokens = [token.lower() for token in TOKEN.findall(text)]
    pairs = [first + second for first, second in pairwise(tokens) if second.isdecimal()]
    return {*tokens, *pairs}


def suggest(name: str, value: float | bool | str, *, unit: str = "") -> dict[str, object]:
    """Return unit, kind, valid range, and for booleans the names of the states; with keys as in SourcePoint.

    ``unit`` is that which the source names, if any.
    """
    words = words_of(name)
    if isinstance(value, bool):
        states = {"0": "off", "1": "on"}
        return {"kind": str(TagKind.DISCRETE), "states": states, "valid_min": 0.0, "valid_max": 1.0}
    found = next((each for each in QUANTITIES if each.words & words), None)
    low, high = range_of(found, unit, value)
    return {
        "unit": unit or (found.unit if found else ""),
        "kind": str(kind_of(words)),
        "valid_min": low,
        "valid_max": high,
    }


def completed(suggestion: Mapping[str, Any], raw: str) -> dict[str, Any]:
    """Return a suggestion with unit, kind and valid range, where the source names none: from name and value.

    ``raw`` is the last value as text. A point that suggests no tag stays as is.
    """
    given = {name: value for name, value in suggestion.items() if value not in (None, "")}
    if "tag" not in given and "choices" not in given:
        return given
    states = given.get("states")
    if isinstance(states, Mapping) and states:
        numbers = [float(number) for number in states]
        return {"valid_min": min(numbers), "valid_max": max(numbers), **given}
    return {**suggest(str(given.get("tag", "")), number_of(raw), unit=str(given.get("unit", ""))), **given}


def number_of(raw: str) -> float:
    """Return the number that a text is; 0 if it is none."""
    try:
        number = float(raw)
    except ValueError:
        return 0.0
    return number if math.isfinite(number) else 0.0


def kind_of(words: set[str]) -> TagKind:
    """Return the kind of a tag whose name has these words."""
    if words & SETPOINTS:
        return TagKind.SETPOINT
    return TagKind.COUNTER if words & COUNTERS else TagKind.ANALOG


def range_of(found: Quantity | None, unit: str, value: float | str) -> tuple[float, float]:
    """Return a valid range for the unit or the quantity that contains the value, wide in doubt."""
    low, high = BY_UNIT.get(unit, (0.0, 0.0))
    if found and unit in ("", found.unit):
        low, high = found.valid_min, found.valid_max
    number = value if isinstance(value, int | float) else 0.0
    if low < high and low <= number <= high:
        return low, high
    reach = 10.0 ** max(4, math.ceil(math.log10(abs(number) or 1.0)) + 2)
    return -reach, reach
