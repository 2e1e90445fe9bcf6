"""Servers that are told to stop wait for open answers; those without an end have to be told, too."""

import os
import signal
import threading
from collections.abc import Callable

STOPPING = frozenset({signal.SIGINT, signal.SIGTERM})


def when_told_to_stop(call: Callable[[], None]) -> None:
    """Calls this in a thread once the process gets SIGINT or SIGTERM, whoever handles those.

    Only the main thread can arrange that; under an event loop, which needs the same wire, nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    taken = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    if taken != -1:
        signal.set_wakeup_fd(taken)
        os.close(read_end)
        os.close(write_end)
        return

    def watch() -> None:
        while not STOPPING.intersection(os.read(read_end, 64)):
            pass
        call()

    threading.Thread(target=watch, name="stopping", daemon=True).start()
