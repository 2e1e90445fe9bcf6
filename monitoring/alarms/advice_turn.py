"""One advice at a time in a process: the work is long, and the other requests need the processor, too."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from monitoring.kernel.runtime import part


class AdviceBusyError(Exception):
    """Another advice is being worked out in this process."""


def new_advice_lock() -> threading.Lock:
    """Return the lock for the advice of this process."""
    return threading.Lock()


@contextmanager
def advice_turn() -> Iterator[None]:
    """Keep other threads of this process from working out advice.

    Raises:
        AdviceBusyError: another thread does so; nothing waits.
    """
    lock = part(new_advice_lock)
    if not lock.acquire(blocking=False):
        raise AdviceBusyError("Another advice is being worked out; try again in a few seconds")
    try:
        yield
    finally:
        lock.release()
