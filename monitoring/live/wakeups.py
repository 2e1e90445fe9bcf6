"""Names shared by the modules that wake the reader of new measurements ahead of the next poll."""

import threading

# Channel of Redis or PostgreSQL for notices between processes. A spurious wake-up costs one empty poll.
CHANNEL = "fermon_stored"

stored = threading.Event()  # set by this process's writers and listener, cleared by the feed
