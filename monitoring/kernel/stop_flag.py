"""The worker's wish to stop, seen by tasks that run for long.

The flag lies in memory that is made before the cluster forks, so that the cluster's main process
can raise it and every task sees it. It has no lock: a process killed while it looks can't take
the lock with it. Where processes are spawned instead (Windows, macOS) a task does not see it, and
ends with its own run.
"""

import time
from collections.abc import Callable
from multiprocessing import RawValue

SLEEP_S = 0.1

_raised = RawValue("b", 0)


def request_stop() -> None:
    """Asks every long task of this cluster to end soon."""
    _raised.value = 1


def clear_stop() -> None:
    """Takes the request back, before a cluster is started."""
    _raised.value = 0


def stop_requested() -> bool:
    """Whether long tasks should end."""
    return bool(_raised.value)


def interruptible_sleep(duration_s: float, should_stop: Callable[[], bool] = stop_requested) -> None:
    """Sleep for so long, or until ``should_stop`` returns True."""
    end = time.monotonic() + duration_s
    while (left := end - time.monotonic()) > 0 and not should_stop():
        time.sleep(min(left, SLEEP_S))
