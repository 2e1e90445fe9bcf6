"""Update rollups and the totals of tags (``series``) in the transaction that stores the measurements."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from monitoring.ingest import open_minutes
from monitoring.ingest.bulk import insert
from monitoring.ingest.columns import StoredRows
from monitoring.ingest.rollup_tables import ADD, ADD_TO_SERIES, ROLLUPS, SERIES, columns_of
from monitoring.kernel.arrays import BoolArray, IntArray
from monitoring.kernel.clock import SECOND_US
from monitoring.kernel.rollups import RESOLUTIONS_S, Buckets, buckets_of, coarsen_each, rollups_of
from monitoring.kernel.run_lengths import run_lengths

TURN = """
    UPDATE rollups SET anomalies = anomalies + %s WHERE tag = %s AND resolution_s = %s AND start = %s
"""
TURN_SERIES = "UPDATE series SET anomalies = anomalies + %s WHERE tag = %s"

Clock = tuple[bytes | None, int]  # the columns ``arrivals`` and ``clock_error`` of ``series``
Clocks = Mapping[int, Clock]  # by primary key of the tag


def update_rollups(
    pk: IntArray,
    rows: StoredRows,
    flags: BoolArray,
    recent: Mapping[int, bytes],
    clocks: Clocks,
    opened_us: IntArray | None = None,
) -> int:
    """Add new rows, and stored rows whose flag turned, to rollups and totals; return how many flags turned.

    ``pk`` (k,) are the primary keys of the tags, ``flags`` (n,) the flags now; ``rows.is_anomaly`` still has
    the flags before. ``recent`` has ``series.recent_values`` by primary key, where they change.
    ``opened_us`` (k,) are the starts of the open minutes as stored, ``NEVER`` without one; without
    these all new rows go to the rollups.
    """
    is_new = rows.is_new
    tag = np.repeat(pk, rows.count)
    if is_new.any():
        new = tag[is_new], rows.time_us[is_new], flags[is_new]
        minutes = coarsen_each(buckets_of(new[1], rows.value[is_new], new[2]), new[0], open_minutes.MINUTE_US)
        totals = series_columns(*new, recent, clocks)
        if opened_us is not None:
            has_new = np.bincount(rows.segment[is_new], minlength=len(pk)) > 0
            totals, minutes = open_minutes.add(totals, *minutes, opened_us[has_new])
        if len(totals[0]):
            insert(ROLLUPS, rollup_columns(*minutes), otherwise=ADD)
            insert(SERIES, totals, otherwise=ADD_TO_SERIES)
    turned = ~is_new & (flags != rows.is_anomaly)
    count = int(turned.sum())
    if count:
        turned_tag, by = tag[turned], np.where(flags[turned], 1, -1)
        open_minutes.close(turned_tag)
        with connection.cursor() as cursor:
            cursor.executemany(TURN, list(turn_rows(turned_tag, rows.time_us[turned], by)))
            cursor.executemany(TURN_SERIES, list(zip(by.tolist(), turned_tag.tolist(), strict=True)))
    return count


def rollup_columns(minutes: Buckets, tag: IntArray) -> list[NDArray[Any]]:
    """Return the rollups of minutes (n,), in order of tag and time, as columns of the table."""
    parts = [
        (of_tag, np.full(len(of_tag), resolution_s), *columns_of(buckets))
        for resolution_s, (buckets, of_tag) in rollups_of(minutes, tag).items()
    ]
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def turn_rows(tag: IntArray, time_us: IntArray, by: IntArray) -> Iterator[tuple[int, int, int, int]]:
    """Yield the parameters of ``TURN`` for flags that turned; ``by`` is 1 or -1."""
    for resolution_s in RESOLUTIONS_S:
        starts = time_us // (resolution_s * SECOND_US) * (resolution_s * SECOND_US)
        changes: Counter[tuple[int, int]] = Counter()
        for of_tag, start, turned in zip(tag.tolist(), starts.tolist(), by.tolist(), strict=True):
            changes[of_tag, start] += turned
        yield from (
            (turned, of_tag, resolution_s, start) for (of_tag, start), turned in changes.items() if turned
        )


def series_columns(
    tag: IntArray, time_us: IntArray, is_anomaly: BoolArray, recent: Mapping[int, bytes], clocks: Clocks
) -> list[NDArray[Any] | list[bytes | None]]:
    """Return the share of new measurements in the totals of the tags, as columns of ``series``."""
    first, count = run_lengths(tag)
    tags = tag[first]
    return [
        tags,
        count,
        np.add.reduceat(is_anomaly.astype(np.int64), first),
        time_us[first + count - 1],
        [recent.get(pk) for pk in tags.tolist()],
        [clocks[pk][0] for pk in tags.tolist()],
        np.array([clocks[pk][1] for pk in tags.tolist()], dtype=np.int64),
    ]
