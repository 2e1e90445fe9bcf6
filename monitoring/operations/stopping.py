"""Servers that are told to stop wait for open answers; those without an end have to be told, too."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable

STOPPING = frozenset({signal.SIGINT, signal.SIGTERM})


def when_told_to_stop(call: Callable[[], None]) -> None:
    """Call this in a thread once the process gets SIGINT or SIGTERM, whoever handles those.

    Only the main thread can arrange that; in others nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        _watch_wire(call)
    else:
        _add_handlers(call)


def _add_handlers(call: Callable[[], None]) -> None:
    """Under an event loop, which is told of signals by the wire: Python's own handlers are free."""

    def stop(number: int, frame: object) -> None:
        threading.Thread(target=call, name="stopping", daemon=True).start()

    for number in STOPPING:
        signal.signal(number, stop)


def _watch_wire(call: Callable[[], None]) -> None:
    """Without one: servers set handlers, and leave the wire."""
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
