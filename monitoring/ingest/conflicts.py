"""Tags that keep the last value: a reading replaces a stored measurement of the same timestamp.

The stored row is removed together with everything derived from it. Then the write path stores the reading
like any late one, with a new id: stream and detectors receive a new value, and the flags of up to 50 later
measurements are judged again. All in the caller's transaction.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from django.db import connection

from monitoring.archive.reading import rows_at
from monitoring.ingest.columns import Batch
from monitoring.ingest.conflict_rule import Arrival, Settled, keep_last
from monitoring.ingest.locked_tags import LockedTag
from monitoring.ingest.outcomes import Status
from monitoring.ingest.removal import Removed, remove
from monitoring.ingest.tags import among, given
from monitoring.ingest.thaw import thaw_around
from monitoring.kernel.arrays import IntArray
from monitoring.kernel.chunks import chunks
from monitoring.kernel.clock import from_micros
from monitoring.kernel.run_lengths import run_lengths
from monitoring.kernel.tag_definition import OnConflict
from monitoring.models import Replacement

TIMES_A_QUERY = 500
NEVER = np.iinfo(np.int64).min
STORED = "SELECT timestamp, value, id, is_anomaly FROM measurements WHERE tag = %s AND timestamp {among}"
REPLACED = "SELECT timestamp, old_value FROM replacements WHERE tag = %s AND timestamp {among}"
STATUS = {Arrival.FIRST: Status.STORED, Arrival.AGAIN: Status.DUPLICATE, Arrival.REPLACES: Status.REPLACED}


@dataclass(frozen=True, slots=True)
class Standing:
    """The stored rows of a tag at some times (value, id, flag), and the replaced values, by time in µs."""

    stored: dict[int, tuple[float, int, bool]]
    replaced: dict[int, list[float]]


def settle_conflicts(
    batch: Batch, tags: Sequence[LockedTag], senders: Sequence[str], received: Sequence[datetime]
) -> tuple[Batch, list[LockedTag], dict[int, Status]]:
    """Settle the conflicts of tags that keep the last value, and remove the rows that are replaced.

    ``senders`` names the source of each reading, ``received`` the time of its arrival, by position. Readings
    that append cost no query. Return the batch with the values to store, the tags, and the statuses of
    settled readings by position.
    """
    keeping = [tag.definition.on_conflict == OnConflict.KEEP_LAST for tag in tags]
    rows = doubtful(batch, tags, np.array(keeping))
    if not len(rows):
        return batch, list(tags), {}
    value, changed, statuses = batch.value.copy(), list(tags), dict[int, Status]()
    first, size = run_lengths(batch.tag[rows])
    for of_tag in (rows[start : start + count] for start, count in zip(first, size, strict=True)):
        index = int(batch.tag[of_tag[0]])
        tag = tags[index]
        standing = standing_at(tag, np.unique(batch.time_us[of_tag]).tolist())
        settled = list(settle(batch, of_tag, standing))
        for group, outcome in settled:
            value[group] = outcome.value
            positions = batch.position[group].tolist()
            statuses |= zip(positions, (STATUS[arrival] for arrival in outcome.arrivals), strict=True)
        record(tag, batch, settled, senders, received)
        if remove_replaced(tag, batch, settled, standing):
            changed[index] = tag._replace(recent_values=None)
    return replace(batch, value=value), changed, statuses


def doubtful(batch: Batch, tags: Sequence[LockedTag], keeping: np.ndarray) -> IntArray:
    """Return the indices (m,) of readings that may conflict, in order of tag, time and arrival.

    These are readings that do not append, and readings of one time. ``keeping`` (k,) marks the tags to check.
    """
    last_us = np.array([NEVER if tag.last_us is None else tag.last_us for tag in tags], dtype=np.int64)
    order = np.lexsort((batch.position, batch.time_us, batch.tag))
    tag, time_us = batch.tag[order], batch.time_us[order]
    _, size = run_lengths(tag, time_us)
    is_repeated = np.repeat(size > 1, size)
    rows: IntArray = order[keeping[tag] & (is_repeated | (time_us <= last_us[tag]))]
    return rows


def settle(batch: Batch, rows: IntArray, standing: Standing) -> Iterator[tuple[IntArray, Settled]]:
    """Settle one tag's readings, time by time; ``rows`` are in order of time and arrival."""
    for start, count in zip(*run_lengths(batch.time_us[rows]), strict=True):
        group = rows[start : start + count]
        time_us = int(batch.time_us[group[0]])
        stored = standing.stored.get(time_us)
        yield (
            group,
            keep_last(
                stored[0] if stored else None,
                standing.replaced.get(time_us, ()),
                batch.value[group].tolist(),
            ),
        )


def standing_at(tag: LockedTag, times_us: Sequence[int]) -> Standing:
    """Read the stored rows of a tag at these times, archived ones too, and the values replaced there."""
    pk, stored = tag.pk, archived_at(tag, times_us)
    replaced: defaultdict[int, list[float]] = defaultdict(list)
    with connection.cursor() as cursor:
        for some in chunks(times_us, TIMES_A_QUERY):
            cursor.execute(STORED.format(among=among(some)), [pk, *given(some)])
            stored |= {time_us: tuple(row) for time_us, *row in cursor.fetchall()}
            cursor.execute(REPLACED.format(among=among(some)), [pk, *given(some)])
            for time_us, value in cursor.fetchall():
                replaced[time_us].append(value)
    return Standing(stored, replaced)


def archived_at(tag: LockedTag, times_us: Sequence[int]) -> dict[int, tuple[float, int, bool]]:
    """Return the archived rows of a tag at these times: value, id and flag, by time in µs."""
    if tag.archived_until_us is None or min(times_us) >= tag.archived_until_us:
        return {}
    rows = rows_at(tag.pk, np.array(times_us))
    columns = zip(rows.values.tolist(), rows.ids.tolist(), rows.is_anomaly.tolist(), strict=True)
    return dict(zip(rows.times_us.tolist(), columns, strict=True))


def record(
    tag: LockedTag,
    batch: Batch,
    settled: Sequence[tuple[IntArray, Settled]],
    senders: Sequence[str],
    received: Sequence[datetime],
) -> None:
    """Record each replaced value, also one that never became a measurement.

    So the records do not depend on the grouping of readings, and a repeated delivery is recognised.
    """
    Replacement.objects.bulk_create(
        Replacement(
            tag_id=tag.pk,
            timestamp=from_micros(int(batch.time_us[row])),
            old_value=old,
            new_value=new,
            replaced_at=received[int(batch.position[row])],
            source=senders[int(batch.position[row])][:100],
        )
        for group, outcome in settled
        for row, (old, new) in zip(replacing(group, outcome), outcome.replacements, strict=True)
    )


def replacing(group: IntArray, outcome: Settled) -> list[int]:
    """Return the readings of the group that replaced a value, in order of arrival."""
    return [
        int(row) for row, arrival in zip(group, outcome.arrivals, strict=True) if arrival is Arrival.REPLACES
    ]


def remove_replaced(
    tag: LockedTag, batch: Batch, settled: Sequence[tuple[IntArray, Settled]], standing: Standing
) -> bool:
    """Remove the stored rows with a replaced value; return whether there were any."""
    removed = []
    for group, outcome in settled:
        time_us = int(batch.time_us[group[0]])
        stored = standing.stored.get(time_us)
        if stored and stored[0] != outcome.value:
            value, row, is_anomaly = stored
            removed.append(Removed(row, time_us, value, bool(is_anomaly)))
    if removed:
        thaw_around(tag, np.array([each.time_us for each in removed]))
        remove(tag.pk, removed)
    return bool(removed)
