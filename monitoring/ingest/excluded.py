"""Readings that an excluded measurement answers: their tag and time are taken, though nothing shows them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection

from monitoring.ingest.parse import ReadingColumns
from monitoring.ingest.tags import LockedTag, among, given
from monitoring.kernel.arrays import BoolArray, FloatArray, IntArray

TIMES_A_QUERY = 10_000
AT = """
    SELECT timestamp, id, value, is_anomaly FROM excluded_measurements
    WHERE tag = %s AND timestamp {among}
"""

Found = dict[int, tuple[int, float, bool]]  # by time: id, value and flag


@dataclass(frozen=True, slots=True)
class FoundExcluded:
    """Readings, and the excluded measurements at their tags and times; all arrays have shape (n,)."""

    readings: ReadingColumns
    id: IntArray
    value: FloatArray
    is_anomaly: BoolArray


def without_excluded(
    columns: ReadingColumns, tags: Sequence[LockedTag]
) -> tuple[ReadingColumns, FoundExcluded | None]:
    """Split the readings of locked tags into those to store and those that are excluded already.

    Only tags with an exclusion, and of those only readings that are not newer, cost a query.
    """
    if all(tag.excluded_until_us is None for tag in tags):
        return columns, None
    rows: dict[int, tuple[int, float, bool]] = {}
    for place, tag in enumerate(tags):
        if tag.excluded_until_us is not None:
            asked = np.flatnonzero((columns.tag == place) & (columns.time_us <= tag.excluded_until_us))
            found = excluded_at(tag.pk, np.unique(columns.time_us[asked]).tolist())
            rows |= {
                number: found[time_us]
                for number, time_us in zip(asked.tolist(), columns.time_us[asked].tolist(), strict=True)
                if time_us in found
            }
    if not rows:
        return columns, None
    places = np.array(list(rows), dtype=np.int64)
    is_free = np.ones(len(columns), dtype=np.bool_)
    is_free[places] = False
    ids, values, flags = zip(*rows.values(), strict=True)
    excluded = FoundExcluded(
        columns.take(places), np.array(ids), np.array(values, np.float64), np.array(flags, np.bool_)
    )
    return columns.take(is_free), excluded


def excluded_at(tag: int, times_us: list[int]) -> Found:
    """The tag's excluded measurements at these times."""
    found: Found = {}
    for start in range(0, len(times_us), TIMES_A_QUERY):
        some = times_us[start : start + TIMES_A_QUERY]
        with connection.cursor() as cursor:
            cursor.execute(AT.format(among=among(some)), [tag, *given(some)])
            found |= {time_us: (row, value, bool(flag)) for time_us, row, value, flag in cursor.fetchall()}
    return found
