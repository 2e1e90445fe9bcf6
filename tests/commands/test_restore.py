"""manage.py restore"""

import shutil
import signal
import sqlite3
from contextlib import closing, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from filelock import FileLock

from monitoring.models import Lease
from monitoring.storage import backups, restoring

pytestmark = pytest.mark.sqlite
GARBAGE = b"something else" * 10_000


@pytest.fixture
def backup(database) -> Path:
    """A backup with one measurement, of a database that now has three."""
    path = backups.back_up().path
    database.measure()
    database.measure()
    return path


def kept_aside(database) -> list[Path]:
    """What was kept, with its companions."""
    return sorted(database.path.parent.glob("fermon.sqlite3.before-restore-*"))


def restore(name: Path | str = "latest") -> None:
    call_command("restore", str(name), "--noinput")


def refused(database, match: str, name: Path | str = "latest") -> None:
    """The command fails with this message, and the database is what it was, and alone."""
    with pytest.raises(CommandError, match=match):
        restore(name)
    assert database.count() == database.measurements
    assert kept_aside(database) == []
    assert not database.path.with_name("fermon.sqlite3.restoring").exists()


def sql(path: Path, *statements: str) -> None:
    """Changes a backup."""
    with closing(sqlite3.connect(path)) as changed, changed:
        for statement in statements:
            changed.execute(statement)


def test_it_brings_the_old_state_back_and_keeps_the_newer(system, wait_until, measurement_count) -> None:
    def run_and_stop(*, until: int) -> None:
        server = system.run("manage.py", "runserver", "--noreload")
        worker = system.run("manage.py", "qcluster")
        wait_until(lambda: system.count() >= until and system.get("/stats"))
        for command in (worker, server):
            command.send(signal.SIGTERM)
            command.end()

    system.migrate()
    run_and_stop(until=3)
    assert system.run("manage.py", "backup").end(60) == 0
    before = system.count()
    run_and_stop(until=before + 3)
    after = system.count()
    with closing(sqlite3.connect(system.data / "fermon.sqlite3")) as file, file:
        file.execute("UPDATE leases SET renewed_at = '2024-01-31 12:00:00'")  # 5 s later
    command = system.run("manage.py", "restore", "latest", "--noinput")
    assert command.end(60) == 0, command.text
    assert system.count() == before
    (kept,) = system.data.glob("fermon.sqlite3.before-restore-*")
    assert str(kept) in command.text
    assert measurement_count(kept) == after
    run_and_stop(until=before + 3)


def test_what_was_in_the_log_only_is_kept_too(database, backup, measurement_count) -> None:
    assert database.path.with_name("fermon.sqlite3-wal").stat().st_size > 0
    restore(backup)
    assert database.count() == 1
    assert [measurement_count(path) for path in kept_aside(database)] == [3]
    assert not database.path.with_name("fermon.sqlite3-wal").exists()


def test_what_was_kept_can_be_restored_again(database, backup) -> None:
    restore()
    restore(kept_aside(database)[0])
    assert database.count() == 3


def test_latest_is_the_newest(database, backup, measurement_count) -> None:
    database.measure()
    later = f"{datetime.now(UTC) + timedelta(hours=1):{backups.STAMP}}"
    shutil.copy(database.path, backups.backup_directory() / f"fermon-{later}.sqlite3")
    shutil.copy(backup, backups.backup_directory() / "fermon-20240131T120000Z.sqlite3")
    restore()
    assert database.count() == measurement_count(backups.list_backups()[0])


def test_a_database_that_is_lost_comes_back(database, backup, capsys) -> None:
    database.path.unlink()
    restore()
    assert database.count() == 1
    assert "before that" not in capsys.readouterr().out


def test_a_log_without_its_database_does_not_get_into_another(database, backup) -> None:
    database.path.unlink()
    wal = database.path.with_name("fermon.sqlite3-wal").read_bytes()
    restore()
    assert database.count() == 1
    assert [path.read_bytes() for path in kept_aside(database) if path.name.endswith("-wal")] == [wal]


def test_a_database_that_can_not_be_read_is_kept_with_its_log(database, backup) -> None:
    database.path.write_bytes(GARBAGE)
    wal = database.path.with_name("fermon.sqlite3-wal").read_bytes()
    restore()
    assert database.count() == 1
    kept, *_, kept_wal = kept_aside(database)
    assert kept.read_bytes() == GARBAGE
    assert kept_wal.read_bytes() == wal


def test_a_directory_in_its_place_is_kept_aside(database, backup) -> None:
    database.path.unlink()
    database.path.mkdir()
    restore()
    assert database.count() == 1
    assert any(path.is_dir() for path in kept_aside(database))


def test_a_disk_without_links_does_as_well(database, backup, measurement_count, monkeypatch) -> None:
    def unknown(*paths: object) -> None:
        raise PermissionError("Operation not permitted")

    monkeypatch.setattr("os.link", unknown)
    restore()
    assert database.count() == 1
    assert measurement_count(kept_aside(database)[0]) == 3


def test_a_backup_of_an_older_fermon_is_brought_up_to_date(database, backup, capsys) -> None:
    sql(backup, "DROP TABLE django_session", "DELETE FROM django_migrations WHERE app = 'sessions'")
    restore()
    assert "of an older Fermon" in capsys.readouterr().out
    assert "django_session" in connection.introspection.table_names()


def test_one_of_a_newer_fermon_is_refused(database, backup) -> None:
    sql(backup, "INSERT INTO django_migrations VALUES (999, 'monitoring', '9999_future', '2999-01-01')")
    refused(database, r"of a newer Fermon \(9999_future\)")


def test_what_an_app_of_old_left_does_no_harm(database, backup) -> None:
    sql(backup, "INSERT INTO django_migrations VALUES (999, 'gone', '9999_future', '2999-01-01')")
    restore()
    assert database.count() == 1


def test_a_damaged_one_is_refused(database, backup) -> None:
    content = bytearray(backup.read_bytes())
    content[4096 * 3 : 4096 * 40] = b"\x55" * 4096 * 37
    backup.write_bytes(content)
    refused(database, "is damaged|can't be read as a database")


def test_one_that_was_cut_off_is_refused(database, backup) -> None:
    backup.write_bytes(backup.read_bytes()[: 4096 * 20])
    refused(database, "is damaged|can't be read as a database")


def test_other_files_are_refused(database, backup, tmp_path) -> None:
    other = tmp_path / "other"
    other.write_bytes(GARBAGE)
    refused(database, "other can't be read as a database", other)
    other.unlink()
    sql(other, "CREATE TABLE tags (name)")
    refused(database, "no backup of Fermon's: it lacks the tables django_migrations, measurements", other)
    refused(database, "no file .*nowhere", tmp_path / "nowhere")
    refused(database, "the database itself", database.path)


def test_half_of_a_database_is_refused(database, backup) -> None:
    backup.with_name(f"{backup.name}-wal").write_bytes(b"the other half")
    refused(database, "part of it is in fermon-.*-wal", backup)


def test_which_is_the_latest_a_person_says_after_the_clock_was_ahead(database, backup) -> None:
    (backups.backup_directory() / "fermon-29990101T000000Z.sqlite3").touch()
    refused(database, "the clock was ahead when fermon-29990101T000000Z")


def test_without_a_backup_there_is_no_latest(database) -> None:
    refused(database, "There is no backup in")


def test_it_is_refused_while_fermon_runs(database, backup) -> None:
    with FileLock(database.path.parent / "start.lock"):
        refused(database, "Fermon runs on .*Stop it first")


@pytest.mark.parametrize(
    ("server", "name"), [(("runserver", "--noreload"), "runserver"), (("serve",), "granian")]
)
def test_it_is_refused_while_a_server_runs_by_hand(system, wait_until, server, name) -> None:
    system.migrate()
    assert system.run("manage.py", "backup").end(60) == 0
    running = system.run("manage.py", *server)
    wait_until(lambda: system.get("/stats"))
    command = system.run("manage.py", "restore", "latest", "--noinput")
    assert command.end(60) == 1
    assert f"Fermon runs: {name}, process {running.process.pid}" in command.text


def heard(database, *, ago: timedelta) -> None:
    """A worker elsewhere renewed its lease then."""
    Lease.objects.update_or_create(source="simulator", defaults={"renewed_at": datetime.now(UTC) - ago})
    connection.close()


def test_it_is_refused_while_a_worker_elsewhere_is_heard(database, backup, time_machine) -> None:
    time_machine.move_to(datetime.now(UTC), tick=False)
    heard(database, ago=timedelta(0))
    refused(database, "A worker has just been at work")
    heard(database, ago=timedelta(seconds=9))
    restore()


def test_it_is_refused_while_another_program_has_it_open(database, backup, monkeypatch) -> None:
    monkeypatch.setattr(restoring, "IN_USE_S", 0.1)
    with closing(sqlite3.connect(database.path)) as other:
        other.execute("SELECT count(*) FROM measurements").fetchone()
        refused(database, "in use by another program")
    restore()


def test_a_full_disk_changes_nothing(database, backup, disk_full, monkeypatch) -> None:
    with disk_full():
        refused(database, "Nothing was changed")
    usage = shutil.disk_usage("/")._replace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage)
    refused(database, "too full")


def test_a_database_that_can_not_be_replaced_stays(database, backup, monkeypatch) -> None:
    replace = Path.replace

    def fail_for_the_draft(self: Path, target: Path) -> Path:
        if self.name.endswith(".restoring"):
            raise PermissionError("Operation not permitted")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail_for_the_draft)
    refused(database, "Nothing was changed")


@pytest.mark.parametrize(("answer", "measurements"), [("yes", 1), ("no", 3), ("", 3)])
def test_it_asks_first(database, backup, monkeypatch, answer: str, measurements: int) -> None:
    monkeypatch.setattr("builtins.input", lambda prompt: answer)
    with pytest.raises(CommandError, match="Nothing was changed") if answer != "yes" else nullcontext():
        call_command("restore", str(backup))
    assert database.count() == measurements


def test_without_anybody_to_ask_it_wants_to_be_told(database, backup, monkeypatch) -> None:
    def nobody(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    with pytest.raises(CommandError, match="add --noinput"):
        call_command("restore", str(backup))


def test_postgresql_is_told_how(monkeypatch) -> None:
    monkeypatch.setattr(connections["default"], "vendor", "postgresql")
    monkeypatch.setattr(connections["default"], "settings_dict", {"NAME": "fermon", "HOST": "db"})
    with pytest.raises(CommandError, match=r"pg_restore .* --host=db --dbname=fermon FILE\.dump"):
        restore()


def test_one_that_can_not_be_brought_up_to_date_is_said(database, backup) -> None:
    sql(backup, "DELETE FROM django_migrations WHERE app = 'sessions'")  # its table exists already
    with pytest.raises(CommandError, match=r"That failed .*already exists.* Run 'manage.py migrate'"):
        restore()
    assert [path for path in kept_aside(database) if path.is_file()]
