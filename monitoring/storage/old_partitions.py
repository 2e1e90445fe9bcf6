"""Drop PostgreSQL's monthly partitions that are too old for every tag in them.

Dropping a month takes milliseconds, deleting the rows hours. So if all tags of a month have the same
retention, the measurements stay until the whole month is too old and are dropped together; otherwise they are
deleted row by row, as on SQLite. Anomalies with a longer retention move to the default partition.

Sequence: ``raw_from`` moves past the month, so that the tags of the month accept no more readings there; the
rows are counted without a lock; the partition is dropped, and ``series`` is reduced by the counts. An
interrupted run starts over. Until the partition is detached, other tags may still add rows, and an
administrator may extend the retention of a tag. So the check is repeated once no writer can reach the month,
and the month is reopened if it must stay.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from re import fullmatch

from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.db.models import F, Q

from monitoring.ingest.tags import lock_tags
from monitoring.kernel.clock import DAY_US, FIRST_MICROS, from_micros, to_micros
from monitoring.models import Series
from monitoring.storage.partitions import LOCK_S, next_month, partition_name, partition_names

logger = logging.getLogger(__name__)

NAME = r"measurements_(\d{4})_(\d{2})"
SHARES = """
    SELECT id, name, retention_days, anomaly_retention_days FROM tags
    WHERE EXISTS (SELECT 1 FROM {partition} AS month WHERE month.tag = tags.id)
"""
COUNTS = "SELECT tag, count(*), count(*) FILTER (WHERE is_anomaly) FROM {partition} GROUP BY tag"
DETACH = "ALTER TABLE measurements DETACH PARTITION {partition}"
DROP = (
    """
    DELETE FROM findings WHERE measurement_id IN
        (SELECT id FROM {partition} WHERE is_anomaly AND NOT tag = ANY(%(keeping)s))
    """,
    """
    INSERT INTO measurements (id, timestamp, tag, value, is_anomaly)
    SELECT id, timestamp, tag, value, is_anomaly FROM {partition} WHERE is_anomaly AND tag = ANY(%(keeping)s)
    """,
    "DROP TABLE {partition}",
)
LOCK_ERRORS = {"55P03", "40P01"}  # lock_not_available, deadlock_detected


class ChangedError(Exception):
    """The month has changed and must not be dropped."""


@dataclass(frozen=True, slots=True)
class Share:
    """A tag with measurements in a month, and its retention in days (None: for ever)."""

    tag: int
    name: str
    days: int | None
    anomaly_days: int | None


@dataclass(frozen=True, slots=True)
class Month:
    """A month's partition, from ``start_us`` to ``end_us`` (exclusive), and the tags with rows in it."""

    partition: str
    start_us: int
    end_us: int
    shares: tuple[Share, ...]

    @property
    def has_one_retention(self) -> bool:
        """Return whether the whole month becomes too old at once."""
        days = {share.days for share in self.shares}
        return len(days) == 1 and None not in days

    def is_too_old(self, now: datetime) -> bool:
        """Return whether no tag keeps measurements of the month, anomalies aside; False if it is empty."""
        return bool(self.shares) and all(
            share.days is not None and self.is_past(share.days, now) for share in self.shares
        )

    def is_past(self, days: int, now: datetime) -> bool:
        """Return whether a retention of ``days`` days starts after the month."""
        return self.end_us <= cutoff(days, now)

    def tags_keeping_anomalies(self, now: datetime) -> list[int]:
        """Return the ids of the tags whose anomalies of this month stay."""
        return [
            share.tag
            for share in self.shares
            if share.anomaly_days is None or not self.is_past(share.anomaly_days, now)
        ]


def cutoff(days: int, now: datetime) -> int:
    """Return the start of a retention period of ``days`` days: midnight (UTC), in microseconds."""
    return max(FIRST_MICROS, (to_micros(now) // DAY_US - days) * DAY_US)


def past_months(now: datetime) -> list[Month]:
    """Return the partitions of past months with the tags that have rows there, oldest first."""
    return [read_month(month) for month in partitioned_months(now)]


def partitioned_months(now: datetime) -> list[datetime]:
    """Return the past months that have a partition, oldest first; none on SQLite."""
    if connection.vendor != "postgresql":
        return []
    months = [found for found in map(month_of_partition, sorted(partition_names())) if found]
    return [month for month in months if next_month(month) <= now]


def month_of_partition(partition: str) -> datetime | None:
    """Return the month of a partition; None for the default partition."""
    found = fullmatch(NAME, partition)
    return datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC) if found else None


def read_month(month: datetime) -> Month:
    """Return the partition of a month and the tags with rows in it, by one index lookup per tag."""
    partition = partition_name(month)
    with connection.cursor() as cursor:
        cursor.execute(SHARES.format(partition=partition))
        shares = tuple(Share(*row) for row in cursor.fetchall())
    return Month(partition, to_micros(month), to_micros(next_month(month)), shares)


def whole_months_from(months: Iterable[Month]) -> dict[str, int]:
    """Return by tag name the time from which measurements stay until their month is dropped as a whole."""
    left: dict[str, int] = {}
    for month in months:
        if month.has_one_retention:
            for share in month.shares:
                left.setdefault(share.name, month.start_us)
    return left


def drop_old_months(months: Iterable[Month], *, now: datetime, should_stop: Callable[[], bool]) -> int:
    """Drop the months that are too old; return the number of deleted measurements.

    A month that can't be dropped now stays complete: the month has changed meanwhile, or another session
    holds a lock on the table for more than 5 s. In the latter case later months are not tried either, so that
    writers do not have to wait.

    Raises:
        django.db.Error: the database is unavailable.
    """
    rows = 0
    for month in months:
        if should_stop() or not month.is_too_old(now):
            continue
        try:
            rows += drop_month(month, now)
        except ChangedError:
            logger.info("old month has changed", extra={"partition": month.partition})
        except DatabaseError as error:
            if getattr(error.__cause__, "sqlstate", None) not in LOCK_ERRORS:
                raise
            logger.warning("old month is held", extra={"partition": month.partition, "error": str(error)})
            break
    return rows


def drop_month(month: Month, now: datetime) -> int:
    """Drop the month except anomalies with a longer retention; return the number of deleted measurements.

    Raises:
        ChangedError: the month must stay, and is unchanged.
        django.db.Error: the database is unavailable; or another session locks the table, and the month is
            unchanged.
    """
    closed = close_month(month, now)
    with connection.cursor() as cursor:
        cursor.execute(COUNTS.format(partition=month.partition))
        counts = cursor.fetchall()
    try:
        rows = drop_counted_month(month, counts, now)
    except (ChangedError, DatabaseError):
        if connection.is_usable():
            reopen_month(month, closed)
        raise
    extra = {"partition": month.partition, "rows": rows, "before": from_micros(month.end_us).isoformat()}
    logger.info("old month dropped", extra=extra)
    return rows


def drop_counted_month(month: Month, counts: Iterable[tuple[int, int, int]], now: datetime) -> int:
    """Do the work of ``drop_month``, given (tag, measurements, anomalies) for each tag of the month."""
    rows = 0
    with transaction.atomic():
        lock_tags(share.name for share in month.shares)
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_S}s'")
            cursor.execute(DETACH.format(partition=month.partition))
            keeping = recheck(month, now).tags_keeping_anomalies(now)
            for statement in DROP:
                cursor.execute(statement.format(partition=month.partition), {"keeping": keeping})
        for tag, count, anomalies in counts:
            kept = anomalies if tag in keeping else 0
            rows += count - kept
            Series.objects.filter(tag=tag).update(
                measurements=F("measurements") - (count - kept), anomalies=F("anomalies") - (anomalies - kept)
            )
    return rows


def recheck(month: Month, now: datetime) -> Month:
    """Return the current state of the month; the same tags, which are locked, must still be in it.

    Raises:
        ChangedError: there are other tags, or one has a longer retention now.
    """
    found = read_month(from_micros(month.start_us))
    if {share.tag for share in found.shares} != {share.tag for share in month.shares}:
        raise ChangedError
    if not found.is_too_old(now):
        raise ChangedError
    return found


def close_month(month: Month, now: datetime) -> list[Series]:
    """Make all tags of the month reject readings for it, as if the month were deleted already.

    Return the changed rows with their previous values, for ``reopen_month``.

    Raises:
        ChangedError: as ``recheck``.
    """
    end = from_micros(month.end_us)
    with transaction.atomic():
        lock_tags(share.name for share in month.shares)
        recheck(month, now)
        of_month = Series.objects.filter(tag__in=[share.tag for share in month.shares])
        taking = of_month.filter(Q(raw_from=None) | Q(raw_from__lt=end))
        before = list(taking)
        taking.update(raw_from=end, recent_values=None)
    return before


def reopen_month(month: Month, closed: list[Series]) -> None:
    """Undo ``close_month``: otherwise measurements that stay would count as deleted, and never be deleted."""
    with transaction.atomic():
        lock_tags(share.name for share in month.shares)
        Series.objects.bulk_update(closed, ["raw_from"], batch_size=1000)
