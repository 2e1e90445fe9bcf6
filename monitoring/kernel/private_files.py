"""Restrict the data directory to the user of the process: mode 0700 for directories, 0600 for files.

Fermon owns the data directory, but changes only files that Fermon makes, in case the directory holds others.
Files of other users and symbolic links stay as they are. Do nothing on Windows, where the user's profile
governs access.
"""

import glob
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

UMASK = 0o077
NAMES = (
    *(
        "fermon.sqlite3*",
        "secret_key*",
        "push_key.pem*",
        "source_key*",
        "opcua_key.pem*",
        "sparkplug_births_*",
    ),
    *("running.json", "*.lock"),
    *("archive", "backups", "dead_letters", "imports", "logs", "single_sign_on", "static", "staticfiles"),
)
HAS_MODES = os.name == "posix"


def begin_private() -> None:
    """Make all files that this process creates from now on readable by the same user alone."""
    if HAS_MODES:
        os.umask(UMASK)


def mend(data_dir: Path, database: Path | None = None) -> int:
    """Remove the access of other users to Fermon's files; return how many files changed.

    ``database`` is a SQLite file outside the data directory; the parent directory stays as it is. Skip files
    that can't be changed: Fermon may run as a user other than the owner.
    """
    if not HAS_MODES:
        return 0
    found = [data_dir] if not is_shared(data_dir) else []
    found += [below for name in NAMES for path in data_dir.glob(name) for below in all_of(path)]
    if database is not None:
        found += database.parent.glob(f"{glob.escape(database.name)}*")
    return sum(map(close_to_others, found))


def is_shared(directory: Path) -> bool:
    """Return whether the directory has the sticky bit, as /tmp has, and so belongs to several users."""
    with suppress(OSError):
        return bool(directory.stat().st_mode & stat.S_ISVTX)
    return True


def all_of(path: Path) -> Iterator[Path]:
    """Yield the path and, below a directory that is not a link, all paths."""
    yield path
    if path.is_dir() and not path.is_symlink():
        for place, directories, files in os.walk(path):
            yield from (Path(place, name) for name in directories + files)


def close_to_others(path: Path) -> bool:
    """Remove the access of other users to a file of this user; return whether the mode changed."""
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
