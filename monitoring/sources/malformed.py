"""Messages without a usable value are remembered as rejections, or kept on disk during an outage."""

from collections.abc import Sequence
from datetime import datetime

from django.db import Error as DatabaseError
from django.db import connection, transaction

from monitoring.database.write_lock import write_lock
from monitoring.ingest.outcomes import Outcome, Status
from monitoring.ingest.rejections import RejectedReading, remember_rejections
from monitoring.ingest.validate import RejectionReason
from monitoring.sources.points import clean, shortened
from monitoring.sources.session import Malformed
from monitoring.spool import spool_files
from monitoring.spool.replayer import replayer
from monitoring.spool.spool_files import spooled


def remember(malformed: Sequence[Malformed], source: str, received: datetime) -> None:
    """Record malformed messages under the name of their source.

    Raises:
        SpoolFullError: the database is away, and the disk is full.
    """
    rejected = [rejected_reading(message, source, received) for message in malformed]
    try:
        with write_lock(), transaction.atomic():
            remember_rejections(rejected)
    except DatabaseError:
        connection.close()
        spool_files.save(
            spooled(
                each.item,
                source=source,
                now=received,
                refused={"reason": str(each.outcome.reason), "message": each.outcome.error},
            )
            for each in rejected
        )
        replayer().start()


def rejected_reading(message: Malformed, source: str, received: datetime) -> RejectedReading:
    """Return a malformed message as a rejection."""
    raw = shortened(message.raw)
    outcome = Outcome(
        clean(message.tag),
        Status.REJECTED,
        reason=RejectionReason.NOT_A_READING,
        field="value",
        error=clean(message.message),
    )
    return RejectedReading({"tag": outcome.tag, "value": raw}, outcome, source, received)
