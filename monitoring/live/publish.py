"""Notify all processes of new measurements. Readers also poll, so a notice may be lost or late.

Send notices through Redis if configured, else through PostgreSQL. On SQLite without Redis, send none:
polling SQLite costs almost nothing. A thread sends the notices, so that sources do not wait. NOTIFY runs
after the commit, in a separate transaction: NOTIFY inside the writing transaction would block all other
notifying transactions until that commit is on disk.
"""

import logging
import threading

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection, transaction

from monitoring.kernel.redis_link import RedisAwayError, link_to
from monitoring.kernel.runtime import part
from monitoring.live.wakeups import CHANNEL, wakeup

logger = logging.getLogger(__name__)

APART_S = 0.05  # commits within this time share a notice
LINGER_S = 10.0
NOTIFY = "SELECT pg_notify(%s, '')"


class Publisher:
    """Send the notices of one process from a thread that starts on demand and ends when idle."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._due = threading.Event()
        self._is_stopped = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Return whether the thread runs; False in a process that was forked since the start."""
        return self._thread is not None and self._thread.is_alive()

    def publish_now(self) -> None:
        """Wake the reader of this process, and let the thread notify the other processes."""
        wakeup().set()
        if connection.vendor == "sqlite" and not settings.REDIS_URL:
            return
        with self._lock:
            self._due.set()
            if not self.is_running:
                self._is_stopped.clear()
                self._thread = threading.Thread(target=self._send_until_quiet, name="notices", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for the end. The next notice starts a new thread."""
        with self._lock:
            thread = self._thread
            self._is_stopped.set()
            self._due.set()
        if thread is not None and thread.is_alive():
            thread.join()

    def _send_until_quiet(self) -> None:
        try:
            while self._is_wanted():
                self._due.clear()
                send()
                self._is_stopped.wait(APART_S)
        finally:
            connection.close()

    def _is_wanted(self) -> bool:
        """Wait up to ``LINGER_S`` seconds for the next notice; return False if the thread is to end."""
        self._due.wait(LINGER_S)
        with self._lock:  # after this block, a notice starts a new thread
            if self._is_stopped.is_set() or not self._due.is_set():
                self._thread = None
                return False
            return True


def publisher() -> Publisher:
    """Return the publisher of this process."""
    return part(Publisher)


def publish(**kwargs: object) -> None:
    """Send a notice after the caller's transaction commits; send none after a rollback."""
    transaction.on_commit(publisher().publish_now)


def send() -> None:
    """Send one notice. On failure, log at debug level: listeners find the new rows by polling."""
    try:
        if link := link_to(settings.REDIS_URL):
            link.ask(lambda client: client.publish(CHANNEL, b""))
        else:
            notify()
    except (RedisAwayError, DatabaseError) as error:
        logger.debug("nobody was told: %s", error)
        connection.close()


def notify() -> None:
    """Send one notice through PostgreSQL, in a separate transaction.

    Raises:
        django.db.Error: the database is unavailable.
    """
    with connection.cursor() as cursor:
        cursor.execute(NOTIFY, [CHANNEL])
