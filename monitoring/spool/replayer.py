"""A thread that replays this process's dead letters as soon as the database is back.

It runs only while something waits. The scheduled task does the same once a minute, for whatever
a killed process has left behind.
"""

import logging
import random
import threading
import time
from collections.abc import Iterator

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connections

from monitoring.kernel import outages
from monitoring.spool.dead_letters import anything_waits
from monitoring.spool.replay import replay

logger = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0

_lock = threading.Lock()
_thread: threading.Thread | None = None


def wake_replayer() -> None:
    """Makes sure that the thread runs if anything waits; costs next to nothing otherwise."""
    global _thread
    if not settings.FERMON_BACKGROUND_REPLAY:
        return
    with _lock:
        if _thread is None and anything_waits():
            _thread = threading.Thread(target=replay_until_done, name="replayer", daemon=True)
            _thread.start()


def replayer_runs() -> bool:
    """Whether the thread is at work."""
    return _thread is not None


def replay_until_done() -> None:
    """Replays, with growing pauses after failures, until nothing waits."""
    global _thread
    try:
        for pause_s in pauses():
            time.sleep(pause_s)
            try_once()
            with _lock:  # whoever keeps a reading from here on starts another thread
                if not anything_waits():
                    _thread = None
                    return
    finally:
        with _lock:
            if _thread is threading.current_thread():  # it fails in a way that nobody foresaw
                _thread = None


def try_once() -> None:
    """One replay; a failure is an outage, and the next try comes."""
    try:
        replay()
        outages.storing.end()
    except (DatabaseError, OSError) as error:
        outages.storing.begin(error)
    finally:
        connections.close_all()


def pauses() -> Iterator[float]:
    """Doubling pauses, each between half and one and a half of its length, so that processes spread."""
    pause_s = FIRST_PAUSE_S
    while True:
        yield pause_s * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
