"""Drop PostgreSQL's monthly partitions that the archive has emptied.

What arrives for such a month later, and files that are thawed, go to the default partition; a restore makes
the month's partition again.

Readers and writers lock ``measurements`` before any partition, and so does the drop: there is no deadlock.
With the lock, no transaction has uncommitted rows in the month: the check sees a late reading, or the reading
is routed after the drop. A read of one state of the database that began before the last measurements moved
must still find these in the partition, so a month stays for ``SETTLED`` after the last file was made.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from django.db import InternalError, OperationalError, ProgrammingError, connection, transaction
from django.db.models import Max

from monitoring.archive.reading import archived_files
from monitoring.kernel.clock import to_micros
from monitoring.storage.old_partitions import LOCK_ERRORS, partitioned_months
from monitoring.storage.partitions import next_month, partition_name

logger = logging.getLogger(__name__)

SETTLED = timedelta(hours=1)
LOCK_MS = 200  # shorter than writers wait for a lock, as they queue up meanwhile
CHECK_MS = 100  # everybody waits for a check with the lock
DROP_MS = 1_000
BUSY = {*LOCK_ERRORS, "57014"}  # query_canceled: dead rows that are not vacuumed yet take long to pass
IS_EMPTY = "SELECT NOT EXISTS (SELECT 1 FROM {partition})"


def drop_emptied_months(*, now: datetime, should_stop: Callable[[], bool]) -> int:
    """Drop the partitions of past months whose measurements are all archived; return how many.

    A month whose lock is not free at once stays, with all later ones, until the next run. A month that the
    server refuses to drop, as a view depends on it, is logged. On SQLite, do nothing.

    Raises:
        django.db.Error: the database is unavailable.
    """
    dropped = 0
    for partition in archived_months(now):
        if should_stop():
            break
        try:
            dropped += drop_if_empty(partition)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) not in BUSY:
                raise
            logger.info("emptied month is held", extra={"partition": partition, "error": str(error)})
            break
        except (InternalError, ProgrammingError) as error:
            logger.warning("emptied month stays", extra={"partition": partition, "error": str(error)})
    return dropped


def archived_months(now: datetime) -> Iterator[str]:
    """Yield the partitions of past months with files, and without a new file; oldest first."""
    for month in partitioned_months(now):
        files = archived_files(None, to_micros(month), to_micros(next_month(month)))
        newest = files.aggregate(newest=Max("created_at"))["newest"]
        if newest is not None and newest <= datetime.now(UTC) - SETTLED:
            yield partition_name(month)


def drop_if_empty(partition: str) -> bool:
    """Drop a partition without rows; return whether there was none.

    Raises:
        django.db.Error: the database is unavailable, or ``measurements`` is locked by others.
    """
    with transaction.atomic():
        if not is_empty(partition):  # without a lock
            return False
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {LOCK_MS}")
        cursor.execute("LOCK TABLE ONLY measurements IN ACCESS EXCLUSIVE MODE")
        if not is_empty(partition):
            return False
        cursor.execute(f"SET LOCAL statement_timeout = {DROP_MS}")
        cursor.execute(f"DROP TABLE {partition}")
    logger.info("emptied month dropped", extra={"partition": partition})
    return True


def is_empty(partition: str) -> bool:
    """Return whether a partition has no row; call this in a transaction.

    Raises:
        django.db.OperationalError: many rows that are deleted, and not vacuumed yet, take too long to pass.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {CHECK_MS}")
        cursor.execute(IS_EMPTY.format(partition=partition))
        return bool(cursor.fetchone()[0])
