"""What Fermon keeps is its own user's, also what an older Fermon has left open to others."""

import os
from pathlib import Path

import pytest

from monitoring.kernel import private_files
from monitoring.kernel.private_files import begin_private, mend

OPEN_FILES = (
    *("fermon.sqlite3", "fermon.sqlite3-wal", "fermon.sqlite3-shm", "fermon.sqlite3.before-restore-20260131"),
    *("secret_key", "running.json", "start.lock", "retention.lock"),
    *("backups/fermon-20260131T120000Z.sqlite3", "dead_letters/pending.jsonl", "logs/fermon.jsonl.1"),
    *("static/monitoring/chart.js", "staticfiles/admin/css/base.css"),
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")


def mode(path: Path) -> int:
    return path.lstat().st_mode & 0o777


@pytest.fixture
def opened(tmp_path: Path) -> Path:
    """A data directory as an older Fermon made it: everybody reads it."""
    place = tmp_path / "opened"
    for name in OPEN_FILES:
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        path.chmod(0o644)
    for path in (place, *(path for path in place.rglob("*") if path.is_dir())):
        path.chmod(0o755)
    return place


def test_all_that_was_open_is_closed_once(opened: Path) -> None:
    assert mend(opened) > len(OPEN_FILES)
    assert mode(opened) == 0o700
    for path in opened.rglob("*"):
        assert mode(path) == (0o700 if path.is_dir() else 0o600)
    assert mend(opened) == 0


def test_what_is_not_fermon_s_and_what_links_lead_to_stays(opened: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "below").mkdir(parents=True)
    outside.chmod(0o755)
    (outside / "below").chmod(0o755)
    (opened / "notes.txt").touch()
    (opened / "notes.txt").chmod(0o644)
    (opened / "logs/elsewhere").symlink_to(outside)
    (opened / "dead_letters/pending.jsonl").unlink()
    (opened / "dead_letters").rmdir()
    (opened / "dead_letters").symlink_to(outside)
    mend(opened)
    assert (mode(outside), mode(outside / "below")) == (0o755, 0o755)
    assert mode(opened / "notes.txt") == 0o644


def test_other_users_files_stay(opened: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
    assert mend(opened) == 0


def test_a_directory_of_all_users_stays_theirs(opened: Path) -> None:
    opened.chmod(0o1777)
    mend(opened)
    assert opened.stat().st_mode & 0o7777 == 0o1777
    assert mode(opened / "secret_key") == 0o600


def test_a_database_elsewhere_is_closed_and_its_directory_stays(opened: Path, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere"
    place.mkdir()
    place.chmod(0o755)
    for name in ("plant.db", "plant.db-wal", "other.db"):
        (place / name).touch()
        (place / name).chmod(0o644)
    mend(opened, place / "plant.db")
    assert [mode(place / name) for name in ("plant.db", "plant.db-wal", "other.db")] == [0o600, 0o600, 0o644]
    assert mode(place) == 0o755


def test_where_there_are_no_modes_nothing_is_done(opened: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_files, "HAS_MODES", False)
    begin_private()
    assert mend(opened) == 0
