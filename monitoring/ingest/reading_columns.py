"""Readings of one delivery as columns, for sources that have numbers already."""

from collections.abc import Sequence
from itertools import chain
from typing import overload

import numpy as np

from monitoring.kernel.arrays import FloatArray, IntArray
from monitoring.kernel.clock import from_micros, iso_utc


class ReadingColumns(Sequence[object]):
    """Readings as columns of length n: names of tags, microseconds since 1970, values.

    As a sequence, its items are objects as they come by HTTP, made when they are looked at. So validation,
    rejections and the spool treat the readings as those of any other source.
    """

    def __init__(self, tags: Sequence[str], time_us: IntArray, value: FloatArray) -> None:
        self.tags, self.time_us, self.value = tags, time_us, value

    def __len__(self) -> int:
        return len(self.tags)

    @overload
    def __getitem__(self, place: int) -> object: ...
    @overload
    def __getitem__(self, place: slice) -> "ReadingColumns": ...
    def __getitem__(self, place: int | slice) -> object:
        if isinstance(place, slice):
            return ReadingColumns(self.tags[place], self.time_us[place], self.value[place])
        time_us, value = int(self.time_us[place]), float(self.value[place])
        return {"timestamp": text_of(time_us), "tag": self.tags[place], "value": value}


def text_of(time_us: int) -> str:
    """Return a time as ISO 8601; of a time outside the years 1 to 9999, a text that validation rejects."""
    try:
        return iso_utc(from_micros(time_us))
    except (ValueError, OverflowError):
        return f"{time_us} microseconds since 1970"


def joined(parts: Sequence[ReadingColumns]) -> ReadingColumns:
    """Return the readings of several columns, in order."""
    return ReadingColumns(
        [*chain.from_iterable(part.tags for part in parts)],
        np.concatenate([part.time_us for part in parts]),
        np.concatenate([part.value for part in parts]),
    )
