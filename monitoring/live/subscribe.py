"""Receive notices of new measurements from other processes, to reduce polling.

Listen through Redis if configured, else through PostgreSQL on a dedicated connection. On SQLite without
Redis there are no notices: polling SQLite costs almost nothing.
"""

import threading
from collections.abc import Callable, Generator
from contextlib import closing

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from monitoring.kernel.outages import Outage
from monitoring.kernel.redis_link import RedisAwayError, link_to
from monitoring.kernel.runtime import part
from monitoring.live.wakeups import CHANNEL

STOP_S = 0.25  # longest time until the thread sees a request to stop
LEAVE_S = 2.0  # stop waiting for the thread then: a connection attempt to a silent host may block it
RETRY_S = 1.0


def new_outage() -> Outage:
    """Return the outage of notices from other processes, which outlasts a listener."""
    return Outage(began="not told of what others store", ended="told again of what others store")


class Listener:
    """Call ``wake`` from a thread whenever there may be new measurements, from ``start`` to ``stop``."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self.wake = wake
        self._is_hearing = False
        self._is_stopped = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_hearing(self) -> bool:
        """Return whether the channel works now; if not, the caller has to poll."""
        return self._is_hearing

    def start(self) -> None:
        """Start the thread if Redis or PostgreSQL is configured. Call this method once."""
        if settings.REDIS_URL or connection.vendor == "postgresql":
            self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread; wait up to ``LEAVE_S`` seconds for the end."""
        self._is_stopped.set()
        if self._thread is not None:
            self._thread.join(LEAVE_S)

    def _run(self) -> None:
        while not self._is_stopped.is_set():
            try:
                self._hear()
            except (RedisAwayError, DatabaseError) as error:
                if isinstance(error, DatabaseError):  # the Redis link reports an outage of Redis
                    part(new_outage).begin(error)
                self._is_hearing = False
                self._is_stopped.wait(RETRY_S)
        self._is_hearing = False

    def _hear(self) -> None:
        with closing(heard()) as notices:
            for is_notice in notices:
                if not self._is_hearing:
                    part(new_outage).end()
                if is_notice or not self._is_hearing:  # on connecting, also wake for earlier changes
                    self._is_hearing = True
                    self.wake()
                if self._is_stopped.is_set():
                    return


def heard() -> Generator[bool, None, None]:
    """Yield True for each notice, and False on connecting and about every ``STOP_S`` s without one.

    The generator is endless.

    Raises:
        RedisAwayError, django.db.Error: the channel is unavailable.
    """
    link = link_to(settings.REDIS_URL)
    return link.heard(CHANNEL, within_s=STOP_S) if link else heard_by_postgresql()


def heard_by_postgresql() -> Generator[bool, None, None]:
    """Yield as ``heard`` does, from PostgreSQL, on a separate, unpooled connection that closes at the end."""
    parameters = connection.get_connection_params() | {"autocommit": True}
    with connection.wrap_database_errors, connection.Database.connect(**parameters) as own:  # type: ignore[attr-defined]
        own.execute(f"LISTEN {CHANNEL}")
        while True:
            yield False
            for _ in own.notifies(timeout=STOP_S):
                yield True
