"""The command ``fermon`` of an installation without a checkout."""

import sys
from pathlib import Path

import django
import pytest
from django.core import management
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from pytest_django import Settings

from fermon_site import __version__, cli, environment, start

HOME = Path("/home/anna")


def fermon(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["fermon", *arguments])
    return cli.main()


def test_it_tells_its_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert fermon(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"fermon {__version__}\n"


def test_without_arguments_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "main", lambda: 7)
    assert fermon(monkeypatch) == 7


def test_it_runs_management_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fermon(monkeypatch, "manage", "version") == 0
    assert capsys.readouterr().out.strip() == django.get_version()


def test_an_invalid_setting_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def settings(words: list[str]) -> None:
        raise ImproperlyConfigured("FERMON_PORT='abc' is not understood")

    monkeypatch.setattr(management, "execute_from_command_line", settings)
    assert fermon(monkeypatch, "manage", "check") == 1
    assert capsys.readouterr().err == "FERMON_PORT='abc' is not understood\n"
    with pytest.raises(ImproperlyConfigured):
        fermon(monkeypatch, "manage", "check", "--traceback")


def test_a_database_without_tables_is_one_line_and_an_error_without_remedy_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = OperationalError("no such table: auth_user")

    def fail(words: list[str]) -> None:
        raise error

    monkeypatch.setattr(management, "execute_from_command_line", fail)
    assert fermon(monkeypatch, "manage", "createsuperuser") == 1
    told = capsys.readouterr().err
    assert told.startswith("The database can't be used (no such table: auth_user). Run 'manage.py migrate'")
    assert told.count("\n") == 1
    with pytest.raises(OperationalError):
        fermon(monkeypatch, "manage", "migrate")
    error = OperationalError("database is locked")
    with pytest.raises(OperationalError):
        fermon(monkeypatch, "manage", "createsuperuser")


def test_it_tells_how_it_is_used(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert fermon(monkeypatch, "--help") == 0
    asked = capsys.readouterr().out
    assert fermon(monkeypatch, "sing") == 2
    assert capsys.readouterr().err == asked == cli.USAGE


@pytest.mark.parametrize(
    ("system", "variables", "place"),
    [
        ("linux", {}, HOME / ".local/share/fermon"),
        ("linux", {"XDG_DATA_HOME": "/data"}, Path("/data/fermon")),
        ("darwin", {}, HOME / "Library/Application Support/fermon"),
        ("win32", {"LOCALAPPDATA": "/Users/anna/Local"}, Path("/Users/anna/Local/fermon")),
        ("win32", {}, HOME / "AppData/Local/fermon"),
    ],
)
def test_its_data_lies_where_the_system_keeps_a_users(
    monkeypatch: pytest.MonkeyPatch, system: str, variables: dict[str, str], place: Path
) -> None:
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(Path, "home", lambda: HOME)
    assert environment.user_data_dir() == place


def test_a_checkout_is_managed_by_its_script_and_an_installation_by_the_command(
    settings: Settings, tmp_path: Path
) -> None:
    assert start.manage_in_words().endswith(" manage.py")
    settings.BASE_DIR = settings.INSTALLED = tmp_path
    assert start.manage_in_words() == "fermon manage"
