"""End each process with the process that it works for, even after a ``kill -9``."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.util import register_after_fork

import psutil

LAUNCHER = "FERMON_LAUNCHER_PID"
POLL_S = 0.5
KILL_AFTER_S = 12  # server, worker and detection stop sooner


def was_launched() -> bool:
    """Return whether ``start.sh`` launched this process and prints the messages for the user."""
    return LAUNCHER in os.environ


def end_with_launcher() -> None:
    """Send this process SIGTERM once its launcher is gone.

    ``start.sh`` names itself in an environment variable; a server under runserver's reloader is launched by
    the reloader.
    """
    launcher = os.environ.get(LAUNCHER, "")
    if os.environ.get("RUN_MAIN") == "true":
        launcher = str(os.getppid())
    if launcher.isdecimal():
        _watch(lambda: _end_after(int(launcher)))


def end_with_server() -> None:
    """Send this server process SIGTERM once the server's main process is gone.

    Also send the main process SIGTERM once the launcher is gone: the main process itself watches nothing.
    """
    server = multiprocessing.parent_process()
    if server is None or server.pid is None:
        return
    main = server.pid
    _watch(lambda: _end_after(main))
    launcher = os.environ.get(LAUNCHER, "")
    if launcher.isdecimal():
        _watch(lambda: _end_after(int(launcher), then=main))


def end_forks_with_parent() -> None:
    """Make each process that multiprocessing forks from now on, and its descendants, end with its parent.

    The direct children also leave this process's group. So Ctrl-C in a terminal, or a signal to the whole
    group, reaches this process alone, which then stops the children in order.
    """
    leader = os.getpid()
    register_after_fork(_follow_parent, lambda follow_parent: follow_parent(leader))


def _follow_parent(leader: int) -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    if parent.pid == leader:
        os.setsid()

    def follow() -> None:
        parent.join()
        os._exit(1)

    _watch(follow)


def _end_after(other: int, *, then: int | None = None) -> None:
    ended = psutil.Process(then or os.getpid())
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(other)
        # A dead process that its own parent has not collected yet counts as gone; psutil's wait() differs.
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(POLL_S)
    with suppress(psutil.NoSuchProcess):
        ended.terminate()
        # A process that is just starting loses the signal to the handler that its parent had.
        time.sleep(KILL_AFTER_S)
        ended.kill()


def _watch(until_the_end: Callable[[], None]) -> None:
    threading.Thread(target=until_the_end, daemon=True, name="parent watchdog").start()
