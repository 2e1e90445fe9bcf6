"""Restore a backup, if the backup is sound and no process uses the database.

The previous file is kept beside the restored one under another name. Its write-ahead log is merged into the
file first, or moved with the file if unreadable: SQLite must never find the log of another database beside a
database.
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

FRESH = timedelta(seconds=5)
RUNNING = frozenset(
    {"runserver", "granian", "qcluster", "run_detection", "run_alarms", "run_notifications", "collect"}
)
SCRIPTS = ("manage.py", "fermon_site.asgi:application")
IN_USE = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
IN_USE_S = 2.0
# Files that SQLite creates beside a database in use, and leaves there after a crash.
COMPANIONS = ("-wal", "-shm", "-journal")


class RestoreError(Exception):
    """Nothing was changed; the message gives the reason and the remedy."""


@dataclass(frozen=True, slots=True)
class CheckedBackup:
    """A sound backup: a summary of the contents, and whether the tables are those of an older Fermon."""

    path: Path
    summary: str
    is_older: bool


def find_backup(name: str) -> Path:
    """Return the backup with that name; ``latest`` is the newest in the data directory.

    Raises:
        RestoreError: the file does not exist, or is the database itself.
        BackupError: the database is not SQLite.
    """
    database = database_path()
    if name == "latest":
        found = backups.list_backups()
        if not found:
            raise RestoreError(f"There is no backup in {backups.backup_directory()}.")
        require_known_latest(found[-1])
        return found[0]
    path = Path(name)
    if not path.is_file():
        raise RestoreError(f"There is no file {path}. The backups are in {backups.backup_directory()}.")
    if database.exists() and path.samefile(database):
        raise RestoreError(f"{path} is the database itself, not a backup.")
    return path


def require_known_latest(oldest: Path) -> None:
    """Refuse to choose the latest backup if a clock that was ahead has dated backups in the future.

    Raises:
        RestoreError: the last backup of the list is dated in the future.
    """
    if backups.is_dated_ahead(oldest):
        raise RestoreError(
            f"Which backup is the latest can't be told: the clock was ahead when {oldest.name} was made, or"
            f" is behind now. Name one of those in {backups.backup_directory()} instead of 'latest'."
        )


def database_path() -> Path:
    """Return the path of the database, whether or not the file exists.

    Raises:
        RestoreError: the database is not a file; the message names the command to run instead.
    """
    if connection.vendor != "sqlite":
        raise RestoreError(
            "This database is not SQLite. Stop Fermon and restore it with its own tool:\n"
            f"  pg_restore --clean --if-exists --single-transaction {backups.server_options()} FILE.dump"
        )
    return Path(connection.settings_dict["NAME"])


def check_backup(path: Path) -> CheckedBackup:
    """Check that the file is a complete Fermon database that this version can read.

    Raises:
        RestoreError: the check failed.
    """
    wal = path.with_name(f"{path.name}-wal")
    if wal.exists() and wal.stat().st_size:
        raise RestoreError(
            f"{path} is no backup, but a database in use or not closed: part of it is in {wal.name}."
        )
    try:
        if flaw := backups.find_corruption(path):
            raise RestoreError(f"{path} is damaged: {flaw}. Take another backup.")
        with closing(backups.connect(path, "mode=ro&immutable=1")) as database:
            return describe(path, database)
    except sqlite3.Error as error:
        raise RestoreError(f"{path} can't be read as a database: {error}.") from error


def describe(path: Path, database: sqlite3.Connection) -> CheckedBackup:
    """Return a summary of the backup.

    Raises:
        RestoreError: the file is not of Fermon, or of a newer version.
    """
    if missing := backups.missing_tables(database):
        raise RestoreError(f"{path} is no backup of Fermon's: it lacks the tables {missing}.")
    applied = set(database.execute("SELECT app, name FROM django_migrations"))
    known = set(MigrationLoader(None).disk_migrations)
    if newer := sorted(name for app, name in applied - known if name > newest_migration(known, app)):
        raise RestoreError(f"{path} is of a newer Fermon ({newer[0]}): restore it with that one.")
    count, last = database.execute("SELECT count(*), max(timestamp) FROM measurements").fetchone()
    return CheckedBackup(
        path, f"{count} measurements, the newest of {last or 'never'}", bool(known - applied)
    )


def newest_migration(known: set[tuple[str, str]], app: str) -> str:
    """Return the newest migration of the app; for an app that no longer exists, a name that sorts last."""
    return max((name for label, name in known if label == app), default="~")


@contextmanager
def require_stopped() -> Iterator[None]:
    """Check that Fermon does not run on this data directory, and keep Fermon from starting.

    Raises:
        RestoreError: Fermon runs.
    """
    try:
        with FileLock(Path(settings.FERMON_DATA_DIR) / "start.lock", timeout=0):
            if by_hand := next(processes_without_launcher(), None):
                raise RestoreError(f"Fermon runs: {by_hand}. Stop it first.")
            if has_live_worker():
                raise RestoreError("A worker has just been at work. Stop it first; then wait 5 s.")
            yield
    except Timeout as error:
        raise RestoreError(f"Fermon runs on {settings.FERMON_DATA_DIR}. Stop it first.") from error


def processes_without_launcher() -> Iterator[str]:
    """Yield the servers and workers on this data directory that the launcher did not start."""
    ours = Path(settings.FERMON_DATA_DIR).resolve()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            words = process.cmdline()
            script = next((word for word in words if word.endswith(SCRIPTS)), None)
            role = next((word for word in words if word in RUNNING), None)
            if script and role and data_dir_of(process, script) == ours:
                yield f"{role}, process {process.pid}"


def data_dir_of(process: psutil.Process, script: str) -> Path:
    """Return the data directory of a process."""
    place = Path(process.cwd())
    named = process.environ().get("FERMON_DATA_DIR", "").strip()
    return (place / (named or Path(script).parent / "var")).resolve()


def has_live_worker() -> bool:
    """Return whether a worker on any host has just written a heartbeat to the database."""
    if not database_path().is_file():
        return False  # connecting would create the file
    try:
        beat = heartbeat(SIMULATOR)
    except DatabaseError:
        return False  # a broken database may be the reason for the restore
    finally:
        connections.close_all()
    return beat is not None and abs(datetime.now(UTC) - beat) < FRESH


def restore(backup: CheckedBackup) -> Path | None:
    """Replace the database by the backup; return where the previous one is kept, None if there was none.

    Call this within ``require_stopped``.

    Raises:
        RestoreError: the database is in use, or the disk is full; the database is unchanged.
        BackupError: the disk has too little space.
    """
    database = database_path()
    draft = database.with_name(f"{database.name}.restoring")
    try:
        backups.require_free_space(backup.path.stat().st_size, database.parent)
        copy_backup(backup.path, draft)
        kept = swap_in(database, draft)
    except OSError as error:
        raise RestoreError(f"Nothing was changed: the backup can't be put in place ({error}).") from error
    finally:
        draft.unlink(missing_ok=True)
    logger.info("database restored", extra={"backup": str(backup.path), "kept": str(kept or "")})
    return kept


def copy_backup(path: Path, draft: Path) -> None:
    """Copy the file and sync; if root restores, give the copy to the owner of the data directory."""
    shutil.copyfile(path, draft)
    with suppress(OSError, AttributeError):
        place = draft.parent.stat()
        os.chown(draft, place.st_uid, place.st_gid)
    with draft.open("r+b") as file:
        os.fsync(file.fileno())


def swap_in(database: Path, draft: Path) -> Path | None:
    """Move the draft to the database's path; return where the previous file is kept, if there was one."""
    kept = database.with_name(f"{database.name}.before-restore-{backups.utc_stamp()}")
    if database.is_file():
        merge_write_ahead_log(database)
    for ending in COMPANIONS:
        with suppress(FileNotFoundError):
            companion_path(database, ending).replace(companion_path(kept, ending))
    there = database.exists()
    if there:
        keep_previous(database, kept)
    try:
        draft.replace(database)
    except OSError:
        if there:
            kept.replace(database)  # does nothing if both names are the same file
            kept.unlink(missing_ok=True)
        raise
    sync_directory(database.parent)
    return kept if there else None


def companion_path(database: Path, ending: str) -> Path:
    """Return the path of one of SQLite's files beside the database."""
    return database.with_name(f"{database.name}{ending}")


def merge_write_ahead_log(database: Path) -> None:
    """Merge the write-ahead log into the file, which only the last user of a database can do.

    Raises:
        RestoreError: another program uses the database.
    """
    try:
        # Do not open an unreadable file for writing: SQLite would write the log into it.
        with closing(backups.connect(database, "mode=ro")) as looking:
            looking.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with closing(backups.connect(database)) as last_one:
            last_one.execute(f"PRAGMA busy_timeout={IN_USE_S * 1000:.0f}")
            last_one.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in IN_USE:
            raise RestoreError(f"{database} is in use by another program. Stop that first.") from error
        logger.warning("database can't be read; it is kept as it is", extra={"error": str(error)})


def keep_previous(database: Path, kept: Path) -> None:
    """Link the file to a second name before the exchange, so that a database exists at every moment."""
    try:
        os.link(database, kept)
    except OSError:  # a directory, or a file system without hard links
        database.replace(kept)
