"""The write path: parse, set among stored rows, judge, store and roll up in one transaction.

HTTP, the simulator and replays all call ``ingest_readings``.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from django.db import connection, transaction

from monitoring.database.write_lock import limit_row_wait, write_lock
from monitoring.ingest.ahead import mark_ahead
from monitoring.ingest.columns import Batch, StoredRows
from monitoring.ingest.conflicts import settle_conflicts
from monitoring.ingest.deliveries import (
    Collect,
    Delivery,
    earliest_of,
    items_of,
    received_of,
    received_us_of,
    senders_of,
    slices_of,
)
from monitoring.ingest.excluded import without_excluded
from monitoring.ingest.locked_tags import LockedTags
from monitoring.ingest.neighbours import next_rows, recent_values_after
from monitoring.ingest.one_reading import store_one
from monitoring.ingest.outcomes import Outcomes, Status
from monitoring.ingest.parse import UNKNOWN, named_tags, validate
from monitoring.ingest.rejections import rejected_readings, remember_rejections
from monitoring.ingest.rollups import Clocks
from monitoring.ingest.rules import judge, rules_for
from monitoring.ingest.source_clocks import clocks_after, stored_clocks
from monitoring.ingest.store import store
from monitoring.ingest.tags import all_names, lock_columns, tag_cache
from monitoring.ingest.unreachable import without_unreachable
from monitoring.kernel.arrays import IntArray
from monitoring.kernel.clock import FIRST_MICROS, to_micros
from monitoring.kernel.failpoints import failpoint
from monitoring.kernel.source_clock import AHEAD_US
from monitoring.kernel.tag_definition import OnConflict

FEW = 8  # single readings that are faster to store one by one


def ingest_readings(
    items: Sequence[object],
    *,
    source: str | None = None,
    senders: Sequence[str] | None = None,
    now: datetime | None = None,
) -> Outcomes:
    """Validate, judge and store the readings of a request; return one outcome per item, in order.

    On return all valid readings are committed, each tag and time once, however often and in whatever order
    they arrive. Flags equal those of the same readings sent one by one in order of time. Rejections are
    recorded with their source (not if ``source`` is None). ``senders`` names the source of each item, if
    these differ, for the record of replaced values.

    Raises:
        django.db.Error: the database failed; no reading is stored.
    """
    delivery = Delivery(items, source, now or datetime.now(UTC), senders)
    (outcomes,) = ingest_deliveries(lambda: [delivery])
    return outcomes


def ingest_deliveries(
    collect: Collect, *, is_shared: bool = False, guard: Callable[[], None] | None = None
) -> list[Outcomes]:
    """Store several deliveries in one transaction; return the outcomes of each.

    The outcomes are those of one delivery after the other, since readings of different times are
    independent of their order, and of readings of one time the first one counts. ``collect`` is called with
    the write lock held, so that all deliveries that came during the wait can take part. If others wait for
    this thread (``is_shared``), do not wait long for the lock of a tag either. ``guard`` is called in the
    transaction; an error of it keeps all from being stored.

    Raises:
        django.db.Error: the database failed; no reading is stored.
    """
    tag_cache().refresh_if_old()
    failpoint("ingest.before_transaction")
    with write_lock():
        deliveries = collect()
        return store_deliveries(deliveries, is_shared=is_shared or len(deliveries) > 1, guard=guard)


def store_deliveries(
    deliveries: Sequence[Delivery], *, is_shared: bool = False, guard: Callable[[], None] | None = None
) -> list[Outcomes]:
    """Validate, judge and store deliveries in one transaction; return the outcomes of each."""
    with transaction.atomic():
        if guard is not None:
            guard()
        if is_shared:
            limit_row_wait()
        outcomes = store_each(deliveries) if are_single(deliveries) else store_items(deliveries)
        failpoint("ingest.before_commit")
    return outcomes


def are_single(deliveries: Sequence[Delivery]) -> bool:
    """Return whether scalars are faster: for a few single readings, on SQLite, where a statement is cheap."""
    return (
        len(deliveries) <= FEW
        and all(len(delivery.items) == 1 for delivery in deliveries)
        and connection.vendor == "sqlite"
    )


def store_each(deliveries: Sequence[Delivery]) -> list[Outcomes]:
    """Store deliveries of a reading each, one after the other; return the outcomes of each."""
    outcomes = []
    for delivery in deliveries:
        stored = store_one(delivery)
        outcomes += store_items([delivery]) if stored is None else [stored]
    return outcomes


def store_items(deliveries: Sequence[Delivery]) -> list[Outcomes]:
    """Validate, judge and store the items of deliveries; return the outcomes of each."""
    items = items_of(deliveries)
    names = named_tags(items)
    locked = lock_columns(names)
    known = None if len(locked) == len(names) else all_names()
    received, received_us = received_of(deliveries), received_us_of(deliveries)
    defined = dict(zip(locked.names, locked.defined, strict=True))
    batch, rejections = validate(
        items,
        defined,
        now=earliest_of(deliveries),
        received=received,
        known=known,
        definitions=locked.definitions,
    )
    is_arrival = any(delivery.source is not None for delivery in deliveries)
    clocks = clocks_after(locked, batch, received_us) if is_arrival else stored_clocks(locked)
    excluded = None
    if locked.has_excluded:
        batch, excluded = without_excluded(batch, locked)
    if locked.has_archived:
        batch, unreachable = without_unreachable(batch, locked)
        rejections = {**rejections, **unreachable}
    ready, statuses = locked, dict[int, Status]()
    if locked.definitions.keeps_last.any():
        batch, settled, statuses = settle_conflicts(batch, locked, senders_of(deliveries), received)
        ready = LockedTags.of(settled)
    added = list(add(batch, ready, clocks, latest_us=received_us + AHEAD_US))
    outcomes = Outcomes(len(items), rejections)
    if excluded is not None:
        outcomes.add_excluded(locked.names, excluded)
    for readings, rows in added:
        outcomes.add(locked.names, readings, rows)
    if outcomes.others or statuses:
        outcomes.settle(statuses, lambda name: defined[name].on_conflict == OnConflict.KEEP_FIRST)
        remember_rejections(rejected_readings(deliveries, outcomes))
    return outcomes.parts(slices_of(deliveries))


def ingest_columns(names: Sequence[str], batch: Batch) -> int:
    """Judge and store readings that are valid already; return how many of them are new.

    ``batch.tag`` holds indices in ``names``. Readings of unknown tags, of the deleted past, and at times of
    excluded measurements are skipped; of readings at one time the first is stored, whatever the tag's setting
    for conflicts.

    Raises:
        django.db.Error: as ``ingest_readings``.
    """
    with write_lock(), transaction.atomic():
        locked = lock_columns(names)
        batch, _ = without_excluded(storable(names, batch, locked), locked)
        latest_us = np.array([to_micros(datetime.now(UTC)) + AHEAD_US])
        added = add(batch, locked, stored_clocks(locked), latest_us=latest_us)
        return sum(int(rows.is_new.sum()) for _, rows in added)


def storable(names: Sequence[str], batch: Batch, tags: LockedTags) -> Batch:
    """Return the readings of existing tags that retention has not deleted, with indices in ``tags``."""
    indices = {name: index for index, name in enumerate(tags.names)}
    batch = replace(batch, tag=np.array([indices.get(name, UNKNOWN) for name in names])[batch.tag])
    oldest_us = np.append(tags.definitions.oldest_us, FIRST_MICROS)
    return batch.take((batch.tag != UNKNOWN) & (batch.time_us >= oldest_us[batch.tag]))


def add(
    batch: Batch, tags: LockedTags, clocks: Clocks, *, latest_us: IntArray
) -> Iterator[tuple[Batch, StoredRows]]:
    """Judge and store a batch; yield its readings part by part, in order of tag and time, with their rows.

    Store -0.0 as 0.0: both are equal, but SQLite drops the sign while the bytes of recent values keep it.
    Rows later than ``latest_us``, by position or one for all, are marked as ahead of the server's clock.
    """
    batch = replace(batch, value=batch.value + 0.0)
    rules = rules_for(tags.definitions)
    is_first = True
    while len(batch):
        part, rows, batch = next_rows(tags, batch)
        segments = rows.segments()
        recent = recent_values_after(rows, segments)
        rows = store(tags, rows, judge(rows, segments, rules), recent, clocks, may_open=is_first)
        limit_us = latest_us if len(latest_us) == 1 else latest_us[rows.position]
        if (rows.time_us > limit_us).any():
            mark_ahead(tags, rows, limit_us)
        yield part, rows
        is_first = False
        if len(batch):  # the recent values have changed
            tags = LockedTags.of(tag._replace(recent_values=None) for tag in tags)
