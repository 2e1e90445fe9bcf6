"""No command goes without tests, and none answers a database that is away with a stack trace."""

from pathlib import Path

import pytest
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection

from monitoring.archive.place import ArchiveError
from monitoring.management.database_command import DatabaseCommand

HERE = Path(__file__).parent
COMMANDS = sorted((HERE.parent.parent / "monitoring/management/commands").glob("[!_]*.py"))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda path: path.stem)
def test_a_command_has_a_file_of_tests(command: Path) -> None:
    assert (HERE / f"test_{command.stem}.py").exists()


@pytest.mark.usefixtures("database_away")
@pytest.mark.parametrize(
    "words",
    [
        ("make_token", "gateway"),
        ("replay_alarms",),
        ("reset_one_time_codes", "anna"),
        ("simulate_fault", "fermenter_temp", "high"),
        ("sources", "export"),
    ],
    ids=lambda words: words[0],
)
def test_a_command_reports_that_the_database_is_away(words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="The database can't be used"):
        call_command(*words)


@pytest.mark.sqlite
@pytest.mark.parametrize("command", ["archive", "generate_history", "rebuild_rollups", "recompute_flags"])
def test_a_command_sends_an_empty_database_to_migrate(
    database: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "NAME", tmp_path / "empty.sqlite3")
    way_out = r"no such table: tags.* Run 'manage.py migrate', or set .*same again"
    with pytest.raises(CommandError, match=way_out):
        call_command(command)


def test_a_command_blames_no_database_for_the_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ArchiveError("The archive is away")

    monkeypatch.setattr(BaseCommand, "execute", fail)
    with pytest.raises(CommandError, match="The archive is away"):
        DatabaseCommand().execute()
