"""Keeps how far the sources' clocks are from the server's, in the transaction that stores their readings."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from monitoring.ingest.parse import ReadingColumns
from monitoring.ingest.rollups import Clocks
from monitoring.ingest.tags import LockedTag
from monitoring.kernel.clock import to_micros
from monitoring.kernel.source_clock import (
    NO_ARRIVALS,
    IntArray,
    clock_errors,
    limit_us,
    packed,
    unpacked,
    with_readings,
)

NEVER = np.iinfo(np.int64).min


def stored_clocks(tags: Sequence[LockedTag]) -> Clocks:
    """Return what is stored of the tags' clocks."""
    return {tag.pk: (tag.arrivals, tag.clock_error) for tag in tags}


def clocks_after(tags: Sequence[LockedTag], columns: ReadingColumns, now: datetime) -> Clocks:
    """Return what is known of the tags' clocks after readings, by tags' places, have arrived now.

    The newest reading of a tag counts, unless it is late: a source sends what it has kept afterwards.
    """
    newest_us = np.full(len(tags), NEVER)
    np.maximum.at(newest_us, columns.tag, columns.time_us)
    places = np.flatnonzero(newest_us > last_times(tags, limit_us(now))).tolist()
    clocks = dict(stored_clocks(tags))
    if places:
        before = unpacked(b"".join(tags[place].arrivals or NO_ARRIVALS for place in places))
        after = with_readings(before, newest_us[places], to_micros(now))
        pairs = zip(packed(after), clock_errors(after).tolist(), strict=True)
        clocks.update(zip([tags[place].pk for place in places], pairs, strict=True))
    return clocks


def last_times(tags: Sequence[LockedTag], latest_us: int) -> IntArray:
    """Return each tag's newest time (n,), ``NEVER`` where there is none or where that is ahead."""
    known = (NEVER if tag.last_us is None or tag.last_us > latest_us else tag.last_us for tag in tags)
    return np.fromiter(known, dtype=np.int64, count=len(tags))
