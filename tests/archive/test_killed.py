"""An archive run or a thaw that ends at any of its steps loses nothing and doubles nothing."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction

from monitoring.ingest import thaw
from monitoring.storage.archiving import due, moving
from monitoring.storage.archiving.verifying import verify
from tests.archive.plant import (
    DAY,
    NOW,
    archive,
    everything,
    hourly,
    live_files,
    reading,
    send,
    without_pauses,
)

ROOT = Path(moving.__file__).parents[2]
MIDNIGHT = NOW.replace(hour=0)
LATE = [reading(MIDNIGHT - 4 * DAY + timedelta(hours=5, seconds=1), 44.0)]

pytestmark = pytest.mark.django_db


class KilledError(BaseException):
    """Ends a step as a kill does: nothing runs on, and the database rolls the transaction back."""


@pytest.fixture(autouse=True)
def at_once(monkeypatch) -> None:
    without_pauses(monkeypatch, CHUNK=10, GROUP_ROWS=20)


def points(*files: str) -> set[str]:
    """The crash points in these files of the source."""
    return {
        name for file in files for name in re.findall(r'failpoint\("([\w.]+)"\)', (ROOT / file).read_text())
    }


@pytest.fixture
def kill_at(monkeypatch):
    """Arms a crash point, for its nth pass."""

    def arm(name: str, nth: int) -> list[str]:
        passes: list[str] = []

        def pass_by(passed: str) -> None:
            passes.extend([passed] if passed == name else [])
            if passed == name and len(passes) == nth:
                raise KilledError

        monkeypatch.setattr(moving, "failpoint", pass_by)
        monkeypatch.setattr(thaw, "failpoint", pass_by)
        return passes

    return arm


def killed(act: Callable[[], object]) -> None:
    with pytest.raises(KilledError), transaction.atomic():
        act()


def faults() -> list[str]:
    return [f"{found.place}: {fault}" for found in verify([]) for fault in found.faults]


ARCHIVING = points("storage/archiving/moving.py")
THAWING = points("ingest/thaw.py")


def test_every_step_is_among_them() -> None:
    assert {
        "archive.file_written",
        "archive.chunk_deleted",
        "archive.chunk_moved",
        "archive.moved",
    } == ARCHIVING
    assert {"archive.thawing"} == THAWING


@pytest.mark.parametrize(("nth", "file_rows", "files"), [(1, 1_000, 5), (4, 30, 9)])
@pytest.mark.parametrize("name", sorted(ARCHIVING))
def test_a_run_that_is_killed_goes_on(name, nth, file_rows, files, kill_at, monkeypatch) -> None:
    monkeypatch.setattr(due, "FILE_ROWS", file_rows)
    send(hourly(7))
    undisturbed = everything()
    kill_at(name, nth)
    with pytest.raises(KilledError):
        archive(2)
    assert everything() == undisturbed
    assert faults() == []
    archive(2)
    assert everything() == undisturbed
    assert faults() == []
    assert len(live_files()) == files
    assert all(file.moved_until == file.end for file in live_files())


def test_a_late_reading_between_the_kill_and_the_next_run(kill_at) -> None:
    send(hourly(7))
    with transaction.atomic():
        send(LATE)
        expected = everything()
        transaction.set_rollback(True)
    kill_at("archive.chunk_moved", 18)  # in the middle of the day of the reading
    with pytest.raises(KilledError):
        archive(2)
    assert live_files()[-1].start == MIDNIGHT - 4 * DAY < live_files()[-1].moved_until
    send(LATE)
    assert everything() == expected
    archive(2)
    assert everything() == expected
    assert faults() == []


def test_a_thaw_that_is_killed_leaves_the_day_archived(kill_at) -> None:
    send(hourly(7))
    archive(2)
    before = everything()
    kill_at("archive.thawing", 1)
    killed(lambda: send(LATE))
    assert everything() == before
    assert len(live_files()) == 5
    kill_at("nowhere", 1)
    send(LATE)
    assert faults() == []
