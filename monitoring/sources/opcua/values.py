"""Decode OPC UA values: numbers, their times and their quality."""

import math
import re
import struct
from datetime import UTC, datetime
from typing import NamedTuple

from asyncua import ua

from monitoring.kernel.clock import to_micros
from monitoring.models import Quality

FLOAT = struct.Struct("<f")
WHOLE = frozenset(
    (
        *(ua.VariantType.SByte, ua.VariantType.Byte, ua.VariantType.Int16, ua.VariantType.UInt16),
        *(ua.VariantType.Int32, ua.VariantType.UInt32, ua.VariantType.Int64, ua.VariantType.UInt64),
        *(ua.VariantType.Boolean, ua.VariantType.Double),
    )
)
CAPITALS = re.compile(r"(?<=[a-z])(?=[A-Z])")
SEVERITIES = ("Good", "Uncertain", "Bad", "Bad")
CODE = 0xFFFF0000  # of a status; below are bits of information
SEVERITY_BITS = 0xC0000000
OVERFLOW = 0x0480  # values of this item were lost in a full queue of the server
OLDEST = datetime(1970, 1, 1, tzinfo=UTC)  # servers send 1601 for "no time"
NOT_A_NUMBER = "not a number"
MOST_WORD = 100


class Decoded(NamedTuple):
    """A value: a number unless bad or of another type. ``fault`` names the type that is no number."""

    value: float | None
    quality: Quality | None
    code: int | None = None
    word: str = ""
    fault: str = ""


def decode(data: ua.DataValue, element: int | None) -> Decoded:
    """Return number and quality of a value, of one element if the value is an array."""
    status = data.StatusCode.value if data.StatusCode is not None else 0
    if status >= 0x80000000:
        return Decoded(None, Quality.BAD, status & CODE, status_word(status))
    value, fault = number_of(data.Value, element)
    if value is not None and not math.isfinite(value):
        return Decoded(None, Quality.BAD, None, NOT_A_NUMBER)
    if status >= 0x40000000:
        return Decoded(value, Quality.UNCERTAIN, status & CODE, status_word(status), fault)
    return Decoded(value, None, fault=fault)


def number_of(variant: ua.Variant | None, element: int | None) -> tuple[float | None, str]:
    """Return a number and an empty text, or None and the reason in words."""
    kind = variant.VariantType if variant is not None else ua.VariantType.Null
    value = variant.Value if variant is not None else None
    if element is not None:
        if not isinstance(value, list):
            return None, "The value is no array: remove the number of the element from the mapping."
        if element >= len(value):
            return None, f"The array has {len(value)} elements, counted from 0: element {element} is missing."
        value = value[element]
    elif isinstance(value, list):
        return None, f"The value is an array of {len(value)}: name an element in the mapping, as /0."
    if value is None:
        return None, "The server sent no value."
    if kind == ua.VariantType.Float:
        return shortest(value), ""
    if kind in WHOLE:
        return float(value), ""
    return None, f"The value is a {kind.name}, not a number: map a node with a number, a boolean or states."


def shortest(value: float) -> float:
    """Return the number with the fewest digits that is the same 32-bit float: 37.1, not 37.0999985."""
    try:
        wanted = FLOAT.pack(value)
    except OverflowError:
        return value
    for digits in (".6g", ".7g", ".8g"):
        found = float(format(value, digits))
        try:
            if FLOAT.pack(found) == wanted:
                return found
        except OverflowError:  # rounded up, beyond the largest of 32 bits
            continue
    return float(format(value, ".9g"))


def raw_of(data: ua.DataValue) -> str:
    """Return a value as text, for people."""
    if data.Value is None:
        return ""
    value = data.Value.Value
    if data.Value.VariantType == ua.VariantType.Float and isinstance(value, float):
        value = shortest(value)
    return getattr(value, "Text", None) or str(value)


def time_of(data: ua.DataValue) -> int | None:
    """Return the time of a value in microseconds since 1970: the source's, else the server's."""
    for moment in (data.SourceTimestamp, data.ServerTimestamp):
        if moment is not None and moment > OLDEST:
            return to_micros(moment)
    return None


def status_word(status: int) -> str:
    """Return a status code in words: "sensor failure" for BadSensorFailure."""
    name = ua.StatusCode(status & CODE).name
    severity = SEVERITIES[status >> 30]
    is_general = status & CODE & ~SEVERITY_BITS == 0
    if not name.startswith(severity) or (name == severity and not is_general):
        return f"{severity.lower()}, code 0x{status & CODE:08X}"  # of the server's own
    words = CAPITALS.sub(" ", name.removeprefix(severity)).lower().strip()
    return (words or name.lower())[:MOST_WORD]
