"""Update the clock errors of the sources, in the transaction that stores their readings."""

from collections.abc import Sequence

import numpy as np

from monitoring.ingest.columns import Batch
from monitoring.ingest.locked_tags import NEVER, LockedTag, LockedTags
from monitoring.ingest.rollups import Clock, Clocks
from monitoring.kernel.arrays import IntArray
from monitoring.kernel.source_clock import (
    AHEAD_US,
    NO_ARRIVALS,
    clock_error,
    clock_errors,
    packed,
    unpacked,
    with_reading,
    with_readings,
)

FEW = 16  # readings, which are faster to take one by one


def stored_clocks(tags: Sequence[LockedTag]) -> Clocks:
    """Return the stored clock state of each tag, by primary key."""
    columns = LockedTags.of(tags)
    return dict(zip(columns.keys, zip(columns.arrivals, columns.clock_errors, strict=True), strict=True))


def clock_of(tag: LockedTag) -> Clock:
    """Return the stored clock state of a tag."""
    return tag.arrivals, tag.clock_error


def clock_after(arrivals: bytes | None, time_us: int, received_us: int) -> Clock:
    """Return the clock state of a tag with these arrivals after a reading that counts has arrived."""
    state = with_reading(arrivals or NO_ARRIVALS, time_us, received_us)
    return state, clock_error(state)


def clocks_after(tags: Sequence[LockedTag], batch: Batch, received_us: IntArray) -> Clocks:
    """Return the clock state of each tag, by primary key, after the batch has arrived.

    ``received_us`` is the time of arrival by position. Of the readings that arrived together, only the newest
    of a tag counts, and only if it appends: sources send buffered readings late.
    """
    if len(batch) > FEW and (received_us == received_us[0]).all():
        return clocks_after_many(tags, batch, int(received_us[0]))
    clocks, last_us = dict(stored_clocks(tags)), [tag.last_us for tag in tags]
    for (now_us, index), time_us in newest_by_arrival(batch, received_us):
        last = last_us[index]
        if last is None or last > now_us + AHEAD_US or time_us > last:
            pk = tags[index].pk
            clocks[pk] = clock_after(clocks[pk][0], time_us, now_us)
        last_us[index] = time_us if last is None else max(last, time_us)
    return clocks


def newest_by_arrival(batch: Batch, received_us: IntArray) -> list[tuple[tuple[int, int], int]]:
    """Return the newest time of each arrival and tag, as ((arrival, tag), time in µs), in order."""
    newest: dict[tuple[int, int], int] = {}
    arrived = received_us[batch.position]
    keys = zip(arrived.tolist(), batch.tag.tolist(), strict=True)
    for key, time_us in zip(keys, batch.time_us.tolist(), strict=True):
        newest[key] = max(newest.get(key, NEVER), time_us)
    return sorted(newest.items())


def clocks_after_many(tags: Sequence[LockedTag], batch: Batch, now_us: int) -> Clocks:
    """Return the same as ``clocks_after``, for many readings that arrived together at ``now_us``."""
    columns = LockedTags.of(tags)
    newest_us = np.full(len(tags), NEVER)
    np.maximum.at(newest_us, batch.tag, batch.time_us)
    indices = np.flatnonzero(newest_us > last_times(columns, now_us + AHEAD_US)).tolist()
    clocks = dict(stored_clocks(columns))
    if indices:
        before = unpacked(b"".join(columns.arrivals[index] or NO_ARRIVALS for index in indices))
        after = with_readings(before, newest_us[indices], now_us)
        pairs = zip(packed(after), clock_errors(after).tolist(), strict=True)
        clocks.update(zip([columns.keys[index] for index in indices], pairs, strict=True))
    return clocks


def last_times(tags: LockedTags, latest_us: int) -> IntArray:
    """Return the newest time of each tag (k,); ``NEVER`` if none, or if later than ``latest_us``."""
    return np.where(tags.last_us > latest_us, NEVER, tags.last_us)
