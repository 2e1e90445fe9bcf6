"""A backup becomes the database again: only if it is sound, and only while nobody uses the database.

The file that was there is kept beside it under another name. Its write-ahead log goes into it
first, or with it if it can't be read any more: a log of one database must never lie beside another.
"""

import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from filelock import FileLock, Timeout

from monitoring.history.heartbeats import heartbeat
from monitoring.kernel.durability import sync_directory
from monitoring.kernel.lease_names import SIMULATOR
from monitoring.storage import backups

logger = logging.getLogger(__name__)

TABLES = frozenset({"django_migrations", "measurements", "tags"})
FRESH = timedelta(seconds=5)
RUNNING = frozenset({"runserver", "granian", "qcluster", "run_detection"})
SCRIPTS = ("manage.py", "fermon_site.asgi:application")
IN_USE = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
IN_USE_S = 2.0
# What SQLite keeps beside a database while that is in use, or after a crash.
COMPANIONS = ("-wal", "-shm", "-journal")


class RestoreRefusedError(Exception):
    """Nothing was changed; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A sound backup: what it holds in words, and whether its tables are those of an older Fermon."""

    path: Path
    summary: str
    is_older: bool


def find(name: str) -> Path:
    """The backup of that name; ``latest`` is the newest in the data directory.

    Raises:
        RestoreRefusedError: there is none, or it is the database itself.
        BackupError: the database is not SQLite.
    """
    database = database_file()
    if name == "latest":
        found = backups.existing()
        if not found:
            raise RestoreRefusedError(f"There is no backup in {backups.directory()}.")
        refuse_if_ahead(found[-1])
        return found[0]
    path = Path(name)
    if not path.is_file():
        raise RestoreRefusedError(f"There is no file {path}. The backups are in {backups.directory()}.")
    if database.exists() and path.samefile(database):
        raise RestoreRefusedError(f"{path} is the database itself, not a backup.")
    return path


def refuse_if_ahead(oldest: Path) -> None:
    """Lets a person choose where a clock that was ahead has named backups: which is the latest is unknown.

    Raises:
        RestoreRefusedError: the last of the backups has such a name.
    """
    if backups.is_ahead(oldest):
        raise RestoreRefusedError(
            f"Which backup is the latest can't be told: the clock was ahead when {oldest.name} was made, or"
            f" is behind now. Name one of those in {backups.directory()} instead of 'latest'."
        )


def database_file() -> Path:
    """Where the database is, or was, or will be.

    Raises:
        RestoreRefusedError: it is not a file; the message says what to run instead.
    """
    if connection.vendor != "sqlite":
        raise RestoreRefusedError(
            "This database is not SQLite. Stop Fermon and restore it with its own tool:\n"
            f"  pg_restore --clean --if-exists --single-transaction {backups.server_options()} FILE.dump"
        )
    return Path(connection.settings_dict["NAME"])


def examine(path: Path) -> Examined:
    """Makes sure that the file is a whole Fermon database that this code understands.

    Raises:
        RestoreRefusedError: it is not.
    """
    wal = path.with_name(f"{path.name}-wal")
    if wal.exists() and wal.stat().st_size:
        raise RestoreRefusedError(
            f"{path} is no backup, but a database in use or not closed: part of it is in {wal.name}."
        )
    try:
        if flaw := backups.flaw_of(path):
            raise RestoreRefusedError(f"{path} is damaged: {flaw}. Take another backup.")
        with closing(backups.connect(path, "mode=ro&immutable=1")) as database:
            return describe(path, database)
    except sqlite3.Error as error:
        raise RestoreRefusedError(f"{path} can't be read as a database: {error}.") from error


def describe(path: Path, database: sqlite3.Connection) -> Examined:
    """What the backup holds.

    Raises:
        RestoreRefusedError: it is none of Fermon's, or of a newer Fermon.
    """
    tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if missing := TABLES - tables:
        raise RestoreRefusedError(
            f"{path} is no backup of Fermon's: it lacks the tables {', '.join(sorted(missing))}."
        )
    applied = set(database.execute("SELECT app, name FROM django_migrations"))
    known = set(MigrationLoader(None).disk_migrations)
    if newer := sorted(name for app, name in applied - known if name > newest(known, app)):
        raise RestoreRefusedError(f"{path} is of a newer Fermon ({newer[0]}): restore it with that one.")
    count, last = database.execute("SELECT count(*), max(timestamp) FROM measurements").fetchone()
    return Examined(path, f"{count} measurements, the newest of {last or 'never'}", bool(known - applied))


def newest(known: set[tuple[str, str]], app: str) -> str:
    """The name of the app's newest migration; for an app that is no more, one behind all others."""
    return max((name for label, name in known if label == app), default="~")


@contextmanager
def while_stopped() -> Iterator[None]:
    """Makes sure that Fermon does not run on this data directory, and keeps it from starting.

    Raises:
        RestoreRefusedError: it runs.
    """
    try:
        with FileLock(Path(settings.FERMON_DATA_DIR) / "start.lock", timeout=0):
            if by_hand := next(running_by_hand(), None):
                raise RestoreRefusedError(f"Fermon runs: {by_hand}. Stop it first.")
            if worker_is_heard():
                raise RestoreRefusedError("A worker has just been at work. Stop it first; then wait 5 s.")
            yield
    except Timeout as error:
        raise RestoreRefusedError(f"Fermon runs on {settings.FERMON_DATA_DIR}. Stop it first.") from error


def running_by_hand() -> Iterator[str]:
    """The servers and workers on this data directory that did not come from the launcher."""
    ours = Path(settings.FERMON_DATA_DIR).resolve()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            words = process.cmdline()
            script = next((word for word in words if word.endswith(SCRIPTS)), None)
            role = next((word for word in words if word in RUNNING), None)
            if script and role and data_dir_of(process, script) == ours:
                yield f"{role}, process {process.pid}"


def data_dir_of(process: psutil.Process, script: str) -> Path:
    """The data directory that a process works on."""
    place = Path(process.cwd())
    named = process.environ().get("FERMON_DATA_DIR", "").strip()
    return (place / (named or Path(script).parent / "var")).resolve()


def worker_is_heard() -> bool:
    """Whether a worker, wherever it runs, has just left its sign of life in the database."""
    if not database_file().is_file():
        return False  # to look would make one
    try:
        beat = heartbeat(SIMULATOR)
    except DatabaseError:
        return False  # perhaps that is why it is to be restored
    finally:
        connections.close_all()
    return beat is not None and abs(datetime.now(UTC) - beat) < FRESH


def restore(backup: Examined) -> Path | None:
    """Puts the backup in the database's place; where the one before is kept, if there was one.

    Call it within ``while_stopped``.

    Raises:
        RestoreRefusedError: the database is in use, or the disk is full; it is what it was.
        BackupError: there is no room.
    """
    database = database_file()
    draft = database.with_name(f"{database.name}.restoring")
    try:
        backups.refuse_without_room(backup.path.stat().st_size, database.parent)
        copy(backup.path, draft)
        kept = exchange(database, draft)
    except OSError as error:
        raise RestoreRefusedError(
            f"Nothing was changed: the backup can't be put in place ({error})."
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    logger.info("database restored", extra={"backup": str(backup.path), "kept": str(kept or "")})
    return kept


def copy(path: Path, draft: Path) -> None:
    """Copies the file, synced, for the owner of the data directory: root may be the one who restores."""
    shutil.copyfile(path, draft)
    with suppress(OSError, AttributeError):
        place = draft.parent.stat()
        os.chown(draft, place.st_uid, place.st_gid)
    with draft.open("r+b") as file:
        os.fsync(file.fileno())


def exchange(database: Path, draft: Path) -> Path | None:
    """Puts the draft in the database's place; where what was there is kept, None if nothing was."""
    kept = database.with_name(f"{database.name}.before-restore-{backups.stamp()}")
    if database.is_file():
        settle(database)
    for ending in COMPANIONS:
        with suppress(FileNotFoundError):
            beside(database, ending).replace(beside(kept, ending))
    there = database.exists()
    if there:
        keep(database, kept)
    try:
        draft.replace(database)
    except OSError:
        if there:
            kept.replace(database)  # which leaves two names of one file as they are
            kept.unlink(missing_ok=True)
        raise
    sync_directory(database.parent)
    return kept if there else None


def beside(database: Path, ending: str) -> Path:
    """The file that SQLite keeps beside the database."""
    return database.with_name(f"{database.name}{ending}")


def settle(database: Path) -> None:
    """Moves the write-ahead log into the file, which only the last user of a database can do.

    Raises:
        RestoreRefusedError: there are others.
    """
    try:
        # One that can't be read is not opened for writing, or the log would be written into it.
        with closing(backups.connect(database, "mode=ro")) as looking:
            looking.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with closing(backups.connect(database)) as last_one:
            last_one.execute(f"PRAGMA busy_timeout={IN_USE_S * 1000:.0f}")
            last_one.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in IN_USE:
            raise RestoreRefusedError(f"{database} is in use by another program. Stop that first.") from error
        logger.warning("database can't be read; it is kept as it is", extra={"error": str(error)})


def keep(database: Path, kept: Path) -> None:
    """Gives the file its second name first, so that there is a database at every moment."""
    try:
        os.link(database, kept)
    except OSError:  # a directory, or a disk that knows no links
        database.replace(kept)
