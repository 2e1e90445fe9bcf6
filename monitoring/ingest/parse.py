"""Parse a request into a batch of readings.

Parse the common case in columns. Items that the fast path cannot decide go through
``validate.read_item``, which words every rejection.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from monitoring.ingest.columns import Batch
from monitoring.ingest.definition_columns import DefinitionColumns, definition_columns
from monitoring.ingest.reading_columns import ReadingColumns
from monitoring.ingest.validate import FUTURE_TOLERANCE, ReadingRejectedError, Rejection, read_item, tag_of
from monitoring.kernel.arrays import FloatArray, IntArray
from monitoring.kernel.clock import FIRST_MICROS, to_micros
from monitoring.kernel.epoch_numbers import micros_of_numbers, plain_numbers
from monitoring.kernel.tag_definition import TagDefinition
from monitoring.kernel.timestamp_arrays import parse_plain_timestamps

UNKNOWN = -1
FEW = 16  # readings, which are faster to parse one by one
NOTHING: dict[str, Any] = {}


def named_tags(items: Sequence[object]) -> set[str]:
    """Return the tag names in the items, of existing tags or not."""
    if isinstance(items, ReadingColumns):
        return set(items.tags)
    tags = column_of(as_objects(items), "tag")
    try:
        named = set(tags)
    except TypeError:  # a list or an object, which can't be in a set
        named = {tag for tag in tags if isinstance(tag, str)}
    return {name for name in named if isinstance(name, str)}


def as_objects(items: Sequence[object]) -> Sequence[dict[str, Any]]:
    """Return the items, with an empty object in place of each item that is not an object."""
    if set(map(type, items)) <= {dict}:
        return cast(Sequence[dict[str, Any]], items)
    return [item if isinstance(item, dict) else NOTHING for item in items]


def column_of(items: Sequence[dict[str, Any]], field: str) -> list[Any]:
    """Return a field of each item; None where it is missing."""
    try:
        return list(map(itemgetter(field), items))  # faster than ``get``
    except KeyError:
        return [item.get(field) for item in items]


def validate(
    items: Sequence[object],
    tags: Mapping[str, TagDefinition],
    *,
    now: datetime,
    received: Sequence[datetime] = (),
    known: Iterable[str] | None = None,
    definitions: DefinitionColumns | None = None,
) -> tuple[Batch, dict[int, Rejection]]:
    """Split the items of a request into a batch, in the same order, and rejections by position.

    ``received`` is the time at which each item arrived, none earlier than ``now``, if these differ. ``known``
    are the names of all tags, for the message of a rejection, if ``tags`` are only some. ``definitions`` has
    ``tags`` as columns, if these are known.
    """
    count = len(items)
    index_of = dict(zip(tags, range(len(tags)), strict=True))
    if count < FEW:
        draft, is_read = unread(count), np.zeros(count, dtype=bool)
    else:
        definitions = definitions or definition_columns(list(tags.values()))
        draft, is_read = parse_columns(items, index_of, definitions, now=now)
    rejections: dict[int, Rejection] = {}
    for position in np.flatnonzero(~is_read).tolist():
        item, arrived = items[position], received[position] if received else now
        try:
            reading = read_item(item, tags, now=arrived, known=tags if known is None else known)
        except ReadingRejectedError as error:
            rejections[position] = Rejection(tag_of(item), error.reason, error.field, str(error))
        else:
            draft.tag[position] = index_of[reading.tag]
            draft.time_us[position], draft.value[position] = reading.time_us, reading.value
            is_read[position] = True
    return draft.take(np.flatnonzero(is_read)) if rejections else draft, rejections


def unread(count: int) -> Batch:
    """Return the columns of ``count`` items that are still to be parsed."""
    return Batch(
        tag=np.full(count, UNKNOWN),
        position=np.arange(count),
        time_us=np.zeros(count, dtype=np.int64),
        value=np.full(count, np.nan),
    )


def parse_columns(
    items: Sequence[object], index_of: Mapping[str, int], tags: DefinitionColumns, *, now: datetime
) -> tuple[Batch, NDArray[np.bool_]]:
    """Return the items as columns, and which of them are certainly valid; shape (n,).

    ``index_of`` has the index in ``tags`` by name.
    """
    if isinstance(items, ReadingColumns):
        tag, value, time_us = indices_in(index_of, items.tags), items.value, items.time_us
        timely = time_us >= FIRST_MICROS
    else:
        fields = as_objects(items)
        tag = indices_in(index_of, column_of(fields, "tag"))
        value = plain_numbers(column_of(fields, "value"))
        time_us, timely = plain_times(column_of(fields, "timestamp"))
    lowest, highest, oldest = bounds_of(tags)
    read = timely & (tag != UNKNOWN) & (value >= lowest[tag]) & (value <= highest[tag])
    read &= (time_us >= oldest[tag]) & (time_us <= to_micros(now + FUTURE_TOLERANCE))
    return Batch(tag, np.arange(len(items)), time_us, value), read


def indices_in(indices: Mapping[str, int], named: Sequence[Any]) -> NDArray[np.int64]:
    """Return the index of each named tag, ``UNKNOWN`` without one; shape (n,)."""
    try:
        found = [indices.get(name, UNKNOWN) for name in named]
    except TypeError:  # a list or an object can't be looked up
        found = [indices.get(name, UNKNOWN) if isinstance(name, str) else UNKNOWN for name in named]
    return np.array(found, dtype=np.int64)


def plain_times(stamps: Sequence[object]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return microseconds of timestamps (texts or numbers), and which were parsed; both of shape (n,)."""
    if {int, float}.isdisjoint(map(type, stamps)):
        return parse_plain_timestamps(stamps)
    number_us, is_number = micros_of_numbers(plain_numbers(stamps))
    if is_number.all():
        return number_us, is_number
    text_us, is_text = parse_plain_timestamps(stamps)
    return np.where(is_text, text_us, number_us), is_text | is_number


def bounds_of(tags: DefinitionColumns) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return valid range and oldest time of each tag; shape (k + 1,).

    Inactive tags and the last entry, for ``UNKNOWN``, admit no value.
    """
    lowest = np.where(tags.is_active, tags.lowest, np.nan)
    return np.append(lowest, np.nan), np.append(tags.highest, np.nan), np.append(tags.oldest_us, FIRST_MICROS)
