"""The dead letters' store: on disk at once, bounded, and safe from half lines."""

import json
import os
from collections import namedtuple
from pathlib import Path

import pytest

from monitoring.spool import spool_files
from monitoring.spool.spool_files import SpoolFullError

GOOD = {"timestamp": "2026-01-31T12:00:00Z", "tag": "fermenter_temp", "value": 37.0}


@pytest.fixture
def pending() -> Path:
    return spool_files.directory() / "pending.jsonl"


def test_a_letter_is_a_line_with_when_and_from_whom_it_came(keep, pending: Path) -> None:
    keep(GOOD)
    line = json.loads(pending.read_text())
    assert (line["reading"], line["source"]) == (GOOD, "a test")
    assert spool_files.pending_since().isoformat() in line["kept_at"].replace("Z", "+00:00")


def test_each_is_synced_before_anybody_is_told(keep, monkeypatch, pending: Path) -> None:
    synced: list[int] = []
    monkeypatch.setattr("os.fsync", lambda descriptor: synced.append(pending.stat().st_size))
    keep(GOOD)
    assert synced[0] == pending.stat().st_size > 0


def test_lines_are_counted_without_reading_them_again(keep, pending: Path) -> None:
    assert spool_files.pending_count() == 0
    keep(GOOD, GOOD)
    assert spool_files.pending_count() == 2
    keep(GOOD)
    assert spool_files.pending_count() == 3
    pending.unlink()
    assert spool_files.pending_count() == 0
    assert spool_files.pending_since() is None


def test_a_new_file_is_counted_anew_though_it_has_the_number_of_an_old_one(keep, pending: Path) -> None:
    keep({"tag": "t" * 1000})
    assert spool_files.pending_count() == 1
    inode = pending.stat().st_ino
    os.truncate(pending, 0)
    keep(*[{}] * 20)
    assert pending.stat().st_ino == inode
    assert spool_files.pending_count() == 20


def test_a_torn_line_does_not_tear_the_next(keep, pending: Path) -> None:
    keep(GOOD)
    with pending.open("ab") as file:
        file.write(b'{"kept_at": "2026-01-3')
    keep(GOOD)
    assert [line.startswith("{") for line in pending.read_text().splitlines()] == [True, True, True]
    assert json.loads(pending.read_text().splitlines()[-1])["reading"] == GOOD


def test_a_write_that_fails_half_way_leaves_nothing_behind(keep, monkeypatch, pending: Path) -> None:
    keep(GOOD)
    before = pending.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SpoolFullError, match="No space left"):
        keep(GOOD)
    assert pending.read_bytes() == before


def test_beyond_its_size_nothing_more_is_taken(keep, settings, pending: Path) -> None:
    keep(GOOD)
    settings.FERMON_DEAD_LETTER_BYTES = pending.stat().st_size + 10
    with pytest.raises(SpoolFullError, match="FERMON_DEAD_LETTER_BYTES"):
        keep(GOOD)
    assert spool_files.pending_count() == 1


def test_a_reserve_of_the_disk_is_left_to_the_database(keep, settings, monkeypatch) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(1000))
    settings.FERMON_DISK_RESERVE_BYTES = 990
    with pytest.raises(SpoolFullError, match="FERMON_DISK_RESERVE_BYTES"):
        keep(GOOD)
    settings.FERMON_DISK_RESERVE_BYTES = 100
    keep(GOOD)


def test_a_store_that_can_not_be_written_says_so(keep, data_dir: Path) -> None:
    data_dir.mkdir()
    spool_files.directory().write_text("a file where the directory should be")
    with pytest.raises(SpoolFullError, match="can't be written"):
        keep(GOOD)
