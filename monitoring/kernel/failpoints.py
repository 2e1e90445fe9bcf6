"""Named points at which a test kills the process, to prove that no data is lost there.

``FERMON_CRASH_AT=ingest.before_commit`` kills the process at that point, as ``kill -9`` does;
``ingest.before_commit:3`` at the third pass. Without the variable, which is set in tests only, a point
costs one comparison.
"""

import os
import signal

from monitoring.kernel.runtime import InheritedByForks, part

SETTING = os.environ.get("FERMON_CRASH_AT", "")
ARMED_NAME = SETTING.partition(":")[0]


class Failpoint(InheritedByForks):
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


def armed_failpoint() -> Failpoint:
    """Return the point of ``FERMON_CRASH_AT``."""
    return Failpoint(SETTING)


def failpoint(name: str) -> None:
    """Kill this process if it was started to die at this point."""
    if ARMED_NAME and name == ARMED_NAME:
        part(armed_failpoint).pass_by()
