"""Names shared by the modules that wake the reader of new measurements ahead of the next poll."""

import threading

from monitoring.kernel.runtime import part

# Channel of Redis or PostgreSQL for notices between processes. A spurious wake-up costs one empty poll.
CHANNEL = "fermon_stored"


class Wakeup(threading.Event):
    """New rows may be stored: set by this process's writers and listener, cleared by the feed."""


def wakeup() -> Wakeup:
    """Return the event of this process."""
    return part(Wakeup)
