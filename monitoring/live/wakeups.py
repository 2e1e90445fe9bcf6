"""Wake the reader of new measurements at once, ahead of its next poll."""

import threading

# By this name processes tell one another. Whoever is woken for nothing looks once for nothing.
CHANNEL = "fermon_stored"

stored = threading.Event()  # set by this process's writers and whoever hears of others, cleared by its reader
