"""Drops PostgreSQL's partitions of months that are too old for every tag in them.

To drop a month takes milliseconds, to delete its rows hours. So where all tags of a month are kept
equally long, its measurements stay until the whole month is too old, and go together; else they go
row by row, as on SQLite. Anomalies that are kept for longer move to the default partition.

First ``raw_from`` moves past the month, so that no more comes of its tags; then it can be counted
without anybody waiting; then it is dropped, and ``series`` moves by what was counted. Broken off
anywhere between, it begins again. Until it is detached, tags that had nothing in it may still come to
it, and somebody may let a tag keep its own for longer: so it is looked at again once nobody can write
to it, and is given back if it may not go after all.
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
from monitoring.storage.partitions import LOCK_S, name_of, names, next_month

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
HELD = {"55P03", "40P01"}  # lock_not_available, deadlock_detected


class ChangedError(Exception):
    """A month may not be dropped after all, as it is no longer what it was."""


@dataclass(frozen=True, slots=True)
class Share:
    """A tag that has measurements in a month, and for how many days it keeps them (None: for ever)."""

    tag: int
    name: str
    days: int | None
    anomaly_days: int | None


@dataclass(frozen=True, slots=True)
class Month:
    """The partition of a month, from ``start_us`` to before ``end_us``, and the tags in it."""

    partition: str
    start_us: int
    end_us: int
    shares: tuple[Share, ...]

    @property
    def goes_whole(self) -> bool:
        """Whether all of it becomes too old at once."""
        days = {share.days for share in self.shares}
        return len(days) == 1 and None not in days

    def is_too_old(self, now: datetime) -> bool:
        """Whether no tag keeps any of it any more, but for anomalies; not if it is empty."""
        return bool(self.shares) and all(
            share.days is not None and self.is_past(share.days, now) for share in self.shares
        )

    def is_past(self, days: int, now: datetime) -> bool:
        """Whether what is kept for so many days begins behind it."""
        return self.end_us <= cutoff(days, now)

    def keeping(self, now: datetime) -> list[int]:
        """The tags whose anomalies of this month stay."""
        return [
            share.tag
            for share in self.shares
            if share.anomaly_days is None or not self.is_past(share.anomaly_days, now)
        ]


def cutoff(days: int, now: datetime) -> int:
    """Where that which is kept for so many days begins: at midnight (UTC), in microseconds."""
    return max(FIRST_MICROS, (to_micros(now) // DAY_US - days) * DAY_US)


def past_months(now: datetime) -> list[Month]:
    """The partitions of the months that are over, oldest first; none on SQLite."""
    if connection.vendor != "postgresql":
        return []
    months = [found for found in map(month_named, sorted(names())) if found]
    return [with_shares(month) for month in months if to_micros(next_month(month)) <= to_micros(now)]


def month_named(partition: str) -> datetime | None:
    """The month that a partition is of; None of the default one."""
    found = fullmatch(NAME, partition)
    return datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC) if found else None


def with_shares(month: datetime) -> Month:
    """The month's partition, and the tags in it: a look at its index each."""
    partition = name_of(month)
    with connection.cursor() as cursor:
        cursor.execute(SHARES.format(partition=partition))
        shares = tuple(Share(*row) for row in cursor.fetchall())
    return Month(partition, to_micros(month), to_micros(next_month(month)), shares)


def first_left(months: Iterable[Month]) -> dict[str, int]:
    """From when on a tag's measurements are left for their month to be dropped whole, by its name."""
    left: dict[str, int] = {}
    for month in months:
        if month.goes_whole:
            for share in month.shares:
                left.setdefault(share.name, month.start_us)
    return left


def drop_old(months: Iterable[Month], *, now: datetime, should_stop: Callable[[], bool]) -> int:
    """Drops those of the months that are too old; how many measurements that deletes.

    One that can't go now stays whole: it has changed meanwhile, or somebody holds the table for longer
    than 5 s. Then nobody is made to wait for those behind it either.

    Raises:
        django.db.Error: the database is away.
    """
    rows = 0
    for month in months:
        if should_stop() or not month.is_too_old(now):
            continue
        try:
            rows += drop(month, now)
        except ChangedError:
            logger.info("old month has changed", extra={"partition": month.partition})
        except DatabaseError as error:
            if getattr(error.__cause__, "sqlstate", None) not in HELD:
                raise
            logger.warning("old month is held", extra={"partition": month.partition, "error": str(error)})
            break
    return rows


def drop(month: Month, now: datetime) -> int:
    """Drops the month, but for the anomalies of tags that keep theirs; how many measurements go.

    Raises:
        ChangedError: it may not go after all; it is as it was.
        django.db.Error: the database is away; or somebody holds the table, and it is as it was.
    """
    closed = close(month, now)
    with connection.cursor() as cursor:
        cursor.execute(COUNTS.format(partition=month.partition))
        counts = cursor.fetchall()
    try:
        rows = drop_counted(month, counts, now)
    except (ChangedError, DatabaseError):
        if connection.is_usable():
            reopen(month, closed)
        raise
    extra = {"partition": month.partition, "rows": rows, "before": from_micros(month.end_us).isoformat()}
    logger.info("old month dropped", extra=extra)
    return rows


def drop_counted(month: Month, counts: Iterable[tuple[int, int, int]], now: datetime) -> int:
    """As ``drop``; of each tag in it, how many measurements and anomalies there are."""
    rows = 0
    with transaction.atomic():
        lock_tags(share.name for share in month.shares)
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_S}s'")
            cursor.execute(DETACH.format(partition=month.partition))
            keeping = looked_at_again(month, now).keeping(now)
            for statement in DROP:
                cursor.execute(statement.format(partition=month.partition), {"keeping": keeping})
        for tag, count, anomalies in counts:
            kept = anomalies if tag in keeping else 0
            rows += count - kept
            Series.objects.filter(tag=tag).update(
                measurements=F("measurements") - (count - kept), anomalies=F("anomalies") - (anomalies - kept)
            )
    return rows


def looked_at_again(month: Month, now: datetime) -> Month:
    """The month as it is now, with the same tags in it; they are locked.

    Raises:
        ChangedError: there are others, or one keeps its own for longer by now.
    """
    found = with_shares(from_micros(month.start_us))
    if {share.tag for share in found.shares} != {share.tag for share in month.shares}:
        raise ChangedError
    if not found.is_too_old(now):
        raise ChangedError
    return found


def close(month: Month, now: datetime) -> list[Series]:
    """Lets no more of its tags come to the month: it counts as deleted from now on.

    Returns those that took it until now, as they were, for ``reopen``.

    Raises:
        ChangedError: as ``looked_at_again``.
    """
    end = from_micros(month.end_us)
    with transaction.atomic():
        lock_tags(share.name for share in month.shares)
        looked_at_again(month, now)
        of_month = Series.objects.filter(tag__in=[share.tag for share in month.shares])
        taking = of_month.filter(Q(raw_from=None) | Q(raw_from__lt=end))
        before = list(taking)
        taking.update(raw_from=end, recent_values=None)
    return before


def reopen(month: Month, closed: list[Series]) -> None:
    """Undoes ``close``: else what stays would be taken for deleted, and never be."""
    with transaction.atomic():
        lock_tags(share.name for share in month.shares)
        Series.objects.bulk_update(closed, ["raw_from"], batch_size=1000)
