"""Read the measurements stored after an id, in order of id, without a gap.

The database assigns an id before the transaction commits, so a smaller id may become visible after a
larger one. A watch therefore reports the id up to which all ids are *settled*: committed, or never to appear.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from django.db import connection

from monitoring.history.archived import both_places, rows_by_id
from monitoring.history.measurements import MICROS, Row, named_rows
from monitoring.models import Measurement

NEWEST_SQLITE = "SELECT seq FROM sqlite_sequence WHERE name = 'measurements'"
NEWEST_POSTGRESQL = "SELECT pg_sequence_last_value(pg_get_serial_sequence('measurements', 'id')::regclass)"
# An insert locks measurements before the sequence assigns the id (the pipeline also locks tags before),
# and holds the lock until the transaction ends.
WRITERS_POSTGRESQL = """
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation IN ('measurements'::regclass, 'tags'::regclass)
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND mode IN ('RowExclusiveLock', 'RowShareLock') AND pid <> pg_backend_pid()
"""


class Watch(Protocol):
    """Detect new measurements through the connection of the calling thread."""

    @property
    def is_waiting(self) -> bool:
        """Return whether there are unsettled ids, so that the caller should poll again soon."""

    def settled(self) -> int | None:
        """Return the id up to which all ids are settled; None without news since the last call.

        Raises:
            django.db.Error: the database is unavailable.
        """


class SqliteWatch:
    """Watch for SQLite. Writers run one after another, so committed ids are settled."""

    is_waiting = False

    def __init__(self) -> None:
        self._seen: tuple[Any, int] | None = None

    def settled(self) -> int | None:
        """See ``Watch``. Read only ``data_version`` until another connection commits."""
        version = number("PRAGMA data_version")
        seen = (connection.connection, version)  # data_version is specific to a connection
        if seen == self._seen:
            return None
        newest = newest_id()
        self._seen = seen
        return newest


class PostgresqlWatch:
    """Watch for PostgreSQL. An id is settled once the transactions that wrote when it was newest end."""

    def __init__(self) -> None:
        self._settled: int | None = None
        self._waiting: tuple[int, set[str]] | None = None

    @property
    def is_waiting(self) -> bool:
        """See ``Watch``."""
        return self._waiting is not None

    def settled(self) -> int | None:
        """See ``Watch``. Read the newest id before the writers; the reverse order could miss a writer."""
        if self._waiting is None:
            newest = newest_id()
            if newest == self._settled:
                return None
            self._waiting = (newest, writers())
        newest, before = self._waiting
        if before and not before.isdisjoint(writers()):
            return None
        if before:  # ids of writers that died with the server are assigned again
            newest = min(newest, newest_id())
        self._settled, self._waiting = newest, None
        return newest


def make_watch() -> Watch:
    """Return the watch for the configured database."""
    return SqliteWatch() if connection.vendor == "sqlite" else PostgresqlWatch()


def newest_id() -> int:
    """Return the highest id ever assigned, committed or not; 0 before the first."""
    return number(NEWEST_SQLITE if connection.vendor == "sqlite" else NEWEST_POSTGRESQL)


def number(sql: str) -> int:
    """Return the number that the query selects; 0 for no row or NULL."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row = cursor.fetchone()
    return row[0] or 0 if row else 0


def writers() -> set[str]:
    """Return the virtual ids of other transactions that may be storing measurements now."""
    with connection.cursor() as cursor:
        cursor.execute(WRITERS_POSTGRESQL)
        return {row[0] for row in cursor.fetchall()}


def read_changes(*, after: int, upto: int, limit: int) -> Sequence[Row]:
    """Return the first ``limit`` measurements with ids above ``after``, up to ``upto`` (inclusive), by id."""
    rows = Measurement.objects.filter(id__gt=after, id__lte=upto).order_by("id")
    with both_places() as is_archived:
        found = list(rows.values_list("id", MICROS, "tag__name", "value", "is_anomaly")[:limit])
        if not is_archived:
            return found
        archived = rows_by_id(after, found[-1][0] if len(found) == limit else upto, limit)
        return sorted([*found, *named_rows(archived, None)])[:limit]


def release_connection() -> None:
    """Close the connection of the calling thread, unless a transaction is open."""
    if not connection.in_atomic_block:
        connection.close()
