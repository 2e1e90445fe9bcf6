"""PostgreSQL's partitions of measurements: one per month (UTC), and a default partition for all other times.

Measurements of a month without partition go to the default partition, so none are rejected; they move when
the partition of the month is created, which ``create_ahead`` does long before.
"""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime

from django.db import connections, transaction

from monitoring.kernel.clock import from_micros, to_micros

logger = logging.getLogger(__name__)

MONTHS_AHEAD = 3
DEFAULT = "measurements_default"
LOCK_S = 5
EXISTING = """
    SELECT child.relname FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
    WHERE inhparent = 'measurements'::regclass
"""
# Take both locks first: otherwise a row of this month could enter the default partition meanwhile.
LOCK = (
    f"SET LOCAL lock_timeout = '{LOCK_S}s'",
    "LOCK TABLE ONLY measurements IN SHARE UPDATE EXCLUSIVE MODE",
    f"LOCK TABLE {DEFAULT} IN ACCESS EXCLUSIVE MODE",
)
MOVE = f"""
    WITH moved AS (
        DELETE FROM {DEFAULT} WHERE timestamp >= %s AND timestamp < %s
        RETURNING id, timestamp, tag, value, is_anomaly
    ) INSERT INTO {{name}} (id, timestamp, tag, value, is_anomaly) SELECT * FROM moved
"""  # noqa: S608 - built from the constants above


def create_ahead(*, now: datetime, using: str = "default") -> int:
    """Create the missing partitions of this month and the next few; return how many.

    Raises:
        django.db.Error: the database is unavailable, or another session locks the table for more than 5 s.
    """
    last = month_of(now)
    for _ in range(MONTHS_AHEAD):
        last = next_month(last)
    return create_partitions(to_micros(now), to_micros(last), using=using)


def create_partitions(first_us: int, last_us: int, *, using: str = "default") -> int:
    """Create the missing partitions from one time to another (inclusive); return how many.

    Rows of these months move there from the default partition. On SQLite, do nothing.

    Raises:
        django.db.Error: as ``create_ahead``.
    """
    if connections[using].vendor != "postgresql":
        return 0
    existing = partition_names(using)
    lacking = [month for month in months_between(first_us, last_us) if partition_name(month) not in existing]
    for month in lacking:
        create_partition(month, using=using)
        logger.info("partition made", extra={"partition": partition_name(month)})
    return len(lacking)


def create_partition(month: datetime, *, using: str) -> None:
    """Create the partition of one month, unless another process has just created the same."""
    name, start_us, end_us = partition_name(month), to_micros(month), to_micros(next_month(month))
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        for statement in LOCK:
            cursor.execute(statement)
        if name in partition_names(using):
            return
        cursor.execute(f"CREATE TABLE {name} (LIKE measurements INCLUDING ALL EXCLUDING IDENTITY)")
        cursor.execute(MOVE.format(name=name), [start_us, end_us])
        cursor.execute(
            f"ALTER TABLE measurements ATTACH PARTITION {name} FOR VALUES FROM ({start_us}) TO ({end_us})"
        )


def partition_names(using: str = "default") -> set[str]:
    """Return the names of the partitions of measurements."""
    with connections[using].cursor() as cursor:
        cursor.execute(EXISTING)
        return {row[0] for row in cursor.fetchall()}


def partition_name(month: datetime) -> str:
    """Return the name of the partition of a month."""
    return f"measurements_{month.year:04}_{month.month:02}"


def months_between(first_us: int, last_us: int) -> Iterator[datetime]:
    """Yield the months from one time to another (inclusive)."""
    month, last = month_of(from_micros(first_us)), from_micros(last_us)
    while month <= last:
        yield month
        month = next_month(month)


def month_of(moment: datetime) -> datetime:
    """Return the start of the month of a time."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(month: datetime) -> datetime:
    """Return the start of the following month."""
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
