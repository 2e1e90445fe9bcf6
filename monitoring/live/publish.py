"""Notify all processes of new measurements. They poll anyway, so a notice may be lost or late.

By Redis if configured, else by PostgreSQL. On SQLite there are no notices: polling costs next to nothing
there. A thread sends them, so that no source waits, and after the commit, in a transaction of its own:
NOTIFY within a transaction makes all others that notify wait until its commit is on the disk.
"""

import logging
import threading

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection, transaction

from monitoring.kernel.redis_link import RedisAwayError, link_to
from monitoring.live.wakeups import CHANNEL, stored

logger = logging.getLogger(__name__)

APART_S = 0.05  # commits within this time share a notice
LINGER_S = 10.0
NOTIFY = "SELECT pg_notify(%s, '')"


class Publisher:
    """The notices of one process, and the thread that sends them while there are any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._due = threading.Event()
        self._is_stopped = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether the thread runs; not in a process that was forked meanwhile."""
        return self._thread is not None and self._thread.is_alive()

    def publish(self, **kwargs: object) -> None:
        """Send a notice once the caller's transaction is committed; none if it is rolled back."""
        transaction.on_commit(self.publish_now)

    def publish_now(self) -> None:
        """Wake this process, and have the thread notify the others."""
        stored.set()
        if connection.vendor == "sqlite" and not settings.REDIS_URL:
            return
        with self._lock:
            self._due.set()
            if not self.is_running:
                self._is_stopped.clear()
                self._thread = threading.Thread(target=self._send_until_quiet, name="notices", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread; the next notice starts another one."""
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
        """Wait for the next notice; return whether there is one."""
        self._due.wait(LINGER_S)
        with self._lock:  # a notice from here on starts another thread
            if self._is_stopped.is_set() or not self._due.is_set():
                self._thread = None
                return False
            return True


publisher = Publisher()


def send() -> None:
    """Wake the listeners; if that fails, they find the new rows when they poll."""
    try:
        if link := link_to(settings.REDIS_URL):
            link.ask(lambda client: client.publish(CHANNEL, b""))
        else:
            notify()
    except (RedisAwayError, DatabaseError) as error:
        logger.debug("nobody was told: %s", error)
        connection.close()


def notify() -> None:
    """Send by PostgreSQL, in a transaction of its own.

    Raises:
        django.db.Error: the database is away.
    """
    with connection.cursor() as cursor:
        cursor.execute(NOTIFY, [CHANNEL])
