"""PostgreSQL's partitions of measurements: one a month (UTC), and a default one for all other times.

What comes for a month that has none lies in the default partition, so nothing is ever refused; it
moves when the month's partition is made, which ``create_ahead`` does long before.
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
# Both before anything is looked at: else a row for this month could come to the default one meanwhile.
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
"""  # noqa: S608 - made of nothing but the constants above


def create_ahead(*, now: datetime, using: str = "default") -> int:
    """Makes the partitions of this month and of the next few, those that lack; how many.

    Raises:
        django.db.Error: the database is away, or somebody holds the table for longer than 5 s.
    """
    last = month_of(now)
    for _ in range(MONTHS_AHEAD):
        last = next_month(last)
    return create_for(to_micros(now), to_micros(last), using=using)


def create_for(first_us: int, last_us: int, *, using: str = "default") -> int:
    """Makes the partitions for measurements from one time to another (inclusive), those that lack; how many.

    What lies in the default partition of their months moves there. On SQLite there is nothing to do.

    Raises:
        django.db.Error: as ``create_ahead``.
    """
    if connections[using].vendor != "postgresql":
        return 0
    existing = names(using)
    lacking = [month for month in months_between(first_us, last_us) if name_of(month) not in existing]
    for month in lacking:
        create(month, using=using)
        logger.info("partition made", extra={"partition": name_of(month)})
    return len(lacking)


def create(month: datetime, *, using: str) -> None:
    """Makes one month's partition, unless another process has done so just now."""
    name, start_us, end_us = name_of(month), to_micros(month), to_micros(next_month(month))
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        for statement in LOCK:
            cursor.execute(statement)
        if name in names(using):
            return
        cursor.execute(f"CREATE TABLE {name} (LIKE measurements INCLUDING ALL EXCLUDING IDENTITY)")
        cursor.execute(MOVE.format(name=name), [start_us, end_us])
        cursor.execute(
            f"ALTER TABLE measurements ATTACH PARTITION {name} FOR VALUES FROM ({start_us}) TO ({end_us})"
        )


def names(using: str = "default") -> set[str]:
    """The tables that are partitions of measurements."""
    with connections[using].cursor() as cursor:
        cursor.execute(EXISTING)
        return {row[0] for row in cursor.fetchall()}


def name_of(month: datetime) -> str:
    """The table of a month."""
    return f"measurements_{month.year:04}_{month.month:02}"


def months_between(first_us: int, last_us: int) -> Iterator[datetime]:
    """The months from that of one time to that of another."""
    month, last = month_of(from_micros(first_us)), from_micros(last_us)
    while month <= last:
        yield month
        month = next_month(month)


def month_of(moment: datetime) -> datetime:
    """The beginning of the month that a moment is in."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(month: datetime) -> datetime:
    """The beginning of the next month, from that of one."""
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
