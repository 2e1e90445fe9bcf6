"""Both ends of the copy as connections of their own: the source read only, the target with one writer.

The source is opened so that SQLite itself refuses to write to it, and so that reading a snapshot
takes no lock: the settings of the running system begin every transaction as a writer's.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dj_database_url
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections, transaction
from django.db import Error as DatabaseError
from psycopg.errors import LockNotAvailable

from monitoring.storage.store_copy.errors import StoreCopyError

SOURCE, TARGET = "source", "target"
POSTGRESQL = "django.db.backends.postgresql"
EXAMPLE = "postgres://user:password@host/name"
ONLY_ONE = 0x6665726D6F6E  # the number of the lock that a copy holds at the target
BUSY_S = 60
ENDING_S = 10  # until the server has noticed that a copy was killed, and its lock is free
OPTIONS: dict[str, Any] = {
    "application_name": "fermon migrate_store",
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


@contextmanager
def opened(url: str, *, read_only: bool) -> Iterator[None]:
    """Within it, the aliases ``SOURCE`` and ``TARGET`` lead to the two databases.

    Raises:
        StoreCopyError: one of them can't be used; the message says why.
    """
    settings = {SOURCE: source_settings(), TARGET: target_settings(url)}
    connections.settings.update(settings)
    connections.configure_settings(connections.settings)
    try:
        reach(read_only=read_only)
        yield
    finally:
        for alias in settings:
            connections[alias].close()
            del connections[alias]
            del connections.settings[alias]


def source_settings() -> dict[str, Any]:
    """The running system's database, to be read only.

    Raises:
        StoreCopyError: it is not SQLite, or not there.
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
    name = f"{path.absolute().as_uri()}?mode=ro"
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "OPTIONS": {"timeout": BUSY_S}}


def target_settings(url: str) -> dict[str, Any]:
    """The database of that address.

    Raises:
        StoreCopyError: it is not one of PostgreSQL.
    """
    try:
        settings: dict[str, Any] = dict(dj_database_url.parse(url))
    except ValueError:
        raise StoreCopyError(f"--to is no address of a database. It looks like {EXAMPLE}") from None
    if settings.get("ENGINE") != POSTGRESQL or not settings.get("NAME"):
        raise StoreCopyError(f"--to has to be a database of PostgreSQL: {EXAMPLE}")
    settings["OPTIONS"] = OPTIONS | settings.get("OPTIONS", {})
    return settings


def reach(*, read_only: bool) -> None:
    """Connects, as the only one that copies into this target.

    Raises:
        StoreCopyError: the target does not answer, or another copies into it.
    """
    try:
        execute(TARGET, "SET synchronous_commit = off")  # made up for by the last commit's sync
        if read_only:
            execute(TARGET, "SET default_transaction_read_only = on")
            return
    except DatabaseError as error:
        reason = " ".join(str(error).split())
        raise StoreCopyError(f"The target can't be reached: {reason}. Its source was not touched.") from error
    lock_target()


def lock_target() -> None:
    """Keeps others from copying into this target, for as long as the connection lasts.

    Raises:
        StoreCopyError: another does so already.
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
    """Within it the source is read as it was at one moment; writers are not held up."""
    with transaction.atomic(using=SOURCE):
        select(SOURCE, "SELECT count(*) FROM django_migrations")  # here the snapshot is taken
        yield


def source_version() -> int:
    """A number that changes when others have written to the source since this connection looked last."""
    return number(SOURCE, "PRAGMA data_version")


def select(alias: str, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """All rows that the database answers."""
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return list(cursor.fetchall())


def number(alias: str, sql: str, parameters: Sequence[Any] = ()) -> int:
    """The one number that the database answers; 0 if it answers none."""
    rows = select(alias, sql, parameters)
    return int(rows[0][0] or 0) if rows else 0


def execute(alias: str, sql: str, parameters: Sequence[Any] = ()) -> None:
    """Has the database do it."""
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, parameters or None)
