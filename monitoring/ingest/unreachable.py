"""Readings that need archived measurements, and their rejection while the archive is away.

A reading of archived time brings the file back; a reading soon after needs archived values as history. All of
that is read here, before anything of the batch is stored: the archive fails for these readings only.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from django.db import transaction

from monitoring.archive.outage import RETRY_S, read_outage
from monitoring.archive.place import ArchiveError
from monitoring.archive.reading import rows_at
from monitoring.ingest.columns import Batch
from monitoring.ingest.locked_tags import NEVER, LockedTag, LockedTags
from monitoring.ingest.neighbours import values_before
from monitoring.ingest.rules import LOOKBACK
from monitoring.ingest.thaw import files_before, thaw_around
from monitoring.ingest.validate import Rejection, RejectionReason
from monitoring.kernel.arrays import BoolArray, IntArray
from monitoring.kernel.clock import from_micros, to_micros
from monitoring.kernel.tag_definition import OnConflict
from monitoring.models import Measurement


def without_unreachable(batch: Batch, tags: LockedTags) -> tuple[Batch, dict[int, Rejection]]:
    """Thaw the files that the readings change; return the readings that can be stored, and rejections.

    While the archive is away, only the readings that need it are rejected, each by position.
    """
    until_us = tags.archived_until_us[batch.tag]
    is_inserted: BoolArray = (until_us != NEVER) & (batch.time_us <= tags.last_us[batch.tag])
    rejections: dict[int, Rejection] = {}
    is_storable: BoolArray = np.ones(len(batch), dtype=np.bool_)
    for index in np.unique(batch.tag[is_inserted]).tolist():
        inserted = np.flatnonzero(is_inserted & (batch.tag == index))
        unreachable = inserted[unreachable_of(tags[index], batch.take(inserted))]
        is_storable[unreachable] = False
        rejections |= dict.fromkeys(batch.position[unreachable].tolist(), rejection_of(tags[index]))
    return batch.take(is_storable) if rejections else batch, rejections


def rejection_of(tag: LockedTag) -> Rejection:
    """Return the rejection of a reading that needs the archive while the archive is away."""
    name = tag.definition.name
    problem = (
        f"timestamp: the reading changes measurements of {name} in the archive, which can't be read now."
        " Store it again later"
    )
    return Rejection(name, RejectionReason.ARCHIVE_AWAY, "timestamp", problem)


def unreachable_of(tag: LockedTag, inserted: Batch) -> BoolArray:
    """Return which readings of a tag, not newer than the newest, need the archive in vain; shape (n,)."""
    until_us = NEVER if tag.archived_until_us is None else tag.archived_until_us
    is_late: BoolArray = inserted.time_us < until_us
    is_near: BoolArray = ~is_late & (inserted.time_us <= near_until(tag, until_us, len(inserted)))
    found: BoolArray = np.zeros(len(inserted), dtype=np.bool_)
    for is_needing, read in ((is_late, thaw_for), (is_near, read_histories_for)):
        if is_needing.any() and not succeeds(partial(read, tag, inserted.take(is_needing))):
            found |= is_needing
    return found


def near_until(tag: LockedTag, archived_until_us: int, count: int) -> int:
    """Return the time (µs) after which ``count`` readings have their history in the database.

    Where values are replaced, so many measurements of the history may be removed first.
    """
    last = LOOKBACK - 1 + (count if tag.definition.on_conflict == OnConflict.KEEP_LAST else 0)
    after = Measurement.objects.filter(tag=tag.pk, timestamp__gte=from_micros(archived_until_us))
    times = after.order_by("timestamp").values_list("timestamp", flat=True)[last : last + 1]
    return to_micros(times[0]) if len(times) else tag.last_us or NEVER


def succeeds(read: Callable[[], None]) -> bool:
    """Call a function that reads the archive; return whether the archive could be read.

    Soon after a failure, do not try again. What the function has written is rolled back with a failure.
    """
    if read_outage().failed_within(RETRY_S):
        return False
    try:
        with transaction.atomic():
            read()
    except ArchiveError as error:
        read_outage().begin(error)
        return False
    return True


def thaw_for(tag: LockedTag, new: Batch) -> None:
    """Thaw the files that readings of the tag change; those that are stored already change none."""
    stored = rows_at(tag.pk, new.time_us)
    known = dict(zip(stored.times_us.tolist(), stored.values.tolist(), strict=True))
    is_replacing = tag.definition.on_conflict == OnConflict.KEEP_LAST
    changing = np.array(
        [
            time_us
            for time_us, value in zip(new.time_us.tolist(), new.value.tolist(), strict=True)
            if time_us not in known or (is_replacing and known[time_us] != value)
        ],
        dtype=np.int64,
    )
    if len(changing):
        thaw_around(tag, changing)
        read_histories(tag, changing)


def read_histories_for(tag: LockedTag, new: Batch) -> None:
    """Read the values before each reading."""
    read_histories(tag, new.time_us)


def read_histories(tag: LockedTag, times_us: IntArray) -> None:
    """Read values before the first time after each file; those before later ones are among these or stored.

    The decoded rows stay in memory for the reads of the same transaction.
    """
    times_us = np.unique(times_us)
    _, firsts = np.unique(files_before(tag, times_us), return_index=True)
    for time_us in times_us[firsts].tolist():
        values_before(tag.pk, time_us, tag.definition.raw_from)
