"""A step of detection, for tests that need the events of the stored measurements."""

import time
from datetime import UTC, datetime

from monitoring.detection.detection_runner import DetectionRunner
from monitoring.detection.shards import WHOLE, read_rows
from monitoring.live.changes import newest_id

PAGE = 2_000


def detect() -> None:
    """Detect events in all stored measurements and save the states, as ``manage.py run_detection`` does.

    The clock is not looked at: no reading counts as missing because of the time at which a test runs.
    """
    now = datetime.now(UTC)
    runner = DetectionRunner.begin("a test", now=now)
    assert runner is not None, "another process detects"
    runner.refresh()
    while runner.position < newest_id():
        rows, end = read_rows(WHOLE, after=runner.position, upto=newest_id(), limit=PAGE)
        runner.update(rows, end, now=now)
    runner.commit(now=now, is_caught_up=True)
    runner.close(now=now, until=time.monotonic() + 60)
