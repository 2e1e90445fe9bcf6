"""The process of detection, and the supervision of that process by the worker.

A crash of detection costs no reading and no scheduled job.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

from django.conf import settings

from monitoring.detection import follower
from monitoring.kernel.stop_flag import clear_stop, request_stop, stop_requested
from monitoring.operations.parent_watchdog import LAUNCHER
from monitoring.operations.restarts import FIRST_PAUSE_S, STOP_S, next_pause_s
from monitoring.operations.stopping import STOPPING

logger = logging.getLogger(__name__)

LOOK_S = 0.1


def run_detection() -> bool:
    """Detect until SIGTERM or SIGINT. Return False if detection failed.

    The main thread stays free for signals, which a wait for a database lock would delay. Work that
    does not end within STOP_S after the signal is abandoned; unsaved states are computed again.
    """
    clear_stop()
    for number in STOPPING:
        signal.signal(number, lambda *_: request_stop())
    failures: list[Exception] = []

    def work() -> None:
        try:
            follower.run(should_stop=stop_requested)
        except Exception as error:  # the process ends, and the supervisor starts another
            logger.exception("detection failed")
            failures.append(error)

    logger.info("detection started")
    thread = threading.Thread(target=work, name="detection", daemon=True)
    thread.start()
    while thread.is_alive() and not stop_requested():
        thread.join(LOOK_S)
    thread.join(STOP_S)
    if thread.is_alive():
        logger.warning("detection did not stop within %.0f s: unsaved states are computed again", STOP_S)
    logger.info("detection stopped")
    return not failures


class DetectionProcess:
    """A child of the worker with ``manage.py run_detection``, started again after each end.

    Call all methods in one thread. With ``is_wanted`` False, because systemd or Docker supervises
    detection, no method does anything.
    """

    def __init__(self, *, is_wanted: bool = True) -> None:
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
            self._process = start_process()
            self._started = time.monotonic()

    def terminate(self) -> None:
        """Ask the process to end; ``stop`` waits for that."""
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """End the process: in order within STOP_S, else by a kill."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S)
        process.kill()
        process.wait()

    def _note_end(self, code: int) -> None:
        lasted_s = time.monotonic() - self._started
        self._pause_s = next_pause_s(self._pause_s, lasted_s=lasted_s)
        self._not_before = time.monotonic() + self._pause_s
        self._process = None
        details = {"code": code, "lasted_s": round(lasted_s)}
        logger.error("detection ended and is started again", extra=details)


def start_process() -> "subprocess.Popen[bytes]":
    """Start ``manage.py run_detection``.

    The process ends with this one, even after a ``kill -9``. A session of its own lets Ctrl-C
    reach the worker alone, which then stops the process in order.
    """
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "run_detection", "--skip-checks"]
    environment = os.environ | {LAUNCHER: str(os.getpid())}
    return subprocess.Popen(command, env=environment, start_new_session=True)  # noqa: S603
