"""Every second exactly once, whatever is killed: the promise of the two commands together."""

import signal
from datetime import datetime, timedelta

import pytest

from monitoring.kernel.clock import from_micros

RANGES = {"fermenter_temp": (30, 50), "fermenter_ph": (5, 9), "agitator_rpm": (200, 700)}


@pytest.fixture
def after_two_kills(system, wait_until):
    """The server's answers, after the writing worker was killed, and later the whole cluster."""
    system.migrate()
    system.run("manage.py", "runserver", "--noreload")
    worker = system.run("manage.py", "qcluster")
    wait_until(lambda: system.count() >= 30)
    system.lease_holder().kill()
    system.wait_for_more()
    worker.send(signal.SIGKILL)
    worker.end()
    stored = system.count()
    system.run("manage.py", "qcluster")
    wait_until(lambda: system.count() >= stored + 30)
    return system


def test_no_second_is_missing_or_doubled(after_two_kills) -> None:
    ends = after_two_kills.select("SELECT min(timestamp), max(timestamp) FROM measurements")
    first, last = map(from_micros, ends)
    for tag, (lowest, highest) in RANGES.items():
        rows = after_two_kills.get(f"/data?tag={tag}&to={last:%Y-%m-%dT%H:%M:%SZ}&order=asc&limit=10000")
        times = [datetime.fromisoformat(row["timestamp"]) for row in rows]
        assert times == [first + timedelta(seconds=n) for n in range(len(times))]
        assert times[-1] == last
        assert all(lowest <= row["value"] <= highest for row in rows)
