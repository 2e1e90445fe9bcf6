"""Processes of their own beside the worker: detection, evaluation of alarms, notifications, collector.

A crash of one of them costs no reading and no scheduled job.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from django.conf import settings

from monitoring.kernel.stop_flag import clear_stop, request_stop, stop_requested
from monitoring.operations.parent_watchdog import LAUNCHER
from monitoring.operations.restarts import FIRST_PAUSE_S, STOP_S, next_pause_s
from monitoring.operations.stopping import STOPPING

logger = logging.getLogger(__name__)

LOOK_S = 0.1
DETECTION, ALARMS = ("detection", "run_detection"), ("alarms", "run_alarms")
NOTIFICATIONS = ("notifications", "run_notifications")
COLLECTOR = ("collector", "collect")


def run_until_signal(name: str, follow: Callable[[], None]) -> bool:
    """Call ``follow`` until SIGTERM or SIGINT, which request the stop. Return False if it failed.

    The main thread stays free for signals, which a wait for a database lock would delay. Work that
    does not end within STOP_S after the signal is abandoned; unsaved states are computed again.
    """
    clear_stop()
    for number in STOPPING:
        signal.signal(number, lambda *_: request_stop())
    failures: list[Exception] = []

    def work() -> None:
        try:
            follow()
        except Exception as error:  # the process ends, and the supervisor starts another
            logger.exception("%s failed", name)
            failures.append(error)

    logger.info("%s started", name)
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    while thread.is_alive() and not stop_requested():
        thread.join(LOOK_S)
    thread.join(STOP_S)
    if thread.is_alive():
        logger.warning("%s did not stop within %.0f s: unsaved states are computed again", name, STOP_S)
    logger.info("%s stopped", name)
    return not failures


class ChildProcess:
    """A child of the worker with a command of ``manage.py``, started again after each end.

    Call all methods in one thread. With ``is_wanted`` False, because systemd or Docker supervises
    the process, no method does anything.
    """

    def __init__(self, name: str, command: str, *, is_wanted: bool = True) -> None:
        self.name, self.command = name, command
        self.is_wanted = is_wanted
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._not_before = 0.0

    def ensure_running(self) -> None:
        """Start the process if none runs. After repeated failures the pause before a start grows."""
        if not self.is_wanted:
            return
        if self._process is not None and self._process.poll() is not None:
            self._note_end(self._process.returncode)
        if self._process is None and time.monotonic() >= self._not_before:
            self._process = start_process(self.command)
            self._started = time.monotonic()

    def terminate(self) -> None:
        """Ask the process to end; ``stop`` waits for that."""
        if self._process is not None:
            self._process.terminate()

    def stop(self, *, within_s: float = STOP_S) -> None:
        """End the process: in order within so many seconds, else by a kill."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(within_s)
        process.kill()
        process.wait()

    def _note_end(self, code: int) -> None:
        lasted_s = time.monotonic() - self._started
        self._pause_s = next_pause_s(self._pause_s, lasted_s=lasted_s)
        self._not_before = time.monotonic() + self._pause_s
        self._process = None
        details = {"code": code, "lasted_s": round(lasted_s)}
        logger.error("%s ended and is started again", self.name, extra=details)


class ChildOnDemand(ChildProcess):
    """A child that runs only while ``is_needed``, which is True or False from time to time."""

    is_needed = False

    def ensure_running(self) -> None:
        """Start the process if it is needed and does not run; ask it to end if it is not needed."""
        if self.is_needed:
            super().ensure_running()
        elif self._process is not None and self._process.poll() is None:
            self.terminate()
        else:
            self._process = None


def stop_all(children: Iterable[ChildProcess]) -> None:
    """End all processes at the same time, within STOP_S."""
    children = list(children)
    for child in children:
        child.terminate()
    deadline = time.monotonic() + STOP_S
    for child in children:
        child.stop(within_s=max(0.0, deadline - time.monotonic()))


def start_process(command: str) -> "subprocess.Popen[bytes]":
    """Start a command of ``manage.py``.

    The process ends with this one, even after a ``kill -9``. A session of its own lets Ctrl-C
    reach the worker alone, which then stops the process in order.
    """
    line = [sys.executable, str(settings.BASE_DIR / "manage.py"), command, "--skip-checks"]
    environment = os.environ | {LAUNCHER: str(os.getpid())}
    return subprocess.Popen(line, env=environment, start_new_session=True)  # noqa: S603
