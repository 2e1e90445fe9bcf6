"""Payloads of messages as numbers and times."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson

from monitoring.models.source import MOST_RAW
from monitoring.sources.config import MappingRule
from monitoring.sources.patterns import split_address
from monitoring.sources.pointers import MISSING, find, leaves, parse_pointer, pointer_text
from monitoring.sources.times import time_parser

LARGEST_BYTES = 262_144
LONGEST_NUMBER = 64
LONGEST_WITH_NAN = 65_536
# Words by which devices say that they have no value.
BAD_WORDS = frozenset({"nan", "-nan", "unavailable", "unknown", "none", "null", "n/a"})
SWITCH: Final = {"on": 1.0, "off": 0.0, "true": 1.0, "false": 0.0}


class UnusableError(ValueError):
    """A payload without a usable value; the message names the expected form."""


class MissingMemberError(UnusableError):
    """A document without the member of a pointer."""


class BadQualityError(ValueError):
    """A payload of a device that has no value. ``is_number``: NaN or infinity, not a word."""

    def __init__(self, word: str, *, is_number: bool = False) -> None:
        super().__init__(f"The value is {word}: the device has none.")
        self.word = word
        self.is_number = is_number


@dataclass(frozen=True, slots=True)
class Target:
    """A rule for the messages of one topic, ready to use."""

    tag: str
    rule: MappingRule
    value_tokens: tuple[str, ...] = ()
    time_tokens: tuple[str, ...] = ()
    parse_time: Callable[[object, int], int] | None = None  # None: the time of receipt
    texts: Mapping[str, float] = field(default_factory=dict)
    is_exact: bool = True  # the rule names this topic, not a pattern

    @property
    def needs_document(self) -> bool:
        """Return whether the payload has to be JSON."""
        return bool(self.value_tokens or self.time_tokens)


def target_of(rule: MappingRule, tag: str, *, uses_receive_time: bool, is_exact: bool) -> Target:
    """Return the target of a rule.

    Raises:
        ValueError: a pointer, time format, zone or option is invalid.
    """
    has_time = bool(rule.time_pointer) and not uses_receive_time
    return Target(
        tag=tag,
        rule=rule,
        value_tokens=parse_pointer(split_address(rule)[1]),
        time_tokens=parse_pointer(rule.time_pointer) if has_time else (),
        parse_time=time_parser(rule.time_format, rule.zone) if has_time else None,
        texts=parse_texts(str(rule.options.get("texts", ""))),
        is_exact=is_exact,
    )


def parse_texts(text: str) -> dict[str, float]:
    """Return numbers by text in lower case, of "on=1, off=0" or lines of that form.

    Raises:
        ValueError: the text has another form.
    """
    found = {}
    for item in text.replace("\n", ",").split(","):
        if not item.strip():
            continue
        word, _, number = item.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not word.strip() or not math.isfinite(value):
            raise ValueError(f"Expected texts with numbers as on=1, off=0; not {item.strip()[:40]!r}.")
        found[word.strip().lower()] = value
    return found


def decode(payload: bytes) -> object:
    """Return the document of a JSON payload. NaN and Infinity, which are not JSON, are numbers.

    Raises:
        UnusableError: the payload is not JSON, or nested too deeply.
    """
    try:
        return orjson.loads(payload)
    except ValueError as error:
        if len(payload) <= LONGEST_WITH_NAN and (b"NaN" in payload or b"Infinity" in payload):
            return _decode_with_nan(payload)
        raise UnusableError(f"The payload is not JSON: {error}.") from None


def read_value(payload: bytes, document: object, target: Target) -> float:
    """Return the value of a message in the unit of the tag. ``document`` is used if the rule has pointers.

    Raises:
        UnusableError: there is no number.
        BadQualityError: the device says that it has no value.
    """
    if not target.needs_document:
        return target.rule.scaled(number_of_payload(payload, target.texts))
    found = find(document, target.value_tokens)
    if found is MISSING:
        raise MissingMemberError(f"The payload has no {pointer_text(target.value_tokens)}.")
    return target.rule.scaled(number_of(found, target.texts))


def read_time(document: object, target: Target, received_us: int) -> int:
    """Return the time of a message in microseconds since 1970.

    Raises:
        UnusableError: the message has no such time.
    """
    if target.parse_time is None:
        return received_us
    found = find(document, target.time_tokens)
    if found is MISSING:
        raise MissingMemberError(f"The payload has no {pointer_text(target.time_tokens)}.")
    try:
        return target.parse_time(found, received_us)
    except ValueError as error:
        raise UnusableError(str(error)) from None


def number_of_payload(payload: bytes, texts: Mapping[str, float]) -> float:
    """Return the number of a payload that is not JSON.

    Raises:
        UnusableError: the payload is neither a number nor one of ``texts``.
        BadQualityError: the device says that it has no value.
    """
    try:
        number = float(payload) if len(payload) <= LONGEST_NUMBER and b"_" not in payload else math.nan
    except ValueError:
        number = math.nan
    if math.isfinite(number):
        return number
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        raise UnusableError("The payload is binary. Expected a number as text, or JSON.") from None
    return number_of_text(text, texts)


def number_of(value: object, texts: Mapping[str, float]) -> float:
    """Return the number of a value in a document.

    Raises:
        UnusableError: the value is neither a number nor one of ``texts``.
        BadQualityError: the device says that it has no value.
    """
    if isinstance(value, bool):
        return number_of_text("true" if value else "false", texts)
    if isinstance(value, int | float):
        return finite(value)
    if value is None:
        raise BadQualityError("null")
    if isinstance(value, str):
        return number_of_text(value, texts)
    raise UnusableError(f"Expected a number, not {'a list' if isinstance(value, list) else 'an object'}.")


def number_of_text(text: str, texts: Mapping[str, float]) -> float:
    """Return the number of a text.

    Raises:
        UnusableError: the text is neither a number nor one of ``texts``.
        BadQualityError: the device says that it has no value.
    """
    word = text.strip()[: LONGEST_NUMBER + 1].lower()
    if word in texts:
        return texts[word]
    if word in BAD_WORDS:
        raise BadQualityError(word, is_number=word.endswith("nan"))
    try:
        number = float(word) if len(word) <= LONGEST_NUMBER and "_" not in word else None
    except ValueError:
        number = None
    if number is not None:
        return finite(number)
    if word[:1] in ("{", "["):
        raise UnusableError("The payload is JSON: enter the JSON pointer of the value, as /od.")
    remedy = "" if texts else " If it is a state, enter its numbers, as in on=1, off=0."
    raise UnusableError(f"Expected a number, not {text.strip()[:40]!r}.{remedy}")


def finite(number: int | float) -> float:
    """Return the number as a float.

    Raises:
        UnusableError: the number is too large.
        BadQualityError: the number is NaN or infinite.
    """
    try:
        value = float(number)
    except OverflowError:
        raise UnusableError("The number is too large.") from None
    if not math.isfinite(value):
        raise BadQualityError(str(value), is_number=True)
    return value


def raw_text(payload: bytes, most: int = MOST_RAW) -> str:
    """Return the first characters of a payload, for people; bytes that are no text are replaced."""
    return payload[: 4 * most].decode(errors="replace").replace("\0", "\ufffd")[:most]


def number_leaves(document: object, most: int) -> list[tuple[tuple[str, ...], float]]:
    """Return the numbers and switches of a document with their tokens, at most so many."""
    found = []
    for tokens, value in leaves(document, 10 * most):
        try:
            found.append((tokens, number_of(value, SWITCH)))
        except (UnusableError, BadQualityError):
            continue
    return found[:most]


def time_leaf(document: object) -> tuple[tuple[str, ...], str]:
    """Return the tokens and the format of the member that looks like the time of a document, if any."""
    if not isinstance(document, dict):
        return (), ""
    for name, value in document.items():
        if name.lower() in ("timestamp", "time", "ts", "datetime", "@timestamp") and _is_time(value):
            return (name,), "iso" if isinstance(value, str) else ""
    return (), ""


def _is_time(value: object) -> bool:
    """Return whether a value is an ISO time with an offset, or a number of this century."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return False
    try:
        micros = time_parser("iso" if isinstance(value, str) else "")(value, 0)
    except ValueError:
        return False
    has_offset = not isinstance(value, str) or value[-1:] in "Zz" or any(c in value[19:] for c in "+-")
    return micros > 946_684_800_000_000 and has_offset


def _decode_with_nan(payload: bytes) -> object:
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        raise UnusableError("The payload is not JSON.") from None


def rules_need_document(targets: Sequence[Target]) -> bool:
    """Return whether a message for these targets is decoded as JSON."""
    return any(target.needs_document for target in targets)
