"""Run a callback when the server receives a stop signal.

Servers wait for open answers before they end, so answers without an end need a notice to stop.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Callable

STOPPING = frozenset({signal.SIGINT, signal.SIGTERM})


def when_told_to_stop(call: Callable[[], None]) -> None:
    """Call this function in a thread once the process gets SIGINT or SIGTERM.

    Works whichever code handles those signals. Only the main thread can watch signals; elsewhere do nothing.
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
    """Set Python signal handlers, which an event loop does not use: the loop uses the wakeup descriptor."""

    def stop(number: int, frame: object) -> None:
        threading.Thread(target=call, name="stopping", daemon=True).start()

    for number in STOPPING:
        signal.signal(number, stop)


def _watch_wire(call: Callable[[], None]) -> None:
    """Watch the wakeup descriptor, which servers without an event loop do not use: they set handlers."""
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
