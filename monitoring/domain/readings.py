"""From what a source sent to columns of readings; every rejection is made here, with its message."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.domain.clock import iso_utc, parse_timestamp, to_micros
from monitoring.domain.tags import TagDefinition

FUTURE_TOLERANCE = timedelta(minutes=5)
SHOWN_TAGS = 20
SHOWN_CHARACTERS = 80


class Reason(StrEnum):
    """Why a reading is refused, in a word that counts can go by."""

    NOT_A_READING = "not_a_reading"
    NO_TAG = "no_tag"
    UNKNOWN_TAG = "unknown_tag"
    INACTIVE_TAG = "inactive_tag"
    BAD_TIMESTAMP = "bad_timestamp"
    IN_FUTURE = "in_future"
    NOT_A_NUMBER = "not_a_number"
    BELOW_VALID_RANGE = "below_valid_range"
    ABOVE_VALID_RANGE = "above_valid_range"
    CONFLICT = "conflict"


class ReadingRejectedError(ValueError):
    """A reading that can't be a measurement: why, which field, and what was expected of it."""

    def __init__(self, reason: Reason, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}")
        self.reason = reason
        self.field = field


@dataclass(frozen=True, slots=True)
class Reading:
    """A valid reading. ``position`` is its place in what the source sent."""

    position: int
    tag: str
    time_us: int
    value: float


@dataclass(frozen=True, slots=True)
class ReadingColumns:
    """Valid readings of one tag, in the order in which they came; all arrays have shape (n,)."""

    position: NDArray[np.int64]
    time_us: NDArray[np.int64]
    value: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why the reading at a position was refused."""

    tag: str
    reason: Reason
    field: str
    message: str


def shown(value: object) -> str:
    """A refused value as a message may carry it: short, and encodable whatever was sent."""
    try:
        text = ascii(value)
    except RecursionError:
        text = "something nested too deeply"
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."


def tag_of(item: object) -> str:
    """The tag that an item names, as an answer may repeat it; empty if it names none."""
    tag = item.get("tag") if isinstance(item, Mapping) else None
    return tag.encode("utf-8", "replace").decode() if isinstance(tag, str) else ""


def validate(
    items: Iterable[object], tags: Mapping[str, TagDefinition], *, now: datetime
) -> tuple[list[Reading], dict[int, Rejection]]:
    """Splits what a source sent into valid readings and rejections by position."""
    readings: list[Reading] = []
    rejections: dict[int, Rejection] = {}
    for position, item in enumerate(items):
        try:
            readings.append(read_item(position, item, tags, now=now))
        except ReadingRejectedError as error:
            rejections[position] = Rejection(tag_of(item), error.reason, error.field, str(error))
    return readings, rejections


def read_item(position: int, item: object, tags: Mapping[str, TagDefinition], *, now: datetime) -> Reading:
    """One item as a reading.

    Raises:
        ReadingRejectedError: it is not an object, or one of its fields is not as the contract says.
    """
    if not isinstance(item, Mapping):
        raise ReadingRejectedError(
            Reason.NOT_A_READING,
            "reading",
            f"expected an object with timestamp, tag and value, got {shown(item)}",
        )
    tag = read_tag(item, tags)
    moment = read_timestamp(item, now=now)
    return Reading(position, tag.name, to_micros(moment), read_value(item, tag))


def read_tag(item: Mapping[str, Any], tags: Mapping[str, TagDefinition]) -> TagDefinition:
    """The definition of the tag that the item names."""
    name = item.get("tag")
    if name is None or name == "":
        raise ReadingRejectedError(Reason.NO_TAG, "tag", "missing; expected the name of a tag")
    if not isinstance(name, str):
        raise ReadingRejectedError(Reason.NO_TAG, "tag", f"expected the name of a tag, got {shown(name)}")
    if name not in tags:
        raise ReadingRejectedError(
            Reason.UNKNOWN_TAG, "tag", f"unknown tag {shown(name)}; {known_tags(tags)}"
        )
    if not tags[name].active:
        raise ReadingRejectedError(
            Reason.INACTIVE_TAG, "tag", f"{name} is not active; activate it in the admin to record it"
        )
    return tags[name]


def known_tags(tags: Iterable[str]) -> str:
    """The way out of an unknown tag: those that there are, or the first of them."""
    names = sorted(tags)
    listed = ", ".join(names[:SHOWN_TAGS]) or "none yet"
    more = f" and {len(names) - SHOWN_TAGS} more" if len(names) > SHOWN_TAGS else ""
    return f"known tags: {listed}{more}"


def read_timestamp(item: Mapping[str, Any], *, now: datetime) -> datetime:
    """The item's timestamp in UTC."""
    text = item.get("timestamp")
    if text is None or text == "":
        raise ReadingRejectedError(
            Reason.BAD_TIMESTAMP, "timestamp", "missing; expected ISO 8601, as in 2026-01-31T12:00:00Z"
        )
    if not isinstance(text, str):
        raise ReadingRejectedError(
            Reason.BAD_TIMESTAMP, "timestamp", f"expected ISO 8601 text, got {shown(text)}"
        )
    try:
        moment = parse_timestamp(text)
    except ValueError as error:
        raise ReadingRejectedError(
            Reason.BAD_TIMESTAMP,
            "timestamp",
            f"expected ISO 8601, as in 2026-01-31T12:00:00Z, got {shown(text)}",
        ) from error
    if moment > now + FUTURE_TOLERANCE:
        raise ReadingRejectedError(
            Reason.IN_FUTURE,
            "timestamp",
            f"{iso_utc(moment)} is more than 5 minutes in the future; it is {iso_utc(now)} here,"
            " check the source's clock and its offset from UTC",
        )
    return moment


def read_value(item: Mapping[str, Any], tag: TagDefinition) -> float:
    """The item's value in the tag's unit."""
    raw = item.get("value")
    if raw is None:
        raise ReadingRejectedError(Reason.NOT_A_NUMBER, "value", "missing; expected a finite number")
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not is_finite(raw):
        raise ReadingRejectedError(
            Reason.NOT_A_NUMBER, "value", f"expected a finite number, got {shown(raw)}"
        )
    value = float(raw)
    if not tag.valid_min <= value <= tag.valid_max:
        below = value < tag.valid_min
        raise ReadingRejectedError(
            Reason.BELOW_VALID_RANGE if below else Reason.ABOVE_VALID_RANGE,
            "value",
            f"{value:.15g} is {'below' if below else 'above'} {tag.name}'s valid range"
            f" {tag.valid_min:g} to {tag.valid_max:g} {tag.unit}".rstrip(),
        )
    return value


def is_finite(number: int | float) -> bool:
    """Whether a float can hold the number; integers may be too large for one."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def columns_by_tag(readings: Sequence[Reading]) -> dict[str, ReadingColumns]:
    """The readings as columns, tag by tag in alphabetical order (so that locks have one order)."""
    grouped: dict[str, list[Reading]] = {}
    for reading in readings:
        grouped.setdefault(reading.tag, []).append(reading)
    return {
        tag: ReadingColumns(
            position=np.array([reading.position for reading in group], dtype=np.int64),
            time_us=np.array([reading.time_us for reading in group], dtype=np.int64),
            value=np.array([reading.value for reading in group], dtype=np.float64),
        )
        for tag, group in sorted(grouped.items())
    }
