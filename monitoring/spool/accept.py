"""The entry point of all sources that can't send again: store readings, or else save them on disk."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from django.db import Error as DatabaseError
from django.db import connection, transaction

from monitoring.archive.place import ArchiveError
from monitoring.database.write_lock import write_lock
from monitoring.ingest.deliveries import Delivery
from monitoring.ingest.group_commit import group_commit, is_outage
from monitoring.ingest.outcomes import Outcome, Outcomes, Status
from monitoring.ingest.parse import validate
from monitoring.ingest.pipeline import ingest_deliveries
from monitoring.ingest.tags import tag_cache
from monitoring.ingest.validate import Rejection, RejectionReason, tag_of
from monitoring.kernel.failpoints import failpoint
from monitoring.kernel.outages import outages
from monitoring.spool import spool_files
from monitoring.spool.replay import add_dead_letter
from monitoring.spool.replayer import replayer
from monitoring.spool.spool_files import SpooledReading, SpoolFullError, spooled


def accept(items: Sequence[object], *, source: str) -> Outcomes:
    """Store the readings of a source, or save them on disk while the database is unavailable.

    During an outage save them at once: the replayer detects the end of the outage, and no source waits for a
    lock that an earlier request has waited for in vain.

    Raises:
        SpoolFullError: neither is possible; the source has to send the readings again.
    """
    delivery = Delivery(items, source, datetime.now(UTC))
    (outcomes,) = store_or_save([delivery], lambda: [group_commit().ingest(items, source=source)])
    return outcomes


def accept_together(deliveries: Sequence[Delivery]) -> list[Outcomes]:
    """Store deliveries in one transaction, or save them on disk, each as ``accept`` does.

    Raises:
        SpoolFullError: as ``accept``; the sources have to send all of them again.
        django.db.Error: one delivery makes the transaction fail or waits for the lock of a tag, and none is
            stored. Accept each by itself.
    """

    def store() -> list[Outcomes]:
        return ingest_deliveries(lambda: deliveries, is_shared=True)

    return store_or_save(deliveries, store, is_shared=True)


def accept_guarded(deliveries: Sequence[Delivery], guard: Callable[[], None]) -> list[Outcomes]:
    """Store deliveries as ``accept_together`` does; call ``guard`` first, in the same transaction.

    The guard raises an error if this process may not store the readings any more: then none is stored.

    Raises:
        SpoolFullError, django.db.Error: as ``accept_together``; of one delivery alone, no error of the
            database.
    """
    is_shared = len(deliveries) > 1

    def store() -> list[Outcomes]:
        return ingest_deliveries(lambda: deliveries, is_shared=is_shared, guard=guard)

    return store_or_save(deliveries, store, is_shared=is_shared)


def store_or_save(
    deliveries: Sequence[Delivery], store: Callable[[], list[Outcomes]], *, is_shared: bool = False
) -> list[Outcomes]:
    """Call ``store`` and return the outcomes of each delivery; in an outage save them instead.

    Raise an error of the database that one of several sources may have caused (``is_shared``).
    """
    known = outages()
    if known.storing.since and replayer().is_running:
        with suppress(SpoolFullError):
            return save_each(deliveries)
    try:
        outcomes = store()
        keep_unreachable(deliveries, outcomes)
    except DatabaseError as error:
        if is_shared and not is_outage(error):
            raise
        if not isinstance(error, ArchiveError):
            known.storing.begin(error)
        connection.close()
        return save_each(deliveries)
    failpoint("ingest.before_answer")
    if known.storing.since:
        known.storing.end()
    if known.keeping.since:
        known.keeping.end()
    return outcomes


def keep_unreachable(deliveries: Sequence[Delivery], outcomes: Sequence[Outcomes]) -> None:
    """Set aside, and report as kept, the readings that need the archive while the archive is away."""
    waiting = [
        (delivery, found, position)
        for delivery, found in zip(deliveries, outcomes, strict=True)
        for position, outcome in found.others.items()
        if outcome.reason is RejectionReason.ARCHIVE_AWAY
    ]
    if not waiting:
        return
    with write_lock(), transaction.atomic():
        for delivery, found, position in waiting:
            reading = plain_fields(delivery.items[position])
            kept = spooled(reading, source=delivery.source or "", now=delivery.received)
            add_dead_letter(kept, found.others[position].error)
    for _, found, position in waiting:
        found.others[position] = Outcome(found.others[position].tag, Status.KEPT)


def save_each(deliveries: Sequence[Delivery]) -> list[Outcomes]:
    """Save each delivery on disk."""
    return [save_valid(delivery.items, source=delivery.source or "") for delivery in deliveries]


def save_valid(items: Sequence[object], *, source: str) -> Outcomes:
    """Save items on disk that may be valid by the tags last read; reject the certainly invalid ones.

    Save rejected items too, marked as such, so that a replay records them as rejected.
    """
    now = datetime.now(UTC)
    rejections = certain_rejections(items, now=now)
    try:
        spool_files.save(
            as_spooled(item, rejections.get(position), source=source, now=now)
            for position, item in enumerate(items)
        )
    except SpoolFullError as error:
        outages().keeping.begin(error)
        raise
    outages().keeping.end()
    failpoint("dead_letters.before_answer")
    replayer().start()
    outcomes = Outcomes(len(items), rejections)
    outcomes.others = {
        position: outcomes.others.get(position) or Outcome(tag_of(item), Status.KEPT)
        for position, item in enumerate(items)
    }
    return outcomes


def as_spooled(item: object, rejection: Rejection | None, *, source: str, now: datetime) -> SpooledReading:
    """Return the item as a line of the spool."""
    refused = {"reason": str(rejection.reason), "message": rejection.message} if rejection else None
    return spooled(plain_fields(item), source=source, now=now, refused=refused)


def plain_fields(item: object) -> dict[str, object]:
    """Return the fields of a reading, without other fields and without nested values.

    A replay rejects nested values in any case, and deep nesting can't be written.
    """
    fields = item if isinstance(item, Mapping) else {}
    return {
        name: fields[name]
        for name in ("timestamp", "tag", "value")
        if isinstance(fields.get(name), str | int | float)
    }


def certain_rejections(items: Sequence[object], *, now: datetime) -> dict[int, Rejection]:
    """Return, by position, the rejections that do not depend on the database.

    A process that has never read the tags can reject only items that are no objects; the replay rejects the
    others.
    """
    tags = tag_cache().definitions
    rejections = validate(items, tags or {}, now=now)[1]
    if tags is None:
        rejections = {position: why for position, why in rejections.items() if why.field == "reading"}
    return rejections
