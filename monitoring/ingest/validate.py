"""Parse and validate single readings; every rejection is made here, with the message."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from monitoring.kernel.clock import (
    MICROSECOND,
    from_micros,
    is_number_text,
    iso_utc,
    parse_timestamp,
    to_micros,
)
from monitoring.kernel.epoch_numbers import micros_of_number
from monitoring.kernel.quoting import shown
from monitoring.kernel.tag_definition import LARGEST_VALUE, TagDefinition

FUTURE_TOLERANCE = timedelta(minutes=5)
SHOWN_TAGS = 20


class RejectionReason(StrEnum):
    """Why a reading is rejected, in a word for counts."""

    NOT_A_READING = "not_a_reading"
    NO_TAG = "no_tag"
    UNKNOWN_TAG = "unknown_tag"
    INACTIVE_TAG = "inactive_tag"
    BAD_TIMESTAMP = "bad_timestamp"
    IN_FUTURE = "in_future"
    TOO_OLD = "too_old"
    NOT_A_NUMBER = "not_a_number"
    BELOW_VALID_RANGE = "below_valid_range"
    ABOVE_VALID_RANGE = "above_valid_range"
    CONFLICT = "conflict"
    ARCHIVE_AWAY = "archive_away"


class ReadingRejectedError(ValueError):
    """A reading that can't become a measurement: the reason, the field and the expected input."""

    def __init__(self, reason: RejectionReason, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}")
        self.reason = reason
        self.field = field


@dataclass(frozen=True, slots=True)
class Reading:
    """A valid reading."""

    tag: str
    time_us: int
    value: float


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why the reading at a position was rejected."""

    tag: str
    reason: RejectionReason
    field: str
    message: str


def tag_of(item: object) -> str:
    """Return the tag that an item names, encodable for a response; empty if the item names none."""
    tag = item.get("tag") if isinstance(item, dict) else None
    return tag.encode("utf-8", "replace").decode() if isinstance(tag, str) else ""


def with_receive_time(items: Sequence[object], received: datetime) -> list[object]:
    """Set the timestamp of readings without one to the time of receipt.

    Readings of one tag get consecutive microseconds, in order, so that none collides with another.
    """
    given: Counter[str] = Counter()
    stamped = list(items)
    for place, item in enumerate(items):
        if isinstance(item, dict) and is_missing(item.get("timestamp")):
            tag = tag_of(item)
            moment = received + given[tag] * MICROSECOND
            stamped[place] = {**item, "timestamp": iso_utc(moment)}
            given[tag] += 1
    return stamped


def read_item(
    item: object, tags: Mapping[str, TagDefinition], *, now: datetime, known: Iterable[str]
) -> Reading:
    """Parse one item. ``tags`` are the tags that items may name, ``known`` the names of all tags.

    Raises:
        ReadingRejectedError: the item is not an object, or a field breaks the contract.
    """
    if not isinstance(item, dict):
        raise ReadingRejectedError(
            RejectionReason.NOT_A_READING,
            "reading",
            f"expected an object with timestamp, tag and value, got {shown(item)}",
        )
    tag = read_tag(item, tags, known)
    moment = read_timestamp(item, now=now)
    refuse_deleted_past(tag, moment)
    return Reading(tag.name, to_micros(moment), read_value(item, tag))


def read_tag(
    item: Mapping[str, Any], tags: Mapping[str, TagDefinition], known: Iterable[str]
) -> TagDefinition:
    """Return the definition of the tag that the item names."""
    name = item.get("tag")
    if name is None or name == "":
        raise ReadingRejectedError(RejectionReason.NO_TAG, "tag", "missing; expected the name of a tag")
    if not isinstance(name, str):
        raise ReadingRejectedError(
            RejectionReason.NO_TAG, "tag", f"expected the name of a tag, got {shown(name)}"
        )
    if name not in tags:
        raise ReadingRejectedError(
            RejectionReason.UNKNOWN_TAG, "tag", f"unknown tag {shown(name)}; {known_tags(known)}"
        )
    if not tags[name].active:
        raise ReadingRejectedError(
            RejectionReason.INACTIVE_TAG,
            "tag",
            f"{name} is not active; activate it in the admin to record it",
        )
    return tags[name]


def known_tags(tags: Iterable[str]) -> str:
    """Return the names of existing tags, at most ``SHOWN_TAGS``, for the message about an unknown tag."""
    names = sorted(tags)
    listed = ", ".join(names[:SHOWN_TAGS]) or "none yet"
    more = f" and {len(names) - SHOWN_TAGS} more" if len(names) > SHOWN_TAGS else ""
    return f"known tags: {listed}{more}"


def read_timestamp(item: Mapping[str, Any], *, now: datetime) -> datetime:
    """Return the item's timestamp in UTC."""
    given = item.get("timestamp")
    if is_missing(given):
        raise bad_timestamp("missing; expected ISO 8601, as in 2026-01-31T12:00:00Z")
    if isinstance(given, str):
        moment = moment_of_text(given)
    elif isinstance(given, int | float) and not isinstance(given, bool):
        moment = moment_of_number(given)
    else:
        raise bad_timestamp(f"expected ISO 8601 text or a number, got {shown(given)}")
    if moment > now + FUTURE_TOLERANCE:
        raise ReadingRejectedError(
            RejectionReason.IN_FUTURE,
            "timestamp",
            f"{iso_utc(moment)} is more than 5 minutes in the future; it is {iso_utc(now)} here,"
            " check the source's clock and its offset from UTC",
        )
    return moment


def is_missing(timestamp: object) -> bool:
    """Return whether a timestamp is missing."""
    return timestamp is None or timestamp == ""


def moment_of_text(text: str) -> datetime:
    """Return the time of a text."""
    try:
        return parse_timestamp(text)
    except ValueError as error:
        way_out = "; send seconds or milliseconds since 1970 without quotes" if is_number_text(text) else ""
        raise bad_timestamp(
            f"expected ISO 8601, as in 2026-01-31T12:00:00Z, got {shown(text)}{way_out}"
        ) from error


def moment_of_number(number: int | float) -> datetime:
    """Return the time of a number."""
    try:
        return from_micros(micros_of_number(number))
    except ValueError as error:
        raise bad_timestamp(
            "expected seconds since 1970, or milliseconds from 1e11 on, within the years 1 to 9999,"
            f" got {shown(number)}"
        ) from error


def bad_timestamp(expected: str) -> ReadingRejectedError:
    """Return the error for an invalid timestamp."""
    return ReadingRejectedError(RejectionReason.BAD_TIMESTAMP, "timestamp", expected)


def refuse_deleted_past(tag: TagDefinition, moment: datetime) -> None:
    """Reject times that retention has deleted: a repeated reading would count twice in rollups."""
    if tag.raw_from is not None and moment < tag.raw_from:
        raise ReadingRejectedError(
            RejectionReason.TOO_OLD,
            "timestamp",
            f"{iso_utc(moment)} is too old: readings of {tag.name} from before {iso_utc(tag.raw_from)}"
            " were deleted, as its retention says; send newer ones",
        )


def read_value(item: Mapping[str, Any], tag: TagDefinition) -> float:
    """Return the item's value in the tag's unit."""
    raw = item.get("value")
    if raw is None:
        raise ReadingRejectedError(RejectionReason.NOT_A_NUMBER, "value", "missing; expected a finite number")
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not is_finite(raw):
        raise ReadingRejectedError(
            RejectionReason.NOT_A_NUMBER, "value", f"expected a finite number, got {shown(raw)}"
        )
    value = float(raw)
    lowest, highest = max(tag.valid_min, -LARGEST_VALUE), min(tag.valid_max, LARGEST_VALUE)
    if not lowest <= value <= highest:
        below = value < lowest
        raise ReadingRejectedError(
            RejectionReason.BELOW_VALID_RANGE if below else RejectionReason.ABOVE_VALID_RANGE,
            "value",
            f"{value:.15g} is {'below' if below else 'above'} {tag.name}'s valid range"
            f" {lowest:g} to {highest:g} {tag.unit}".rstrip(),
        )
    return value


def is_finite(number: int | float) -> bool:
    """Return whether a float can hold the number; an integer may be too large."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False
