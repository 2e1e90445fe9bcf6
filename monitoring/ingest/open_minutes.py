"""The open minute of a tag: the newest minute, beside the totals of the tag instead of in the rollups.

Readings that arrive one by one, or of many tags at once, would each write four rollups, which takes longer
than all other writing. The open minute takes part in the row of totals, which each batch writes anyway, and
is added to the rollups once the tag has a later minute: at one reading a second, once in sixty. Rollups and
open minute together are always the stored measurements, whichever of both a reading was added to. So late
readings, batches of several minutes and corrections use the rollups only.

Readers add both by ``history/rollup_rows.py``. Writers that correct rollups ``close`` the minute first.
"""

from collections.abc import Sequence
from itertools import compress
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from monitoring.ingest.bulk import OR_FAIL, Columns, insert
from monitoring.ingest.locked_tags import NEVER
from monitoring.ingest.rollup_tables import ADD, ADD_TO_SERIES, ROLLUPS, SERIES, columns_of
from monitoring.ingest.tags import among, given
from monitoring.kernel.arrays import BoolArray, IntArray
from monitoring.kernel.clock import SECOND_US
from monitoring.kernel.rollups import RESOLUTIONS_S, Buckets
from monitoring.kernel.run_lengths import run_lengths

MINUTE_US = RESOLUTIONS_S[0] * SECOND_US
OPEN = """open_start, open_count, open_total, open_minimum, open_minimum_at, open_maximum, open_maximum_at,
    open_anomalies"""
SERIES_OPEN = f"{SERIES.removesuffix(')')}, {OPEN})"
SAME = "series.open_start = excluded.open_start"
LOWER = """(excluded.open_minimum < series.open_minimum OR (
    excluded.open_minimum = series.open_minimum AND excluded.open_minimum_at < series.open_minimum_at))"""
HIGHER = """(excluded.open_maximum > series.open_maximum OR (
    excluded.open_maximum = series.open_maximum AND excluded.open_maximum_at < series.open_maximum_at))"""


def summed(column: str) -> str:
    """Return the assignment that adds to a column of the same minute, or begins another minute."""
    new, stored = f"excluded.{column}", f"series.{column}"
    return f"{column} = CASE WHEN {SAME} THEN {stored} + {new} ELSE {new} END"


def kept(column: str, unless: str) -> str:
    """Return the assignment that keeps a column of the same minute unless the new one is more extreme."""
    return f"{column} = CASE WHEN {SAME} AND NOT {unless} THEN series.{column} ELSE excluded.{column} END"


ADD_OPEN = f"""{ADD_TO_SERIES},
    open_start = excluded.open_start,
    {summed("open_count")},
    {summed("open_total")},
    {kept("open_minimum", LOWER)},
    {kept("open_minimum_at", LOWER)},
    {kept("open_maximum", HIGHER)},
    {kept("open_maximum_at", HIGHER)},
    {summed("open_anomalies")}
"""
LENGTHS = " UNION ALL ".join(
    f"SELECT {length_s} AS length_s, {length_s * SECOND_US} AS length_us" for length_s in RESOLUTIONS_S
)
# SQLite reads the tables of a CROSS JOIN in the given order: rollups of one length stand together.
TO_ROLLUPS = f"""
    INSERT {{or_fail}} INTO {ROLLUPS}
    SELECT tag, length_s, open_start - open_start %% length_us, open_count, open_total, open_minimum,
        open_minimum_at, open_maximum, open_maximum_at, open_anomalies
    FROM ({LENGTHS}) AS lengths CROSS JOIN series WHERE tag {{among}} AND open_start IS NOT NULL {ADD}
"""  # noqa: S608 - our own words
CLEAR = f"""
    UPDATE series SET {", ".join(f"{column.strip()} = NULL" for column in OPEN.split(","))}
    WHERE tag {{among}} AND open_start IS NOT NULL
"""  # noqa: S608 - our own words


def close(tags: IntArray | Sequence[int]) -> None:
    """Add the open minutes of these tags (primary keys) to the rollups, in the caller's transaction."""
    keys = np.unique(tags).tolist()
    roll_up(keys)
    if keys:
        with connection.cursor() as cursor:
            cursor.execute(CLEAR.format(among=among(keys)), given(keys))


def roll_up(keys: list[int]) -> None:
    """Add the open minutes of these tags to the rollups; the caller clears or replaces them."""
    if keys:
        with connection.cursor() as cursor:
            or_fail = OR_FAIL if connection.vendor == "sqlite" else ""
            cursor.execute(TO_ROLLUPS.format(among=among(keys), or_fail=or_fail), given(keys))


def add(
    totals: list[NDArray[Any] | list[bytes | None]], minutes: Buckets, of_tag: IntArray, opened_us: IntArray
) -> tuple[list[NDArray[Any] | list[bytes | None]], tuple[Buckets, IntArray]]:
    """Add the new readings of each tag that lie in its open minute, or open a later one.

    ``totals`` are the columns of ``series`` for k tags; ``minutes`` are their new readings by minute, and
    ``of_tag`` the tag of each, in the same order of tags. ``opened_us`` (k,) are the starts of the open
    minutes as stored. Return the totals and minutes of the other tags.
    """
    first, count = run_lengths(of_tag)
    start_us = minutes.start[first]
    is_open = (count == 1) & (start_us >= np.maximum(opened_us, 0))
    if not is_open.any():
        return totals, (minutes, of_tag)
    roll_up(of_tag[first[is_open & (opened_us != NEVER) & (opened_us != start_us)]].tolist())
    insert(
        SERIES_OPEN,
        [*chosen(totals, is_open), *(column[first[is_open]] for column in columns_of(minutes))],
        otherwise=ADD_OPEN,
    )
    rest = ~np.repeat(is_open, count)
    return chosen(totals, ~is_open), (Buckets(*(each[rest] for each in columns_of(minutes))), of_tag[rest])


def chosen(columns: Columns, rows: BoolArray) -> list[NDArray[Any] | list[bytes | None]]:
    """Return the rows of columns that a mask selects."""
    return [
        column[rows] if isinstance(column, np.ndarray) else list(compress(column, rows.tolist()))
        for column in columns
    ]
