"""A thread that stores the spooled readings of this process as soon as the database is back.

The thread runs only while readings wait. A scheduled task does the same once a minute, for the readings of
killed processes.
"""

import logging
import random
import threading
from collections.abc import Iterator

from django.db import Error as DatabaseError
from django.db import connections

from monitoring.kernel.outages import outages
from monitoring.kernel.runtime import part
from monitoring.spool.replay import replay
from monitoring.spool.spool_files import anything_waits

logger = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0


class SpoolReplayer:
    """Replays the spool of this process in a thread."""

    def __init__(self) -> None:
        self._is_stopped = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Return whether the thread works."""
        return self._thread is not None

    def start(self) -> None:
        """Start the thread if readings wait and no thread runs."""
        with self._lock:
            if self._thread is None and not self._is_stopped.is_set() and anything_waits():
                self._thread = threading.Thread(target=self._run, name="replayer", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread, and wait until a replay that has begun is over; start none any more."""
        with self._lock:
            self._is_stopped.set()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        """Replay, with growing pauses after failures, until no reading waits."""
        try:
            for pause_s in pauses():
                if self._is_stopped.wait(pause_s):
                    return
                try_once()
                with self._lock:  # a reading that is saved from here on starts another thread
                    if not anything_waits():
                        self._thread = None
                        return
        finally:
            with self._lock:
                if self._thread is threading.current_thread():  # an unforeseen error ended the loop
                    self._thread = None


def replayer() -> SpoolReplayer:
    """Return the replayer of this process."""
    return part(SpoolReplayer)


def try_once() -> None:
    """Replay once; a failure begins or continues the outage."""
    try:
        replay()
        outages().storing.end()
    except (DatabaseError, OSError) as error:
        outages().storing.begin(error)
    finally:
        connections.close_all()


def pauses() -> Iterator[float]:
    """Yield doubling pauses in seconds, each times a random 0.5 to 1.5, so that processes spread."""
    pause_s = FIRST_PAUSE_S
    while True:
        yield pause_s * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
