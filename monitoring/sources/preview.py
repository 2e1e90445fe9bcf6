"""The tag and value that a mapping makes of a message, as shown before the mapping is stored."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from monitoring.sources.config import MappingRule

PART = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
WORDS = {"true": 1.0, "on": 1.0, "false": 0.0, "off": 0.0}


@dataclass(frozen=True, slots=True)
class Preview:
    """The tag of a message, and the value, or the reason why the message has none."""

    tag: str
    value: float | None = None
    problem: str = ""


def preview(rule: MappingRule, address: str, raw: str) -> Preview | None:
    """Return the outcome of a message; None if the mapping is of other addresses."""
    pieces = PART.split(rule.address)
    pattern = "".join(
        f"(?P<{piece}>[^/]+)" if place % 2 else re.escape(piece) for place, piece in enumerate(pieces)
    )
    try:
        match = re.fullmatch(pattern, address)
    except re.error:  # a part that stands twice in the address
        return None
    if match is None:
        return None
    parts = match.groupdict()
    tag = PART.sub(lambda part: parts.get(part[1], part[0]), rule.tag)
    try:
        return Preview(tag, rule.scaled(value_of(raw, rule.value_pointer)))
    except ValueError as error:
        return Preview(tag, problem=str(error))


def value_of(raw: str, pointer: str) -> float:
    """Return the number at the JSON pointer of a payload; without a pointer, of the payload as a whole.

    Raises:
        ValueError: there is no number.
    """
    value: Any = raw.strip()
    if pointer:
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise ValueError("the payload is no JSON") from error
        for key in pointer.split("/")[1:]:
            value = _member(value, key.replace("~1", "/").replace("~0", "~"))
    return _number(value)


def _member(value: Any, key: str) -> Any:
    try:
        return value[int(key)] if isinstance(value, list) else value[key]
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise ValueError(f"the payload has nothing at {key!r}") from error


def _number(value: Any) -> float:
    if isinstance(value, str) and value.lower() in WORDS:
        return WORDS[value.lower()]
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{str(value)[:40]!r} is no number") from error
    if not math.isfinite(number):
        raise ValueError(f"{str(value)[:40]!r} is no finite number")
    return number
