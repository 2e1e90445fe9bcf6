"""manage.py backup, and the task that does the same each day"""

import json
import logging
import os
import re
import shutil
import sqlite3
import threading
import urllib.request
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django_q.models import OrmQ, Schedule
from django_q.scheduler import scheduler
from filelock import FileLock

from monitoring import tasks
from monitoring.operations.schedules import LONG_TIMEOUT_S, keep_schedules
from monitoring.storage import backups

pytestmark = pytest.mark.sqlite
BEGIN = datetime(2024, 1, 31, tzinfo=UTC)
FAR_APART = timedelta(days=1)


class Poster(threading.Thread):
    """Posts numbered readings one after the other, as fast as it goes."""

    def __init__(self, port: int, place: int) -> None:
        super().__init__()
        self.url = f"http://127.0.0.1:{port}/ingest"
        self.begin = BEGIN + place * FAR_APART
        self.acknowledged = 0
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.is_set():
            moment = self.begin + timedelta(seconds=self.acknowledged)
            body = {"timestamp": moment.isoformat(), "tag": "fermenter_temp", "value": 37.0}
            request = urllib.request.Request(  # noqa: S310
                self.url, json.dumps(body).encode(), {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                assert answer.status == 201
            self.acknowledged += 1

    def stored(self, path: Path) -> list[datetime]:
        """Its readings in that file, in order of time."""
        bounds = [f"{moment:%Y-%m-%dT%H:%M:%S}" for moment in (self.begin, self.begin + FAR_APART)]
        with closing(sqlite3.connect(path)) as database:
            rows = database.execute(
                "SELECT timestamp FROM readable_measurements"
                " WHERE timestamp >= ? AND timestamp < ? ORDER BY timestamp",
                bounds,
            )
            return [datetime.fromisoformat(row[0]) for row in rows]


@pytest.fixture
def posters(system, wait_until):
    """Four that post to a real server, whose database is some steps of copying large."""
    system.migrate()
    with closing(sqlite3.connect(system.data / "fermon.sqlite3")) as database, database:
        database.execute("CREATE TABLE ballast (content)")
        database.executemany("INSERT INTO ballast VALUES (zeroblob(1000000))", [()] * 60)
    system.run("manage.py", "runserver", "--noreload", FERMON_SIMULATOR="off")
    wait_until(lambda: system.get("/stats"))
    posters = [Poster(system.port, place) for place in range(4)]
    for poster in posters:
        poster.start()
    yield posters
    for poster in posters:
        poster.stopped.set()
    for poster in posters:
        poster.join()


def test_what_was_acknowledged_before_it_began_is_in_it_and_nothing_with_a_gap(
    system, posters, wait_until, measurement_count
) -> None:
    for turn in range(1, 4):
        wait_until(lambda turn=turn: min(poster.acknowledged for poster in posters) >= 10 * turn)
        before = [poster.acknowledged for poster in posters]
        to = system.directory / f"copy-{turn}.sqlite3"
        assert system.run("manage.py", "backup", "--to", str(to)).end(60) == 0
        assert sum(poster.acknowledged for poster in posters) > sum(before)
        for poster, count in zip(posters, before, strict=True):
            stored = poster.stored(to)
            assert len(stored) >= count
            assert stored == [poster.begin + timedelta(seconds=n) for n in range(len(stored))]
        assert measurement_count(to) >= sum(before)


def files(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir() if path.name != "backup.lock")


def test_it_is_one_file_for_the_owner_alone_and_the_command_says_which(
    database, capsys, measurement_count
) -> None:
    call_command("backup")
    path = backups.list_backups()[0]
    told = rf"{re.escape(str(path))}: {path.stat().st_size / 1e6:.1f} MB in \d+\.\d s"
    assert re.search(told, capsys.readouterr().out)
    assert files(backups.backup_directory()) == [path.name]
    assert path.stat().st_mode & 0o777 == 0o600
    assert measurement_count(path) == 1


@pytest.mark.parametrize("name", ["", "mine.sqlite3"])
def test_it_goes_where_it_is_told(database, tmp_path, name: str, measurement_count) -> None:
    place = tmp_path / "elsewhere"
    place.mkdir()
    call_command("backup", "--to", str(place / name))
    assert measurement_count(next(place.glob(name or "fermon-*Z.sqlite3"))) == 1
    assert backups.list_backups() == []


def make_backups(count: int) -> list[str]:
    """Files with the names of backups, from old to new."""
    names = [f"fermon-2024013{n}T120000Z.sqlite3" for n in range(count)]
    backups.backup_directory().mkdir()
    for name in names:
        (backups.backup_directory() / name).touch()
    return names


def test_the_newest_are_kept_and_what_is_no_backup_stays(database, settings) -> None:
    settings.FERMON_BACKUPS_KEPT = 3
    names = [*make_backups(5), "fermon-of-mine.sqlite3"]
    (backups.backup_directory() / names[-1]).touch()
    call_command("backup")
    left = files(backups.backup_directory())
    assert len(left) == 4
    assert set(names) & set(left) == set(names[3:])


def test_a_clock_set_back_does_not_cost_the_new_one(database, settings) -> None:
    settings.FERMON_BACKUPS_KEPT = 1
    backups.backup_directory().mkdir()
    (backups.backup_directory() / "fermon-29990101T000000Z.sqlite3").touch()
    path = backups.back_up().path
    assert backups.list_backups() == [path]


def test_what_a_clock_ahead_has_named_goes_first_once_it_is_right(database, settings) -> None:
    settings.FERMON_BACKUPS_KEPT = 4
    names = make_backups(3)
    for day in (1, 2):
        (backups.backup_directory() / f"fermon-2999010{day}T000000Z.sqlite3").touch()
    made = backups.back_up().path.name
    left = [path.name for path in backups.list_backups()]
    assert left == [made, *reversed(names)]


def test_in_another_directory_so_many_stay_as_are_asked_for(database, tmp_path) -> None:
    place = tmp_path / "elsewhere"
    place.mkdir()
    for day in range(10, 15):
        (place / f"fermon-202401{day}T120000Z.sqlite3").touch()
    call_command("backup", "--to", str(place), "--keep", "3")
    assert len(files(place)) == 3
    call_command("backup", "--to", str(place / "mine.sqlite3"))
    assert len(files(place)) == 4


@pytest.mark.parametrize(
    "options", [("--keep", "3"), ("--keep", "0", "--to", "."), ("--keep", "1", "--to", "no")]
)
def test_what_can_not_be_kept_is_said(database, options: tuple[str, ...]) -> None:
    make_backups(2)
    refused("--keep needs", *options)


def test_an_old_one_that_can_not_be_deleted_is_logged(database, settings, monkeypatch, caplog) -> None:
    settings.FERMON_BACKUPS_KEPT = 1
    (backups.backup_directory() / make_backups(1)[0]).unlink()
    (backups.backup_directory() / "fermon-20240130T120000Z.sqlite3").mkdir()
    assert backups.back_up().path.exists()
    assert "old backup can't be deleted" in caplog.text


def refused(match: str, *arguments: str) -> None:
    """The command fails with this message, leaves nothing of its own and deletes nothing."""
    before = files(backups.backup_directory()) if backups.backup_directory().exists() else []
    with pytest.raises(CommandError, match=match):
        call_command("backup", *arguments)
    assert files(backups.backup_directory()) == before


def test_a_disk_that_fills_up_is_said(database, settings, disk_full) -> None:
    settings.FERMON_BACKUPS_KEPT = 1
    make_backups(3)
    with disk_full():
        refused("could not be made: .*Earlier ones are untouched")


def test_a_disk_without_room_is_not_filled_up(database, monkeypatch) -> None:
    make_backups(1)
    usage = shutil.disk_usage("/")._replace(free=64 * 2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage)
    refused("too full: .* has 67.1 MB free, and 6[78].[0-9] MB are needed. Make room")


def test_a_copy_with_a_flaw_is_none(database, monkeypatch) -> None:
    make_backups(1)
    monkeypatch.setattr(backups, "find_corruption", lambda path: "row 7 missing from index")
    refused("is damaged, so the database may be: row 7 missing from index")


def test_a_database_that_is_none_is_said(database) -> None:
    make_backups(1)
    database.path.write_bytes(b"something else" * 1000)
    refused("file is not a database")


def test_there_is_nothing_to_copy(database) -> None:
    make_backups(1)
    database.path.unlink()
    refused("There is no database at .*migrate")


def test_a_name_that_is_taken_or_has_no_place_is_said(database, tmp_path) -> None:
    make_backups(1)
    (tmp_path / "taken").touch()
    refused("taken exists already", "--to", str(tmp_path / "taken"))
    refused("nowhere is no directory", "--to", str(tmp_path / "nowhere" / "file"))


@pytest.mark.parametrize("statement", ["", "CREATE TABLE tags (id int)"])
def test_a_database_without_fermons_tables_is_refused(
    database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    other = tmp_path / "other.sqlite3"
    other.touch()
    with closing(sqlite3.connect(other)) as opened:
        opened.execute(statement)
    monkeypatch.setitem(connections["default"].settings_dict, "NAME", other)
    make_backups(1)
    refused(
        r"other.sqlite3 is no database of Fermon's: it lacks the tables .*Run 'manage.py migrate', or set"
    )


def test_two_at_a_time_are_refused(database) -> None:
    make_backups(1)
    with FileLock(backups.backup_directory() / "backup.lock"):
        refused("Another backup is being made")
        assert tasks.back_up() is None


def test_what_a_killed_one_left_is_cleared_away(database) -> None:
    backups.backup_directory().mkdir()
    (backups.backup_directory() / "fermon-20240131T120000Z.sqlite3.part").touch()
    path = backups.back_up().path
    assert files(backups.backup_directory()) == [path.name]


@pytest.fixture
def postgresql(monkeypatch) -> None:
    """The database of the settings is PostgreSQL's."""
    monkeypatch.setattr(connections["default"], "vendor", "postgresql")
    where = {"NAME": "fermon", "USER": "brewer", "HOST": "db", "PORT": 5433, "PASSWORD": "secret"}
    monkeypatch.setattr(connections["default"], "settings_dict", where)


def test_postgresql_is_told_how(postgresql) -> None:
    command = r"pg_dump --format=custom --file=fermon-\w+\.dump"
    options = "--host=db --port=5433 --username=brewer --dbname=fermon$"
    with pytest.raises(CommandError, match=f"not SQLite.*\n  {command} {options}"):
        call_command("backup")


def test_the_task_leaves_postgresql_alone(postgresql, caplog) -> None:
    caplog.set_level(logging.INFO)
    assert tasks.back_up() is None
    assert "no backup made" in caplog.text


def test_the_task_logs_what_it_made(database, caplog) -> None:
    caplog.set_level(logging.INFO)
    path = tasks.back_up()
    (record,) = [record for record in caplog.records if record.message == "backup made"]
    assert (record.path, record.bytes) == (path, os.stat(path).st_size)
    assert 0 <= record.seconds < 60


def test_a_task_that_fails_says_so_and_is_tried_again(database, caplog) -> None:
    database.path.write_bytes(b"something else" * 1000)
    with pytest.raises(backups.BackupError):
        tasks.back_up()
    assert [record.levelname for record in caplog.records if record.message == "backup failed"] == ["ERROR"]


def test_a_task_ends_when_fermon_stops(database, monkeypatch) -> None:
    monkeypatch.setattr(tasks, "stop_requested", lambda: True)
    with pytest.raises(backups.BackupError, match="broken off"):
        tasks.back_up()
    assert files(backups.backup_directory()) == []


@pytest.mark.django_db
def test_it_is_scheduled_each_day_first_after_an_hour_and_with_time_enough(monkeypatch) -> None:
    monkeypatch.setattr("django_q.scheduler.close_old_django_connections", lambda: None)
    keep_schedules()
    row = Schedule.objects.get(func="monitoring.tasks.back_up")
    assert row.schedule_type == Schedule.DAILY
    assert timedelta(minutes=59) < row.next_run - datetime.now(UTC) <= timedelta(hours=1)
    Schedule.objects.exclude(pk=row.pk).delete()
    Schedule.objects.update(next_run=datetime.now(UTC) - timedelta(seconds=1))
    scheduler()
    task = OrmQ.objects.get().task
    assert (task["func"], task["timeout"]) == ("monitoring.tasks.back_up", LONG_TIMEOUT_S)
