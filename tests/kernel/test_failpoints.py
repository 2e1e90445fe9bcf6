"""Crash points: nothing unless asked for, then a kill -9 at the named point and visit."""

import os
import signal
import subprocess
import sys

import pytest

CODE = """
from monitoring.kernel.failpoints import failpoint
for _ in range(3):
    failpoint("other")
    failpoint("here")
    print("passed", flush=True)
"""


@pytest.mark.parametrize(
    ("asked_for", "passed", "code"),
    [("", 3, 0), ("elsewhere", 3, 0), ("here", 0, -signal.SIGKILL), ("here:3", 2, -signal.SIGKILL)],
)
def test_the_process_dies_where_it_was_asked_to(asked_for: str, passed: int, code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env=os.environ | {"FERMON_CRASH_AT": asked_for},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.count("passed") == passed
    assert done.returncode == code
    assert ("killed at crash point here" in done.stderr) == bool(code)
