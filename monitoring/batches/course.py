"""Minute values of the tags of a vessel over a time, by role: the course that formulas and charts read."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monitoring.batches.finding import bindings_between
from monitoring.batches.vessel_roles import OTHER
from monitoring.history.rollup_rows import read_rollups
from monitoring.kernel.clock import SECOND_US, to_micros
from monitoring.kernel.rollups import RESOLUTIONS_S
from monitoring.kernel.tag_definition import TagKind
from monitoring.models import Vessel, VesselTag

MINUTE_US = RESOLUTIONS_S[0] * SECOND_US
FloatArray = NDArray[np.float64]


class MinuteValues(Protocol):
    """The minutes of one tag that have values, in order of time; all of shape (n,)."""

    @property
    def start(self) -> NDArray[np.int64]:
        """Return the begin of each minute in microseconds since 1970."""

    @property
    def mean(self) -> FloatArray:
        """Return the mean of each minute."""

    @property
    def minimum(self) -> FloatArray:
        """Return the minimum of each minute."""

    @property
    def maximum(self) -> FloatArray:
        """Return the maximum of each minute."""


ReadMinutes = Callable[[int, int, int], MinuteValues]  # of a tag's id, in a half-open range of microseconds


def minute_rollups(tag: int, start_us: int, stop_us: int) -> MinuteValues:
    """Return the minute rollups of a tag in a half-open range."""
    return read_rollups(tag, RESOLUTIONS_S[0], start_us, stop_us)


@dataclass(frozen=True, slots=True)
class ChannelKey:
    """The identity of a channel from batch to batch: role and function, or for "other" the tag's name."""

    role: str
    function: str = "measured"
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """The minute values of one role (or of one tag without role), all of shape (n,); NaN in gaps.

    ``tags`` are the tags bound in that time, the first binding first; values are in ``unit``. ``kind`` is
    that of the last tag.
    """

    key: ChannelKey
    tags: tuple[str, ...]
    title: str
    unit: str
    tolerance: float | None
    mean: FloatArray
    minimum: FloatArray
    maximum: FloatArray
    kind: str = TagKind.ANALOG.value


@dataclass(frozen=True, slots=True)
class Course:
    """Channels on a regular grid of minutes: ``start_us`` has shape (n,), in microseconds since 1970."""

    start_us: NDArray[np.int64]
    channels: tuple[Channel, ...]

    def channel(self, role: str, function: str = "measured") -> Channel | None:
        """Return the channel of a role; None if no tag is bound."""
        return next((each for each in self.channels if each.key == ChannelKey(role, function)), None)


def read_course(vessel: Vessel, start: datetime, end: datetime, roles: Iterable[str] | None = None) -> Course:
    """Return the minute values of the vessel's tags from ``start`` to ``end``, in whole minutes.

    A tag that was moved counts only while bound. ``roles`` limits the channels (None: all).
    """
    wanted = None if roles is None else set(roles)
    bindings = bindings_between(vessel, start, end)
    return course_of(
        [each for each in bindings if wanted is None or each.role in wanted], minutes_between(start, end)
    )


def minutes_between(start: datetime, end: datetime) -> NDArray[np.int64]:
    """Return the minutes from that of ``start`` to ``end`` (exclusive), at least one, in microseconds."""
    first_us, last_us = to_micros(start) // MINUTE_US * MINUTE_US, to_micros(end)
    return np.arange(first_us, max(last_us, first_us + 1), MINUTE_US)


def course_of(
    bindings: Iterable[VesselTag], grid: NDArray[np.int64], read: ReadMinutes = minute_rollups
) -> Course:
    """Return the minute values of bindings on a grid of minutes."""
    bound: dict[ChannelKey, list[VesselTag]] = {}
    for binding in bindings:
        bound.setdefault(key_of(binding), []).append(binding)
    return Course(grid, tuple(read_channel(key, each, grid, read) for key, each in bound.items()))


def key_of(binding: VesselTag) -> ChannelKey:
    """Return the channel that the binding's values belong to."""
    return ChannelKey(binding.role, binding.function, binding.tag.name if binding.role == OTHER else "")


def read_channel(
    key: ChannelKey, bindings: list[VesselTag], grid: NDArray[np.int64], read: ReadMinutes
) -> Channel:
    """Return the values of the bindings, each in its bound time."""
    columns = np.full((3, len(grid)), np.nan)
    for binding in bindings:
        first, stop = bound_us(binding, int(grid[0]), int(grid[-1]) + MINUTE_US)
        if first < stop:
            put(columns, read(binding.tag_id, first, stop), int(grid[0]))
    newest = bindings[-1]
    return Channel(
        key=key,
        tags=tuple(dict.fromkeys(binding.tag.name for binding in bindings)),
        title=newest.tag.shown_name,
        unit=newest.tag.unit,
        tolerance=newest.tolerance,
        mean=columns[0],
        minimum=columns[1],
        maximum=columns[2],
        kind=newest.tag.kind,
    )


def bound_us(binding: VesselTag, first_us: int, stop_us: int) -> tuple[int, int]:
    """Return the part of the half-open range in which the tag is bound: whole minutes."""
    begin = first_us if binding.begin is None else -(-to_micros(binding.begin) // MINUTE_US) * MINUTE_US
    end = stop_us if binding.end is None else to_micros(binding.end) // MINUTE_US * MINUTE_US
    return max(first_us, begin), min(stop_us, end)


def put(columns: FloatArray, buckets: MinuteValues, first_us: int) -> None:
    """Put mean, minimum and maximum into ``columns`` of shape (3, n), whose first minute is ``first_us``."""
    place = (buckets.start - first_us) // MINUTE_US
    columns[0, place], columns[1, place], columns[2, place] = buckets.mean, buckets.minimum, buckets.maximum
