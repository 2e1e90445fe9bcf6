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

APART_S = 0.05  # what is stored within it is one notice
LINGER_S = 10.0
NOTIFY = "SELECT pg_notify(%s, '')"

_lock = threading.Lock()
_due = threading.Event()
_is_stopped = threading.Event()
_thread: threading.Thread | None = None


def tell(**kwargs: object) -> None:
    """Send a notice once the caller's transaction is committed; none if it is rolled back."""
    transaction.on_commit(tell_now)


def tell_now() -> None:
    """Wake this process, and have the thread notify the others."""
    global _thread
    stored.set()
    if connection.vendor == "sqlite" and not settings.REDIS_URL:
        return
    with _lock:
        _due.set()
        if _thread is None or not _thread.is_alive():  # nor is it in a forked process
            _is_stopped.clear()
            _thread = threading.Thread(target=send_until_quiet, name="notices", daemon=True)
            _thread.start()


def stop() -> None:
    """End the thread; the next notice starts another one."""
    with _lock:
        thread = _thread
        _is_stopped.set()
        _due.set()
    if thread is not None and thread.is_alive():
        thread.join()


def send_until_quiet() -> None:
    """Send due notices until there have been none for a while."""
    try:
        while is_wanted():
            _due.clear()
            send()
            _is_stopped.wait(APART_S)
    finally:
        connection.close()


def is_wanted() -> bool:
    """Wait for the next notice; return whether there is one."""
    global _thread
    _due.wait(LINGER_S)
    with _lock:  # whoever stores from here on starts another thread
        if _is_stopped.is_set() or not _due.is_set():
            _thread = None
            return False
        return True


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
