"""Tells all processes that something was stored: theirs is to look, so a notice may be lost or come late.

By Redis where there is one, else by PostgreSQL. On SQLite nobody is told: to look costs next to nothing
there. A thread sends, so that no source waits for it; and behind the commit, in a transaction of its own:
a NOTIFY within a transaction makes all others that notify wait until its commit is on the disk.
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
    """Tells it once the caller's transaction is committed; not at all if it is rolled back."""
    transaction.on_commit(tell_now)


def tell_now() -> None:
    """Tells this process, and has the thread tell the others."""
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
    """Ends the thread; another one starts with the next notice."""
    with _lock:
        thread = _thread
        _is_stopped.set()
        _due.set()
    if thread is not None and thread.is_alive():
        thread.join()


def send_until_quiet() -> None:
    """Sends what is due, until nothing has been for a while."""
    try:
        while is_wanted():
            _due.clear()
            send()
            _is_stopped.wait(APART_S)
    finally:
        connection.close()


def is_wanted() -> bool:
    """Waits for the next notice; whether there is one."""
    global _thread
    _due.wait(LINGER_S)
    with _lock:  # whoever stores from here on starts another thread
        if _is_stopped.is_set() or not _due.is_set():
            _thread = None
            return False
        return True


def send() -> None:
    """Wakes whoever listens; failing that, they find out when they look again."""
    try:
        if link := link_to(settings.REDIS_URL):
            link.ask(lambda client: client.publish(CHANNEL, b""))
        else:
            notify()
    except (RedisAwayError, DatabaseError) as error:
        logger.debug("nobody was told: %s", error)
        connection.close()


def notify() -> None:
    """Sends by PostgreSQL, in a transaction of its own.

    Raises:
        django.db.Error: the database is away.
    """
    with connection.cursor() as cursor:
        cursor.execute(NOTIFY, [CHANNEL])
