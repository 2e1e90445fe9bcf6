"""A flag that asks long tasks of the worker to stop.

The flag is in shared memory made before the cluster forks, by ``clear_stop``. So the cluster's main process
can set the flag and every task can read it. There is no lock: a process killed while reading can't keep one.
With spawned processes (Windows, macOS) a task does not see the flag, and ends with the run.
"""

import time
from collections.abc import Callable
from multiprocessing import RawValue

from monitoring.kernel.runtime import InheritedByForks, part

SLEEP_S = 0.1


class StopFlag(InheritedByForks):
    """The flag of a cluster, in memory that the cluster shares with the processes that are forked later."""

    def __init__(self) -> None:
        self.raised = RawValue("b", 0)


def request_stop() -> None:
    """Ask every long task of this cluster to end soon."""
    part(StopFlag).raised.value = 1


def clear_stop() -> None:
    """Withdraw the request, before a cluster starts."""
    part(StopFlag).raised.value = 0


def stop_requested() -> bool:
    """Return whether long tasks should end."""
    return bool(part(StopFlag).raised.value)


def interruptible_sleep(duration_s: float, should_stop: Callable[[], bool] = stop_requested) -> None:
    """Sleep for so long, or until ``should_stop`` returns True."""
    end = time.monotonic() + duration_s
    while (left := end - time.monotonic()) > 0 and not should_stop():
        time.sleep(min(left, SLEEP_S))
