"""Run the child process within a limit, a few at a time, so that they take little memory."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from monitoring.kernel.runtime import part
from monitoring.notifications.channels.by_apprise.job import Job

ROOT = Path(__file__).resolve().parents[4]
CODE = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    " from monitoring.notifications.channels.by_apprise.child import main; main()"
)
MOST_CHILDREN = 3  # of some 35 MB each
TURN_S = 1.5
SLACK_S = 0.3  # the child ends itself at the limit
# The child gets these variables alone: no secret of Fermon, no proxy.
PASSED = ("PATH", "SSL_CERT_DIR", "SSL_CERT_FILE", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")


class BusyError(Exception):
    """All places for children are taken."""


class Children:
    """The places for children of this process."""

    def __init__(self) -> None:
        self.places = threading.BoundedSemaphore(MOST_CHILDREN)


def run(job: Job, *, allows_local: bool, limit_s: float) -> dict[str, Any] | None:
    """Return the child's result; None if it was ended at the limit or failed.

    Raises:
        BusyError: no child could be started soon enough.
    """
    places = part(Children).places
    if not places.acquire(timeout=TURN_S):
        raise BusyError
    try:
        return _run(asdict(job) | {"allows_local": allows_local, "limit_s": limit_s}, limit_s)
    finally:
        places.release()


def _run(order: dict[str, Any], limit_s: float) -> dict[str, Any] | None:
    try:
        done = subprocess.run(  # noqa: S603 - our own code; the order goes by stdin
            [sys.executable, "-I", "-c", CODE, str(ROOT)],
            input=json.dumps(order).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in PASSED if name in os.environ},
            timeout=limit_s + SLACK_S,
            check=False,
        )
        found: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return None
    return found
