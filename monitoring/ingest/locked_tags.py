"""The tags that a transaction has locked, one by one and as columns."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, NamedTuple, overload

import numpy as np

from monitoring.ingest.definition_columns import DefinitionColumns, definition_columns
from monitoring.kernel.arrays import IntArray
from monitoring.kernel.tag_definition import TagDefinition

NEVER = int(np.iinfo(np.int64).min)


class LockedTag(NamedTuple):
    """A tag that the current transaction has locked, with its row of ``series``.

    ``last_us`` is the time of the newest measurement, ``excluded_until_us`` that of the newest excluded one,
    ``open_us`` the start of the open minute, in microseconds since 1970, None if there is none. Measurements
    before ``archived_until_us`` may be in the archive; None: none is.
    ``recent_values``, ``arrivals`` and ``clock_error`` are the columns of ``series``; None if not known.
    """

    pk: int
    definition: TagDefinition
    last_us: int | None
    recent_values: bytes | None
    arrivals: bytes | None = None
    clock_error: int = 0
    excluded_until_us: int | None = None
    open_us: int | None = None
    archived_until_us: int | None = None


class LockedTags(Sequence[LockedTag]):
    """Locked tags as columns of k values, by which a batch of many tags is stored.

    ``fields`` are the columns of ``LockedTag``, in its order; an item is made when looked at. ``definitions``
    has the same as the tags, if known as columns already.
    """

    def __init__(self, fields: Sequence[Sequence[Any]], definitions: DefinitionColumns | None = None) -> None:
        self._fields = fields
        self._definitions = definitions
        self.keys: Sequence[int] = fields[0]
        self.defined: Sequence[TagDefinition] = fields[1]
        self.recent_values: Sequence[bytes | None] = fields[3]
        self.arrivals: Sequence[bytes | None] = fields[4]
        self.clock_errors: Sequence[int] = fields[5]

    @classmethod
    def of(cls, tags: Iterable[LockedTag]) -> "LockedTags":
        """Return locked tags as columns."""
        if isinstance(tags, LockedTags):
            return tags
        return cls([*zip(*tags, strict=True)] or [()] * len(LockedTag._fields))

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, index: int) -> LockedTag: ...
    @overload
    def __getitem__(self, index: slice) -> "LockedTags": ...
    def __getitem__(self, index: int | slice) -> "LockedTag | LockedTags":
        found = [column[index] for column in self._fields]
        return LockedTags(found) if isinstance(index, slice) else LockedTag._make(found)

    @cached_property
    def names(self) -> list[str]:
        """The name of each tag."""
        return [definition.name for definition in self.defined]

    @cached_property
    def definitions(self) -> DefinitionColumns:
        """The definitions of the tags."""
        return definition_columns(self.defined) if self._definitions is None else self._definitions

    @cached_property
    def pk(self) -> IntArray:
        """The primary key of each tag; shape (k,)."""
        return np.array(self.keys, dtype=np.int64)

    @cached_property
    def last_us(self) -> IntArray:
        """The time of the newest measurement of each tag, ``NEVER`` without one; shape (k,)."""
        return micros(self._fields[2])

    @cached_property
    def opened_us(self) -> IntArray:
        """The start of the open minute of each tag, ``NEVER`` without one; shape (k,)."""
        return micros(self._fields[7])

    @cached_property
    def archived_until_us(self) -> IntArray:
        """The time before which measurements of each tag may be archived, else ``NEVER``; shape (k,)."""
        return micros(self._fields[8])

    @property
    def has_archived(self) -> bool:
        """Whether a measurement of a tag is archived."""
        return any(until is not None for until in self._fields[8])

    @property
    def has_excluded(self) -> bool:
        """Whether a measurement of a tag is excluded."""
        return any(until is not None for until in self._fields[6])


def micros(times: Sequence[int | None]) -> IntArray:
    """Return times in microseconds as an array; ``NEVER`` in place of None."""
    known = [NEVER if time_us is None else time_us for time_us in times] if None in times else times
    return np.array(known, dtype=np.int64)
