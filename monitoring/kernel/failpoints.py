"""Named points at which a test kills the process, to prove that no data is lost there.

``FERMON_CRASH_AT=ingest.before_commit`` kills the process at that point, as ``kill -9`` does;
``ingest.before_commit:3`` at the third pass. Without the variable, which is set in tests only, a point
costs one comparison.
"""

import os
import signal


class Failpoint:
    """The point at which this process dies: a name and the number of passes left; no name disables it."""

    def __init__(self, setting: str) -> None:
        self.name, _, passes = setting.partition(":")
        self.passes_left = int(passes or 1)

    def pass_by(self) -> None:
        """Count a pass; kill this process at the last one."""
        self.passes_left -= 1
        if self.passes_left <= 0:
            os.write(2, f"killed at crash point {self.name}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)


_armed = Failpoint(os.environ.get("FERMON_CRASH_AT", ""))
_ARMED_NAME = _armed.name


def failpoint(name: str) -> None:
    """Kill this process if it was started to die at this point."""
    if _ARMED_NAME and name == _ARMED_NAME:
        _armed.pass_by()
