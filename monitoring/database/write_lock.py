"""A lock for the writers on SQLite: the threads of a process, then the processes, take turns.

SQLite allows one writer at a time, but lets the others poll: after a few tries each sleeps for longer than
a write takes, and some starve. This lock serves writers in order: with ten thousand readings a second over
HTTP the slowest responses took a twelfth of the time.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import OperationalError, connection

from monitoring.database.turns import WriterTurns
from monitoring.kernel.runtime import part

LOCKED = "database is locked: others have been writing for too long"
# Longest wait for the lock of a tag on PostgreSQL, in a transaction that holds up several requests.
ROW_WAIT_MS = 250


def longest_wait_s() -> float:
    """Return SQLite's timeout for locks in seconds; 0 on other databases, where writers need not wait."""
    if connection.vendor != "sqlite":
        return 0.0
    return float(connection.settings_dict["OPTIONS"].get("timeout", 5))


def limit_row_wait() -> None:
    """On PostgreSQL, make the current transaction fail if a row stays locked for ``ROW_WAIT_MS``."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {ROW_WAIT_MS}")


def new_lock() -> threading.Lock:
    """Return the lock for the writers of this process."""
    return threading.Lock()


def writer_turns() -> WriterTurns:
    """Return the turns of this process among others."""
    return WriterTurns(Path(connection.settings_dict["NAME"]))


@contextmanager
def write_lock() -> Iterator[None]:
    """Keep other threads and processes from writing; do nothing on other databases than SQLite.

    Do nothing inside a transaction either: SQLite's own lock is already held then.

    Raises:
        OperationalError: the lock was not free within SQLite's timeout for locks.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    lock = part(new_lock)
    if not lock.acquire(timeout=longest_wait_s()):
        raise OperationalError(LOCKED)
    try:
        with part(writer_turns).taken():
            yield
    finally:
        lock.release()
