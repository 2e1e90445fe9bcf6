"""From what a source sent to columns of readings, many at once.

What is as nearly all readings are is read column by column; anything else goes through
``readings.read_item`` one by one, which has the last word and the words for every rejection.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from monitoring.ingest.validate import FUTURE_TOLERANCE, ReadingRejectedError, Rejection, read_item, tag_of
from monitoring.kernel.clock import parse_plain_timestamps, to_micros
from monitoring.kernel.epoch_numbers import micros_of_numbers, plain_numbers
from monitoring.kernel.tag_definition import LARGEST_VALUE, TagDefinition

UNKNOWN = -1
FEW = 16  # readings, for which columns take longer than reading one by one
NOTHING: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class ReadingColumns:
    """Valid readings, in any order; all arrays have shape (n,).

    ``tag`` is the place of a reading's tag among those that it was read by, ``position`` its own
    place in what the source sent.
    """

    tag: NDArray[np.int64]
    position: NDArray[np.int64]
    time_us: NDArray[np.int64]
    value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.time_us)

    def take(self, places: NDArray[Any] | slice) -> "ReadingColumns":
        """The readings at these places, of this slice, or of this mask."""
        return ReadingColumns(
            self.tag[places], self.position[places], self.time_us[places], self.value[places]
        )


def joined(columns: Sequence[ReadingColumns]) -> ReadingColumns:
    """All of them, one behind the other; at least one is given."""
    if len(columns) == 1:
        return columns[0]
    fields = ("tag", "position", "time_us", "value")
    return ReadingColumns(*(np.concatenate([getattr(part, field) for part in columns]) for field in fields))


@dataclass(frozen=True, slots=True)
class Draft:
    """All items as columns of shape (n,), as far as they could be read; ``tag`` is a place among names."""

    tag: NDArray[np.int64]
    time_us: NDArray[np.int64]
    value: NDArray[np.float64]
    read: NDArray[np.bool_]


def named_tags(items: Sequence[object]) -> set[str]:
    """The names that the items give as their tags, whether such tags exist or not."""
    try:
        named = {item.get("tag") for item in as_objects(items)}
    except TypeError:  # a list or an object, which can't be in a set
        named = {tag for item in as_objects(items) if isinstance(tag := item.get("tag"), str)}
    return {name for name in named if isinstance(name, str)}


def as_objects(items: Sequence[object]) -> Sequence[dict[str, Any]]:
    """The items, with an empty object in the place of what is none."""
    if set(map(type, items)) <= {dict}:
        return cast(Sequence[dict[str, Any]], items)
    return [item if isinstance(item, dict) else NOTHING for item in items]


def validate(
    items: Sequence[object],
    tags: Mapping[str, TagDefinition],
    *,
    now: datetime,
    known: Iterable[str] | None = None,
) -> tuple[ReadingColumns, dict[int, Rejection]]:
    """Splits what a source sent into readings, in their order, and rejections by position.

    ``known`` are the names of all tags, for the words of a rejection, where ``tags`` are not all.
    """
    names = list(tags)
    draft = nothing_read(len(items)) if len(items) < FEW else read_plainly(items, names, tags, now=now)
    place_of = {name: place for place, name in enumerate(names)}
    rejections: dict[int, Rejection] = {}
    for position in np.flatnonzero(~draft.read).tolist():
        item = items[position]
        try:
            reading = read_item(item, tags, now=now, known=tags if known is None else known)
        except ReadingRejectedError as error:
            rejections[position] = Rejection(tag_of(item), error.reason, error.field, str(error))
        else:
            draft.tag[position] = place_of[reading.tag]
            draft.time_us[position], draft.value[position] = reading.time_us, reading.value
            draft.read[position] = True
    kept = np.flatnonzero(draft.read)
    return ReadingColumns(draft.tag[kept], kept, draft.time_us[kept], draft.value[kept]), rejections


def nothing_read(count: int) -> Draft:
    """The columns of so many items, none of them read yet."""
    return Draft(
        tag=np.full(count, UNKNOWN),
        time_us=np.zeros(count, dtype=np.int64),
        value=np.full(count, np.nan),
        read=np.zeros(count, dtype=bool),
    )


def read_plainly(
    items: Sequence[object], names: Sequence[str], tags: Mapping[str, TagDefinition], *, now: datetime
) -> Draft:
    """The items as columns; ``read`` are those that certainly are valid."""
    fields = as_objects(items)
    places = {name: place for place, name in enumerate(names) if tags[name].active}
    tag = places_in(places, [field.get("tag") for field in fields])
    value = plain_numbers([field.get("value") for field in fields])
    time_us, timely = plain_times([field.get("timestamp") for field in fields])
    lowest, highest, oldest = bounds_of(names, tags)
    read = timely & (tag != UNKNOWN) & (value >= lowest[tag]) & (value <= highest[tag])
    read &= (time_us >= oldest[tag]) & (time_us <= to_micros(now + FUTURE_TOLERANCE))
    return Draft(tag, time_us, value, read)


def places_in(places: Mapping[str, int], named: Sequence[Any]) -> NDArray[np.int64]:
    """The places of the tags of these names."""
    try:
        found = [places.get(name, UNKNOWN) for name in named]
    except TypeError:  # a list or an object can't be looked up
        found = [places.get(name, UNKNOWN) if isinstance(name, str) else UNKNOWN for name in named]
    return np.array(found, dtype=np.int64)


def plain_times(stamps: Sequence[object]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return microseconds of timestamps, texts or numbers, and which are read; both of shape (n,)."""
    if {int, float}.isdisjoint(map(type, stamps)):
        return parse_plain_timestamps(stamps)
    number_us, is_number = micros_of_numbers(plain_numbers(stamps))
    if is_number.all():
        return number_us, is_number
    text_us, is_text = parse_plain_timestamps(stamps)
    return np.where(is_text, text_us, number_us), is_text | is_number


def bounds_of(
    names: Sequence[str], tags: Mapping[str, TagDefinition]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Valid range and oldest time of each tag, and of none for ``UNKNOWN``, which is the last place."""
    rows = [tags[name] for name in names]
    never = np.iinfo(np.int64).min
    return (
        np.maximum([*(tag.valid_min for tag in rows), np.nan], -LARGEST_VALUE),
        np.minimum([*(tag.valid_max for tag in rows), np.nan], LARGEST_VALUE),
        np.array([*(never if tag.raw_from is None else to_micros(tag.raw_from) for tag in rows), never]),
    )
