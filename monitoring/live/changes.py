"""What was stored since: measurements in the order of their ids, none of them left out.

An id is given before its transaction commits, so a smaller one may become visible after a larger.
A watch therefore tells up to which id everything is *settled*: stored for good, or never to come.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from django.db import connection

from monitoring.history.measurements import MICROS, Row
from monitoring.models import Measurement

NEWEST_SQLITE = "SELECT seq FROM sqlite_sequence WHERE name = 'measurements'"
NEWEST_POSTGRESQL = "SELECT pg_sequence_last_value(pg_get_serial_sequence('measurements', 'id')::regclass)"
# Who inserts holds the first lock before the id is given (the pipeline even the second), until the end.
WRITERS_POSTGRESQL = """
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation IN ('measurements'::regclass, 'tags'::regclass)
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND mode IN ('RowExclusiveLock', 'RowShareLock') AND pid <> pg_backend_pid()
"""


class Watch(Protocol):
    """Notices what is stored, through this thread's connection."""

    @property
    def is_waiting(self) -> bool:
        """Whether there is something new that is not settled yet: to be asked again soon."""

    def settled(self) -> int | None:
        """The id up to which everything is settled; None if nothing is new since it was asked last.

        Raises:
            django.db.Error: the database did not answer.
        """


class SqliteWatch:
    """Its writers come one after another, so whatever is committed is settled."""

    is_waiting = False

    def __init__(self) -> None:
        self._seen: tuple[Any, int] | None = None

    def settled(self) -> int | None:
        """As ``Watch``; looks no further while nobody has committed anything."""
        version = number("PRAGMA data_version")
        seen = (connection.connection, version)  # each connection counts by itself
        if seen == self._seen:
            return None
        newest = newest_id()
        self._seen = seen
        return newest


class PostgresqlWatch:
    """An id is settled once all have ended that were writing when it was the newest."""

    def __init__(self) -> None:
        self._settled: int | None = None
        self._waiting: tuple[int, set[str]] | None = None

    @property
    def is_waiting(self) -> bool:
        """As ``Watch``."""
        return self._waiting is not None

    def settled(self) -> int | None:
        """As ``Watch``; the id is read before the writers are, or one of them could be missed."""
        if self._waiting is None:
            newest = newest_id()
            if newest == self._settled:
                return None
            self._waiting = (newest, writers())
        newest, before = self._waiting
        if before and not before.isdisjoint(writers()):
            return None
        self._settled, self._waiting = newest, None
        return newest


def make_watch() -> Watch:
    """The watch for the database that is used."""
    return SqliteWatch() if connection.vendor == "sqlite" else PostgresqlWatch()


def newest_id() -> int:
    """The highest id ever given, be its measurement stored yet or deleted since; 0 before the first."""
    return number(NEWEST_SQLITE if connection.vendor == "sqlite" else NEWEST_POSTGRESQL)


def number(sql: str) -> int:
    """The one number that the query answers; 0 if it answers none."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row = cursor.fetchone()
    return row[0] or 0 if row else 0


def writers() -> set[str]:
    """The others' transactions that may be storing measurements now."""
    with connection.cursor() as cursor:
        cursor.execute(WRITERS_POSTGRESQL)
        return {row[0] for row in cursor.fetchall()}


def read_changes(*, after: int, upto: int, limit: int) -> Sequence[Row]:
    """The first ``limit`` measurements behind one id, up to another (inclusive), in their order."""
    rows = Measurement.objects.filter(id__gt=after, id__lte=upto).order_by("id")
    return list(rows.values_list("id", MICROS, "tag__name", "value", "is_anomaly")[:limit])


def release_connection() -> None:
    """Closes this thread's connection, unless it is in the middle of something."""
    if not connection.in_atomic_block:
        connection.close()
