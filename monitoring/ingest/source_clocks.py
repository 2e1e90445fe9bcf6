"""Update the clock errors of the sources, in the transaction that stores their readings."""

from collections.abc import Sequence

import numpy as np

from monitoring.ingest.columns import Batch
from monitoring.ingest.rollups import Clocks
from monitoring.ingest.tags import LockedTag
from monitoring.kernel.arrays import IntArray
from monitoring.kernel.source_clock import (
    AHEAD_US,
    NO_ARRIVALS,
    clock_errors,
    packed,
    unpacked,
    with_readings,
)

NEVER = np.iinfo(np.int64).min


def stored_clocks(tags: Sequence[LockedTag]) -> Clocks:
    """Return the stored clock state of each tag, by primary key."""
    return {tag.pk: (tag.arrivals, tag.clock_error) for tag in tags}


def clocks_after(tags: Sequence[LockedTag], batch: Batch, now_us: int) -> Clocks:
    """Return the clock state of each tag, by primary key, after the batch has arrived at ``now_us``.

    Only the newest reading of a tag counts, and only if it appends: sources send buffered readings late.
    """
    newest_us = np.full(len(tags), NEVER)
    np.maximum.at(newest_us, batch.tag, batch.time_us)
    indices = np.flatnonzero(newest_us > last_times(tags, now_us + AHEAD_US)).tolist()
    clocks = dict(stored_clocks(tags))
    if indices:
        before = unpacked(b"".join(tags[index].arrivals or NO_ARRIVALS for index in indices))
        after = with_readings(before, newest_us[indices], now_us)
        pairs = zip(packed(after), clock_errors(after).tolist(), strict=True)
        clocks.update(zip([tags[index].pk for index in indices], pairs, strict=True))
    return clocks


def last_times(tags: Sequence[LockedTag], latest_us: int) -> IntArray:
    """Return the newest time of each tag (k,); ``NEVER`` if none, or if later than ``latest_us``."""
    known = (NEVER if tag.last_us is None or tag.last_us > latest_us else tag.last_us for tag in tags)
    return np.fromiter(known, dtype=np.int64, count=len(tags))
