"""Connections of the copy: a read-only source, and a target with a single writer.

SQLite itself refuses writes to the source, and reading a snapshot takes no lock: with the settings of the
running system every transaction would begin as a writer's.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import dj_database_url
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections, transaction
from django.db import Error as DatabaseError
from psycopg.errors import LockNotAvailable

from monitoring.storage import backups
from monitoring.storage.store_copy.errors import StoreCopyError

SOURCE, TARGET = "source", "target"
POSTGRESQL = "django.db.backends.postgresql"
EXAMPLE = "postgres://user:password@host/name"
ONLY_ONE = 0x6665726D6F6E  # key of the advisory lock of a copy, at the target
BUSY_S = 60
ENDING_S = 10  # for the server to notice that a copy was killed, and to free the lock
OPTIONS: dict[str, Any] = {
    "application_name": "fermon migrate_store",
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


@contextmanager
def open_databases(url: str, *, read_only: bool) -> Iterator[None]:
    """Configure the aliases ``SOURCE`` and ``TARGET`` for the duration of the context.

    Raises:
        StoreCopyError: a database is unusable; the message gives the reason.
    """
    settings = {SOURCE: source_settings(), TARGET: target_settings(url)}
    connections.settings.update(settings)
    connections.configure_settings(connections.settings)
    try:
        connect_target(read_only=read_only)
        yield
    finally:
        for alias in settings:
            connections[alias].close()
            del connections[alias]
            del connections.settings[alias]


def source_settings() -> dict[str, Any]:
    """Return settings that open the running system's database read-only.

    Raises:
        StoreCopyError: the database is not SQLite, does not exist, or is none of Fermon's.
    """
    default = connections[DEFAULT_DB_ALIAS]
    if default.vendor != "sqlite":
        raise StoreCopyError(
            "The database of these settings is not SQLite, so it can't be the source. Run it with the"
            " settings of the system that is to move, without the new DATABASE_URL."
        )
    path = Path(default.settings_dict["NAME"])
    if not path.is_file():
        raise StoreCopyError(f"There is no database at {path}. Is FERMON_DATA_DIR right?")
    require_tables(path)
    name = f"{path.absolute().as_uri()}?mode=ro"
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "OPTIONS": {"timeout": BUSY_S}}


def require_tables(path: Path) -> None:
    """Raise StoreCopyError if the source lacks Fermon's tables, before the target gets any."""
    try:
        with closing(backups.connect(path, "mode=ro")) as database:
            missing = backups.missing_tables(database)
    except sqlite3.Error as error:
        raise StoreCopyError(f"{path} can't be read as a database: {error}.") from error
    if missing:
        raise StoreCopyError(
            f"{path} is no database of Fermon's: it lacks the tables {missing}. Is FERMON_DATA_DIR right?"
        )


def target_settings(url: str) -> dict[str, Any]:
    """Return the settings of the database at the URL.

    Raises:
        StoreCopyError: the URL is not one of a PostgreSQL database.
    """
    try:
        settings: dict[str, Any] = dict(dj_database_url.parse(url))
    except ValueError:
        raise StoreCopyError(f"--to is no address of a database. It looks like {EXAMPLE}") from None
    if settings.get("ENGINE") != POSTGRESQL or not settings.get("NAME"):
        raise StoreCopyError(f"--to has to be a database of PostgreSQL: {EXAMPLE}")
    settings["OPTIONS"] = OPTIONS | settings.get("OPTIONS", {})
    return settings


def connect_target(*, read_only: bool) -> None:
    """Connect, and lock the target against other copies unless ``read_only``.

    Raises:
        StoreCopyError: the target is unreachable, or another copy into it is running.
    """
    try:
        execute(TARGET, "SET synchronous_commit = off")  # the last commit is synchronous
        if read_only:
            execute(TARGET, "SET default_transaction_read_only = on")
            return
    except DatabaseError as error:
        reason = " ".join(str(error).split())
        raise StoreCopyError(f"The target can't be reached: {reason}. Its source was not touched.") from error
    lock_target()


def lock_target() -> None:
    """Lock the target against other copies for as long as the connection lasts.

    Raises:
        StoreCopyError: another copy holds the lock.
    """
    execute(TARGET, f"SET lock_timeout = '{ENDING_S}s'")
    try:
        execute(TARGET, "SELECT pg_advisory_lock(%s)", [ONLY_ONE])
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        raise StoreCopyError(
            "Another migrate_store copies into this target right now. Wait for its end."
        ) from error
    execute(TARGET, "SET lock_timeout = 0")


@contextmanager
def snapshot() -> Iterator[None]:
    """Read the source as of one moment for the duration of the context; writers are not blocked."""
    with transaction.atomic(using=SOURCE):
        select_rows(SOURCE, "SELECT count(*) FROM django_migrations")  # takes the snapshot
        yield


def source_version() -> int:
    """Return a number that changes when another connection has written to the source."""
    return select_number(SOURCE, "PRAGMA data_version")


def select_rows(alias: str, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Return all rows of a query."""
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return list(cursor.fetchall())


def select_number(alias: str, sql: str, parameters: Sequence[Any] = ()) -> int:
    """Return the single number of a query; 0 if there is none."""
    rows = select_rows(alias, sql, parameters)
    return int(rows[0][0] or 0) if rows else 0


def execute(alias: str, sql: str, parameters: Sequence[Any] = ()) -> None:
    """Run a statement."""
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, parameters or None)
