"""Processes that write to SQLite take turns.

SQLite lets a process poll for its lock, with pauses of up to 100 ms: a process that writes again and again
leaves gaps that the others sleep through. Here a process that waits is the next one. The lock files order
processes that behave; SQLite's own lock is the one that protects, so nothing fails without a turn. The
package filelock opens and closes the file each time, at four hundred times the cost.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

POLL_S = 0.001
# A process that was stopped while waiting for its turn must not hold up the others for long.
LONGEST_S = 2.0


class WriterTurns:
    """The turn of one database file, for one thread of this process at a time.

    Two locks: a process waits for the turn while holding the place of the next one. A process that has just
    written finds that place taken.
    """

    def __init__(self, database: Path) -> None:
        self.database = database
        self._next = self._writer = -1
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._leave_parent)

    def _leave_parent(self) -> None:
        """In a forked process, close the parent's locks: they would outlive the parent otherwise."""
        for descriptor in (self._next, self._writer):
            if descriptor >= 0:
                os.close(descriptor)
        self._next = self._writer = -1

    @contextmanager
    def taken(self) -> Iterator[bool]:
        """Wait for the turn, at most LONGEST_S; yield whether this process has the turn."""
        has_turn = self._take(time.monotonic() + LONGEST_S)
        try:
            yield has_turn
        finally:
            if has_turn:
                fcntl.flock(self._writer, fcntl.LOCK_UN)

    def _take(self, end: float) -> bool:
        if not self._open() or not lock(self._next, end):
            return False
        try:
            return lock(self._writer, end)
        finally:
            fcntl.flock(self._next, fcntl.LOCK_UN)

    def _open(self) -> bool:
        """Open the lock files once; return whether there are any."""
        if fcntl is None:
            return False
        with suppress(OSError):
            if self._next < 0:
                self._next = open_lock(self.database, "next")
            if self._writer < 0:
                self._writer = open_lock(self.database, "writer")
        return self._writer >= 0


def open_lock(database: Path, name: str) -> int:
    """Open a lock file beside the database; return the descriptor.

    Raises:
        OSError: the directory takes no files.
    """
    path = database.with_name(f"{database.name}-{name}.lock")
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def lock(descriptor: int, end: float) -> bool:
    """Lock the file; return False if that was not possible until the time ``end`` of the monotonic clock."""
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= end:
                return False
            time.sleep(POLL_S)
        else:
            return True
