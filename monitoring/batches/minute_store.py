"""Minute values of tags that were read before, kept by hour; only hours that have changed are read again.

The hour rollups change in the transaction of the readings: late, replaced and excluded readings change count,
total or extremes of their hour. So 20 hours of a tag cost 20 rows to check, in place of 1,200.
"""

import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from monitoring.batches.course import MINUTE_US
from monitoring.history.rollup_rows import columns, open_in
from monitoring.kernel.arrays import FloatArray, IntArray
from monitoring.kernel.clock import SECOND_US
from monitoring.kernel.rollups import RESOLUTIONS_S

MINUTE_S, HOUR_S = RESOLUTIONS_S[0], 3_600
HOUR_US = HOUR_S * SECOND_US
MINUTES = HOUR_S // MINUTE_S
MOST_HOURS = 40_000  # of single tags; 1.5 kB each. A plant of 100 vessels has 32,000 in its running batches.
ROWS = """
    SELECT tag, start, count, total, minimum, maximum FROM rollups
    WHERE tag IN ({tags}) AND resolution_s = %s AND start >= %s AND start < %s
    UNION ALL
    SELECT tag, {start}, open_count, open_total, open_minimum, open_maximum FROM series
    WHERE tag IN ({tags}) AND {start} >= %s AND {start} < %s
    ORDER BY 1, 2
"""

TagHour = tuple[int, int]  # a tag's id, and the begin of the hour in microseconds
Signature = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class StoredMinutes:
    """The minutes of one tag that have values, in order of time; all of shape (n,)."""

    start: IntArray
    mean: FloatArray
    minimum: FloatArray
    maximum: FloatArray


class FreshMinutes:
    """The minutes of some tags as stored now; ``signatures`` change whenever any of these minutes does."""

    def __init__(self, signatures: dict[TagHour, Signature], hours: dict[TagHour, FloatArray]) -> None:
        self.signatures, self.hours = signatures, hours

    def read(self, tag: int, start_us: int, stop_us: int) -> StoredMinutes:
        """Return the minutes of a tag in a half-open range of whole minutes."""
        first = start_us // HOUR_US * HOUR_US
        parts = [
            self.hours.get((tag, hour), NO_VALUES) for hour in range(first, max(stop_us, first + 1), HOUR_US)
        ]
        begin, stop = ((each - first) // MINUTE_US for each in (start_us, stop_us))
        values = np.concatenate(parts, axis=1)[:, begin:stop]
        known = np.flatnonzero(np.isfinite(values[0]))
        return StoredMinutes(start_us + known * MINUTE_US, *values[:, known])


class MinuteStore:
    """The hours read last, in this process: (mean, minimum, maximum) of each minute, shape (3, 60)."""

    def __init__(self) -> None:
        self.kept: OrderedDict[TagHour, tuple[Signature, FloatArray]] = OrderedDict()
        self.lock = threading.Lock()

    def fresh(self, signatures: dict[TagHour, Signature]) -> FreshMinutes:
        """Return the minutes of the hours with these signatures, which ``hour_signatures`` has just read.

        Readings stored meanwhile may be among the values: then the next signatures differ again.
        """
        with self.lock:
            kept = {key: self.kept[key] for key in signatures if key in self.kept}
        hours = {key: values for key, (found, values) in kept.items() if found == signatures[key]}
        read = read_hours([key for key in signatures if key not in hours])
        hours.update(read)
        with self.lock:
            self.kept.update({key: (signatures[key], values) for key, values in hours.items()})
            for key in signatures:
                self.kept.move_to_end(key)
            while len(self.kept) > MOST_HOURS:
                self.kept.popitem(last=False)
        return FreshMinutes(signatures, hours)


NO_VALUES = np.full((3, MINUTES), np.nan)


def hour_signatures(tags: Collection[int], start_us: int, stop_us: int) -> dict[TagHour, Signature]:
    """Return count, total and extremes of each hour of the tags that touches the half-open range."""
    first, stop = start_us // HOUR_US * HOUR_US, -(-stop_us // HOUR_US) * HOUR_US
    found: dict[TagHour, Signature] = {}
    for tag, start, *values in read_rows(tags, HOUR_S, first, stop):
        found[tag, start] = (*found.get((tag, start), ()), *values)
    return found


def read_hours(keys: Sequence[TagHour]) -> dict[TagHour, FloatArray]:
    """Return the minutes of hours, one statement an hour; each of shape (3, 60), NaN without values."""
    found = {}
    for hour, group in groupby(sorted(keys, key=lambda key: key[1]), key=lambda key: key[1]):
        tags = [tag for tag, _ in group]
        for tag, values in zip(tags, minutes_of(tags, hour), strict=True):
            found[tag, hour] = values
    return found


def minutes_of(tags: Sequence[int], hour_us: int) -> FloatArray:
    """Return mean, minimum and maximum of each minute of an hour, shape (tags, 3, 60).

    The open minute of a tag is added to the minute of the rollups, which may have a part of it.
    """
    rows = read_rows(tags, MINUTE_S, hour_us, hour_us + HOUR_US)
    tag, start, count, total, minimum, maximum = columns(rows, "qqqddd")
    ordered = np.sort(tags)
    place = np.argsort(tags, kind="stable")[np.searchsorted(ordered, tag)]
    at = (place, (start - hour_us) // MINUTE_US)
    shape = (len(tags), MINUTES)
    counts, totals = summed(shape, at, count), summed(shape, at, total)
    low, high = np.full(shape, np.inf), np.full(shape, -np.inf)
    np.minimum.at(low, at, minimum)
    np.maximum.at(high, at, maximum)
    mean = np.divide(totals, counts, out=np.full(shape, np.nan), where=counts > 0)
    return np.stack((mean, low, high), axis=1)


def summed(shape: tuple[int, int], at: tuple[IntArray, IntArray], values: NDArray[Any]) -> FloatArray:
    """Return the sums of values at the same place."""
    found = np.zeros(shape)
    np.add.at(found, at, values)
    return found


def read_rows(
    tags: Collection[int], resolution_s: int, start_us: int, stop_us: int
) -> Sequence[Sequence[Any]]:
    """Return the rollups of some tags, and their open minutes, as rows."""
    if not tags:
        return []
    marks = ", ".join(["%s"] * len(tags))
    sql = ROWS.format(tags=marks, start=open_in(resolution_s))
    with connection.cursor() as cursor:
        cursor.execute(sql, [*tags, resolution_s, start_us, stop_us, *tags, start_us, stop_us])
        rows: Sequence[Sequence[Any]] = cursor.fetchall()
    return rows
