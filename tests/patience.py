"""Deadlines of tests that also run beside others, on machines with few cores."""

import os


def stretched(seconds: float) -> float:
    """Return how long something may take now that takes this long at most on a machine of its own.

    Where more processes want to run than there are cores, each gets its share. Each worker of pytest-xdist
    counts as two, also where the machine tells no load.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT") or 0)
    running = max(os.getloadavg()[0], 2 * workers)
    return seconds * max(1.0, running / (os.cpu_count() or 1))
