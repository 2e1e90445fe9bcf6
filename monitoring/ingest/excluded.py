"""Readings whose tag and time belong to an excluded measurement."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection

from monitoring.ingest.columns import Batch
from monitoring.ingest.locked_tags import LockedTag
from monitoring.ingest.tags import among, given
from monitoring.kernel.arrays import BoolArray, FloatArray, IntArray
from monitoring.kernel.chunks import chunks

TIMES_A_QUERY = 10_000
AT = """
    SELECT timestamp, id, value, is_anomaly FROM excluded_measurements
    WHERE tag = %s AND timestamp {among}
"""

Found = dict[int, tuple[int, float, bool]]  # by time in µs: id, value and flag


@dataclass(frozen=True, slots=True)
class ExcludedMatches:
    """Readings, and the excluded measurements at their tags and times; all arrays have shape (n,)."""

    batch: Batch
    id: IntArray
    value: FloatArray
    is_anomaly: BoolArray


def without_excluded(batch: Batch, tags: Sequence[LockedTag]) -> tuple[Batch, ExcludedMatches | None]:
    """Split the readings of locked tags into those to store and those that are excluded already.

    Query only tags with an exclusion, and only for readings not newer than the newest excluded one.
    """
    if all(tag.excluded_until_us is None for tag in tags):
        return batch, None
    rows: dict[int, tuple[int, float, bool]] = {}
    for index, tag in enumerate(tags):
        if tag.excluded_until_us is not None:
            asked = np.flatnonzero((batch.tag == index) & (batch.time_us <= tag.excluded_until_us))
            found = excluded_at(tag.pk, np.unique(batch.time_us[asked]).tolist())
            rows |= {
                number: found[time_us]
                for number, time_us in zip(asked.tolist(), batch.time_us[asked].tolist(), strict=True)
                if time_us in found
            }
    if not rows:
        return batch, None
    matching = np.array(list(rows), dtype=np.int64)
    is_free = np.ones(len(batch), dtype=np.bool_)
    is_free[matching] = False
    ids, values, flags = zip(*rows.values(), strict=True)
    excluded = ExcludedMatches(
        batch.take(matching), np.array(ids), np.array(values, np.float64), np.array(flags, np.bool_)
    )
    return batch.take(is_free), excluded


def excluded_at(tag: int, times_us: list[int]) -> Found:
    """Return the excluded measurements of the tag at these times, by time in µs."""
    found: Found = {}
    for some in chunks(times_us, TIMES_A_QUERY):
        with connection.cursor() as cursor:
            cursor.execute(AT.format(among=among(some)), [tag, *given(some)])
            found |= {time_us: (row, value, bool(flag)) for time_us, row, value, flag in cursor.fetchall()}
    return found
