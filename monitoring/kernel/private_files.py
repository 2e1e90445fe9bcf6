"""Keeps the data directory to the user whom Fermon runs as: 0700 for directories, 0600 for files.

Fermon owns its data directory. Within it, only what Fermon makes is touched, in case the directory
holds other things; files of other users and symbolic links are left alone. On Windows, where access
is a matter of the user's profile, nothing is done.
"""

import glob
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

UMASK = 0o077
NAMES = (
    *("fermon.sqlite3*", "secret_key*", "running.json", "*.lock"),
    *("backups", "dead_letters", "logs", "static", "staticfiles"),
)
HAS_MODES = os.name == "posix"


def begin_private() -> None:
    """Make all that this process creates from now on readable by its own user alone."""
    if HAS_MODES:
        os.umask(UMASK)


def mend(data_dir: Path, database: Path | None = None) -> int:
    """Take away what others may do with Fermon's files; return how many changed.

    ``database`` is a SQLite file that may lie elsewhere; its directory stays as it is. What can't be changed
    is left: Fermon may run as a user who is not the owner.
    """
    if not HAS_MODES:
        return 0
    found = [data_dir] if not is_shared(data_dir) else []
    found += [below for name in NAMES for path in data_dir.glob(name) for below in all_of(path)]
    if database is not None:
        found += database.parent.glob(f"{glob.escape(database.name)}*")
    return sum(map(close_to_others, found))


def is_shared(directory: Path) -> bool:
    """Whether the directory is for several users by its sticky bit, as /tmp is."""
    with suppress(OSError):
        return bool(directory.stat().st_mode & stat.S_ISVTX)
    return True


def all_of(path: Path) -> Iterator[Path]:
    """Return the path and, of a directory that is no link, all below it."""
    yield path
    if path.is_dir() and not path.is_symlink():
        for place, directories, files in os.walk(path):
            yield from (Path(place, name) for name in directories + files)


def close_to_others(path: Path) -> bool:
    """Take away what others may do with a file of this user; return whether that changed."""
    with suppress(OSError):
        found = path.lstat()
        is_ours = found.st_uid == os.geteuid() and stat.S_IFMT(found.st_mode) in (stat.S_IFREG, stat.S_IFDIR)
        if not is_ours or not found.st_mode & UMASK:
            return False
        # By a descriptor: the name may have become a link meanwhile.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            os.fchmod(descriptor, stat.S_IMODE(found.st_mode) & ~UMASK)
        finally:
            os.close(descriptor)
        return True
    return False
