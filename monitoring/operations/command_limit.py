"""Run a command that ends with its parent, even after a ``kill -9``, and after a time limit.

``python command_limit.py SECONDS DIRECTORY COMMAND...``: the parent holds the other end of standard input,
which the operating system closes when the parent ends. The command works in the directory. The parent removes
the directory; this process does so if the parent is gone. No Django import, for a start in milliseconds.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress

import psutil

TIMED_OUT = 124  # as coreutils' timeout


def main(limit_s: float, directory: str, command: list[str]) -> int:
    """Return the command's exit code, or ``TIMED_OUT``."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    orphaned = threading.Event()
    process = psutil.Popen(command, cwd=directory, stdin=subprocess.DEVNULL)
    threading.Thread(target=kill_with_parent, args=(process, orphaned), daemon=True).start()
    try:
        return int(process.wait(limit_s))
    except psutil.TimeoutExpired:
        return TIMED_OUT
    except KeyboardInterrupt:
        orphaned.set()  # the signal goes to the whole group
        raise
    finally:
        kill_family(process)
        if orphaned.is_set():
            shutil.rmtree(directory, ignore_errors=True)


def kill_with_parent(process: psutil.Process, orphaned: threading.Event) -> None:
    """Wait for the end of standard input, then kill the command."""
    while os.read(0, 1):  # not sys.stdin, whose lock a daemon thread holds when the interpreter ends
        pass
    orphaned.set()
    kill_family(process)


def kill_family(process: psutil.Process) -> None:
    """Kill the process and its descendants; do nothing if the process has ended."""
    with suppress(psutil.NoSuchProcess):
        for each in [*process.children(recursive=True), process]:
            with suppress(psutil.NoSuchProcess):
                each.kill()


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2], sys.argv[3:]))
