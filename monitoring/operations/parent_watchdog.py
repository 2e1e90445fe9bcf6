"""No process outlives the one that it works for, not even after a ``kill -9``."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.util import register_after_fork

import psutil

LAUNCHER = "FERMON_LAUNCHER_PID"
LOOK_S = 0.5


def was_launched() -> bool:
    """Whether ``start.sh`` runs this process, and tells the user what there is to tell."""
    return LAUNCHER in os.environ


def end_with_launcher() -> None:
    """Ends this process as SIGTERM does, once the one that launched it is gone.

    ``start.sh`` says by an environment variable which process that is; a server under runserver's
    reloader is launched by the reloader.
    """
    launcher = os.environ.get(LAUNCHER, "")
    if os.environ.get("RUN_MAIN") == "true":
        launcher = str(os.getppid())
    if launcher.isdecimal():
        _watch(lambda: _end_after(int(launcher)))


def end_with_server() -> None:
    """Ends this process, one of several of a server, as SIGTERM does once the server's main one is gone.

    And has the main one end once what launched it is gone: it does not look after that itself.
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
    """Makes each process that multiprocessing forks from now on, and theirs, end with its parent.

    The direct children also leave this process's group: Ctrl-C in a terminal, or a signal to the
    whole group, reaches this process alone, which then stops its children in order.
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
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(other)
        # Dead but not yet collected by its own parent is gone too; psutil's wait() does not think so.
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(LOOK_S)
    with suppress(ProcessLookupError):
        os.kill(then or os.getpid(), signal.SIGTERM)


def _watch(until_the_end: Callable[[], None]) -> None:
    threading.Thread(target=until_the_end, daemon=True, name="lifeline").start()
