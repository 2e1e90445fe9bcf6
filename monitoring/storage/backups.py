"""Copies of the live database: made whole, checked, and only then given their name; the newest are kept.

The copy is SQLite's online backup of one snapshot: a read transaction, held until the end. In WAL
mode that stops no writer. Tried with 580 MB, against a writer that syncs 5 commits a second:
without the held transaction every commit makes the backup begin anew, and in 30 s it never came
past 18 %; in one step it is done in 0.6 s, but the sync at its end held a commit up for 76 ms,
``VACUUM INTO`` for 58 ms, and neither can be stopped. So it goes in steps of 4 MB with a sync and
a short pause after each: 1.8 s, and the slowest commit took 2 ms. Four writers that do all they
can, 3700 commits a second, come to 60 % meanwhile (70 % in one step), and the log grows by 170 MB,
as it can't be reused while it is read from.
"""

import logging
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection
from filelock import FileLock, Timeout

from monitoring.kernel.durability import sync_directory

logger = logging.getLogger(__name__)

NAME = re.compile(r"fermon-(\d{8}T\d{6}Z)\.sqlite3")
STAMP = "%Y%m%dT%H%M%SZ"
# A name that is further ahead than this is of a clock that was ahead.
AHEAD = timedelta(days=1)
PAGES_A_STEP = 1000
PAUSE_S = 0.005
BUSY_S = 20.0


class BackupError(Exception):
    """No backup was made, and none was deleted; the message says why."""


class BackupRunningError(BackupError):
    """Another process is making one."""


class NotSQLiteError(BackupError):
    """The database has a server, whose own tools make backups."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made: its size in bytes, and how long it took in seconds."""

    path: Path
    size: int
    seconds: float


def back_up(
    to: Path | None = None, *, keep: int | None = None, should_stop: Callable[[], bool] = lambda: False
) -> Backup:
    """Copies the database as it is when this begins, while it is in use.

    Without ``to``, a file or a directory, the copy goes to the data directory, where it takes the
    place of the oldest when there are more than ``FERMON_BACKUPS_KEPT``; in another directory, when
    there are more than ``keep``.

    Raises:
        BackupError: there is none; what there was of it is gone again.
    """
    source = database_file()
    began = time.monotonic()
    try:
        with only_one():
            target = named(to)
            refuse_without_room(source.stat().st_size, target.parent)
            write(source, target, should_stop)
            kept = settings.FERMON_BACKUPS_KEPT if to is None else keep
            if kept is not None:
                rotate(target, kept)
            return Backup(target, target.stat().st_size, round(time.monotonic() - began, 3))
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"The backup could not be made: {error}. Earlier ones are untouched.") from error


def database_file() -> Path:
    """The live database.

    Raises:
        NotSQLiteError: it is no file; the message says what to run instead.
        BackupError: it is not there.
    """
    if connection.vendor != "sqlite":
        raise NotSQLiteError(f"This database is not SQLite. Back it up with its own tool:\n  {pg_dump()}")
    path = Path(connection.settings_dict["NAME"])
    if not path.is_file():
        raise BackupError(f"There is no database at {path}. Is 'manage.py migrate' done?")
    return path


def pg_dump() -> str:
    """The command that backs up the PostgreSQL database of the settings; it asks for the password."""
    return f"pg_dump --format=custom --file=fermon-{stamp()}.dump {server_options()}"


def server_options() -> str:
    """Where PostgreSQL's tools find the database: the end of their command line."""
    options = {"host": "HOST", "port": "PORT", "username": "USER", "dbname": "NAME"}
    given = {option: connection.settings_dict.get(key) for option, key in options.items()}
    return " ".join(f"--{option}={value}" for option, value in given.items() if value)


def stamp() -> str:
    """Now, in UTC, as file names have it."""
    return f"{datetime.now(UTC):{STAMP}}"


def directory() -> Path:
    """Where the backups lie."""
    return Path(settings.FERMON_DATA_DIR) / "backups"


def existing(place: Path | None = None) -> list[Path]:
    """The backups there, newest first; those whose names lie in the future last.

    A clock that was ahead named them: by their names they would be the newest for as long as it was ahead.
    """
    found = [path for path in (place or directory()).glob("fermon-*.sqlite3") if NAME.fullmatch(path.name)]
    return sorted(found, key=lambda path: (not is_ahead(path), path.name), reverse=True)


def is_ahead(path: Path) -> bool:
    """Whether the backup's name lies in the future."""
    found = NAME.fullmatch(path.name)
    return found is not None and found[1] > f"{datetime.now(UTC) + AHEAD:{STAMP}}"


@contextmanager
def only_one() -> Iterator[None]:
    """Keeps others from making a backup meanwhile, and clears away what a killed one left.

    Raises:
        BackupRunningError: another process is at it.
        OSError: the directory can't be made or written.
    """
    place = directory()
    place.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(place / "backup.lock", timeout=0):
            for left in place.glob("*.part*"):
                left.unlink()
            yield
    except Timeout as error:
        raise BackupRunningError("Another backup is being made right now.") from error


def named(to: Path | None) -> Path:
    """The file to write.

    Raises:
        BackupError: it exists already, or its directory does not.
    """
    name = f"fermon-{stamp()}.sqlite3"
    if to is None:
        return directory() / name
    target = to / name if to.is_dir() else to
    if target.exists():
        raise BackupError(f"{target} exists already. Choose another name.")
    if not target.parent.is_dir():
        raise BackupError(f"{target.parent} is no directory. Make it first.")
    return target


def refuse_without_room(size: int, place: Path) -> None:
    """Raises BackupError if a copy of so many bytes left too little for the live database to grow."""
    free, needed = shutil.disk_usage(place).free, size + settings.FERMON_DISK_RESERVE_BYTES
    if free < needed:
        raise BackupError(
            f"The disk is too full: {place} has {free / 1e6:.1f} MB free, and {needed / 1e6:.1f} MB are"
            " needed. Make room, or choose a directory on another disk."
        )


def write(source: Path, target: Path, should_stop: Callable[[], bool]) -> None:
    """Copies under a temporary name, checks, and renames. On failure nothing of it stays."""
    draft = target.with_name(f"{target.name}.part")
    try:
        draft.touch(mode=0o600)  # it holds password hashes and tokens
        copy(source, draft, should_stop)
        if flaw := flaw_of(draft):
            raise BackupError(f"The copy of {source} is damaged, so the database may be: {flaw}.")
        draft.replace(target)
        sync_directory(target.parent)
    finally:
        draft.unlink(missing_ok=True)


def copy(source: Path, draft: Path, should_stop: Callable[[], bool]) -> None:
    """Copies one snapshot of the source into the draft, synced.

    Raises:
        BackupError: it was asked to stop.
    """

    def after_step(status: int, remaining: int, total: int) -> None:
        os.fsync(file.fileno())
        if should_stop():
            raise BackupError("The backup was broken off, as Fermon stops.")
        time.sleep(PAUSE_S if remaining else 0)

    with draft.open("r+b") as file:
        with closing(connect(source)) as live, closing(connect(draft)) as copied:
            copied.execute("PRAGMA journal_mode=OFF")
            copied.execute("PRAGMA synchronous=OFF")
            live.execute("BEGIN")
            live.execute("SELECT count(*) FROM sqlite_master").fetchone()  # here the snapshot is taken
            live.backup(copied, pages=PAGES_A_STEP, progress=after_step)
            copied.execute("PRAGMA journal_mode=DELETE")  # a file that is complete by itself
        os.fsync(file.fileno())


def connect(path: Path, mode: str = "mode=rw") -> sqlite3.Connection:
    """A connection of our own to a file that exists; never makes one."""
    uri = f"{path.absolute().as_uri()}?{mode}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)


def flaw_of(path: Path) -> str | None:
    """What SQLite finds wrong with the file, the first of it; None if it is sound.

    Raises:
        sqlite3.Error: it can't even be checked.
    """
    with closing(connect(path, "mode=ro&immutable=1")) as database:
        found = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
    return None if found == "ok" else found


def rotate(newest: Path, kept: int) -> None:
    """Deletes the oldest beside the newest beyond so many; never the newest, whatever the clock did."""
    others = [path for path in existing(newest.parent) if path != newest]
    for path in others[kept - 1 :]:
        try:
            path.unlink()
        except OSError as error:
            logger.warning("old backup can't be deleted", extra={"path": str(path), "error": str(error)})
