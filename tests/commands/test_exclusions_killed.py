"""A process that is killed while measurements move leaves all of it right, and another goes on."""

import signal

import pytest

from tests.commands.conftest import LONG_S, System

BEGIN = """
from datetime import UTC, datetime, timedelta
from monitoring.ingest import exclusions, moving
from monitoring.ingest.pipeline import ingest_readings

moving.CHUNK = 100
start = datetime(2026, 1, 31, 23, 50, tzinfo=UTC)
times = [start + timedelta(seconds=second) for second in range(1_000)]
ingest_readings(
    [
        {"timestamp": time.isoformat(), "tag": "fermenter_temp", "value": 37 + place * 7 % 13 / 10}
        for place, time in enumerate(times)
    ]
)
choice = exclusions.choice_of_range("fermenter_temp", times[200], times[799])
made = exclusions.exclude(choice, reason="bath", by="eva", for_s=0 if REVOKES else 60)
if REVOKES:
    exclusions.go_on(made.pk, for_s=60)
    exclusions.revoke(made.pk, reason="no bath", by="eva")
"""
FINISH = """
from monitoring.ingest import exclusions
assert exclusions.finish_all(should_stop=lambda: False) == 1
"""
STATE = "SELECT taken, returned, is_complete, revoked_at IS NULL FROM exclusions"


@pytest.mark.parametrize(
    ("revokes", "dies_at", "left", "state", "left_at_last"),
    [
        (False, 1, 900, (100, 0, False, True), 400),
        (False, 4, 600, (400, 0, False, True), 400),
        (True, 9, 600, (600, 200, False, False), 1_000),
    ],
)
def test_killed_between_chunks_all_is_right_and_the_worker_finishes_it(
    system: System, revokes: bool, dies_at: int, left: int, state: tuple[int, ...], left_at_last: int
) -> None:
    system.migrate()
    script = BEGIN.replace("REVOKES", str(revokes))
    died = system.run("manage.py", "shell", "-c", script, FERMON_CRASH_AT=f"exclusions.chunk_moved:{dies_at}")
    assert died.end(LONG_S) == -signal.SIGKILL, died.text
    assert (system.count(), system.select(STATE)) == (left, state)
    check = system.run("manage.py", "rebuild_rollups", "--check")
    assert check.end(LONG_S) == 0, check.text
    assert system.run("manage.py", "shell", "-c", FINISH).end(LONG_S) == 0
    assert system.count() == left_at_last
    assert system.select("SELECT is_complete FROM exclusions") == (True,)
    check = system.run("manage.py", "rebuild_rollups", "--check")
    assert check.end(LONG_S) == 0, check.text
