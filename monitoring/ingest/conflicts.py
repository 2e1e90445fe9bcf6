"""Tags that keep the last value: a stored measurement makes way for a reading of the same timestamp.

The stored row is taken out with all that follows from it. Then the reading goes through the write path like
any late one: it gets a new id, so the stream and the detectors take it for the new value that it is, and the
flags of the up to 50 measurements after it are judged again. All in the caller's transaction.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
from django.db import connection

from monitoring.ingest.conflict_rule import Arrival, Settled, keep_last
from monitoring.ingest.outcomes import Status
from monitoring.ingest.parse import ReadingColumns
from monitoring.ingest.removal import Removed, remove
from monitoring.ingest.tags import LockedTag, among, given
from monitoring.kernel.arrays import IntArray
from monitoring.kernel.clock import from_micros
from monitoring.kernel.run_lengths import stretches
from monitoring.kernel.tag_definition import OnConflict
from monitoring.models import Replacement

TIMES_A_QUERY = 500
NEVER = np.iinfo(np.int64).min
STORED = "SELECT timestamp, value, id, is_anomaly FROM measurements WHERE tag = %s AND timestamp {among}"
REPLACED = "SELECT timestamp, old_value FROM replacements WHERE tag = %s AND timestamp {among}"
STATUS = {Arrival.FIRST: Status.STORED, Arrival.AGAIN: Status.DUPLICATE, Arrival.REPLACES: Status.REPLACED}


@dataclass(frozen=True, slots=True)
class Prepared:
    """Readings, of which those of tags that keep the last value contradict neither each other nor the table.

    ``statuses`` are those of the readings of which something was to be settled, by position.
    """

    columns: ReadingColumns
    tags: Sequence[LockedTag]
    statuses: dict[int, Status] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """A tag's stored rows at some times (value, id, flag), and the values that stood there earlier."""

    stored: dict[int, tuple[float, int, bool]]
    replaced: dict[int, list[float]]


def make_way(
    columns: ReadingColumns, tags: Sequence[LockedTag], senders: Sequence[str], *, now: datetime
) -> Prepared:
    """Settle the conflicts of tags that keep the last value, and take out the rows that are replaced.

    ``senders`` names the source of each reading, by position. Without such a tag this costs one look at
    each tag's setting; with one, readings that append are not looked up either.
    """
    keeping = [tag.definition.on_conflict == OnConflict.KEEP_LAST for tag in tags]
    if not any(keeping):
        return Prepared(columns, tags)
    rows = doubtful(columns, tags, np.array(keeping))
    if not len(rows):
        return Prepared(columns, tags)
    value, changed, statuses = columns.value.copy(), list(tags), dict[int, Status]()
    first, size = stretches(columns.tag[rows])
    for of_tag in (rows[start : start + count] for start, count in zip(first, size, strict=True)):
        place = int(columns.tag[of_tag[0]])
        tag = tags[place]
        standing = standing_at(tag.pk, np.unique(columns.time_us[of_tag]).tolist())
        settled = list(settle(columns, of_tag, standing))
        for group, outcome in settled:
            value[group] = outcome.value
            positions = columns.position[group].tolist()
            statuses |= zip(positions, (STATUS[arrival] for arrival in outcome.arrivals), strict=True)
        record(tag, columns, settled, senders, now=now)
        if take_out(tag.pk, columns, settled, standing):
            changed[place] = replace(tag, recent_values=None)
    return Prepared(replace(columns, value=value), changed, statuses)


def doubtful(columns: ReadingColumns, tags: Sequence[LockedTag], keeping: np.ndarray) -> IntArray:
    """Return the rows that may meet another value, tag by tag, in order of time and arrival; shape (m,).

    These are readings that do not append, and those of one time. ``keeping`` tells which tags matter.
    """
    last_us = np.array([NEVER if tag.last_us is None else tag.last_us for tag in tags], dtype=np.int64)
    order = np.lexsort((columns.position, columns.time_us, columns.tag))
    tag, time_us = columns.tag[order], columns.time_us[order]
    _, size = stretches(tag, time_us)
    is_repeated = np.repeat(size > 1, size)
    rows: IntArray = order[keeping[tag] & (is_repeated | (time_us <= last_us[tag]))]
    return rows


def settle(columns: ReadingColumns, rows: IntArray, standing: Standing) -> Iterator[tuple[IntArray, Settled]]:
    """Settle one tag's readings, time by time; ``rows`` are in order of time and arrival."""
    for start, count in zip(*stretches(columns.time_us[rows]), strict=True):
        group = rows[start : start + count]
        time_us = int(columns.time_us[group[0]])
        stored = standing.stored.get(time_us)
        yield (
            group,
            keep_last(
                stored[0] if stored else None,
                standing.replaced.get(time_us, ()),
                columns.value[group].tolist(),
            ),
        )


def standing_at(pk: int, times_us: Sequence[int]) -> Standing:
    """Read what is stored of a tag at these times, and what was replaced there."""
    stored: dict[int, tuple[float, int, bool]] = {}
    replaced: defaultdict[int, list[float]] = defaultdict(list)
    with connection.cursor() as cursor:
        for start in range(0, len(times_us), TIMES_A_QUERY):
            some = list(times_us[start : start + TIMES_A_QUERY])
            cursor.execute(STORED.format(among=among(some)), [pk, *given(some)])
            stored |= {time_us: tuple(row) for time_us, *row in cursor.fetchall()}
            cursor.execute(REPLACED.format(among=among(some)), [pk, *given(some)])
            for time_us, value in cursor.fetchall():
                replaced[time_us].append(value)
    return Standing(stored, replaced)


def record(
    tag: LockedTag,
    columns: ReadingColumns,
    settled: Sequence[tuple[IntArray, Settled]],
    senders: Sequence[str],
    *,
    now: datetime,
) -> None:
    """Add a row for each value that was replaced, also for one that never became a measurement.

    So the rows are the same however the readings were grouped, and each of them is known when sent again.
    """
    Replacement.objects.bulk_create(
        Replacement(
            tag_id=tag.pk,
            timestamp=from_micros(int(columns.time_us[row])),
            old_value=old,
            new_value=new,
            replaced_at=now,
            source=senders[int(columns.position[row])][:100],
        )
        for group, outcome in settled
        for row, (old, new) in zip(replacing(group, outcome), outcome.replacements, strict=True)
    )


def replacing(group: IntArray, outcome: Settled) -> list[int]:
    """Return those rows of the group that replaced a value, in order of arrival."""
    return [
        int(row) for row, arrival in zip(group, outcome.arrivals, strict=True) if arrival is Arrival.REPLACES
    ]


def take_out(
    pk: int, columns: ReadingColumns, settled: Sequence[tuple[IntArray, Settled]], standing: Standing
) -> bool:
    """Remove the stored rows whose value does not stand any more; whether there were any."""
    removed = []
    for group, outcome in settled:
        time_us = int(columns.time_us[group[0]])
        stored = standing.stored.get(time_us)
        if stored and stored[0] != outcome.value:
            value, row, is_anomaly = stored
            removed.append(Removed(row, time_us, value, bool(is_anomaly)))
    if removed:
        remove(pk, removed)
    return bool(removed)
