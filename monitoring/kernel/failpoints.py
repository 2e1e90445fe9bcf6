"""Named points at which a test kills the process, to prove that nothing is lost there.

``FERMON_CRASH_AT=ingest.before_commit`` kills the process, as ``kill -9`` does, when it comes to
that point; ``ingest.before_commit:3`` when it comes there for the third time. Unset, as always
outside the tests, a point costs one comparison.
"""

import os
import signal

_NAME, _, _NTH = os.environ.get("FERMON_CRASH_AT", "").partition(":")
_left = int(_NTH or 1)


def crash_point(name: str) -> None:
    """Kills this process if it was started to die here."""
    if _NAME and name == _NAME:
        _die(name)


def _die(name: str) -> None:
    global _left
    _left -= 1
    if _left <= 0:
        os.write(2, f"killed at crash point {name}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)
