"""Nothing that the running Fermon keeps is read by other users of the machine."""

import os
from pathlib import Path

import pytest

WORK = """
import os, logging
os.umask(0o022)
import django; django.setup()
from datetime import UTC, datetime
from django.core.management import call_command
from monitoring.spool import spool_files
call_command("migrate", verbosity=0)
handler = next(one for one in logging.root.handlers if hasattr(one, "maxBytes"))
handler.maxBytes = 200
for number in range(5):
    logging.getLogger("monitoring.test").warning("event %d", number)
spool_files.save([spool_files.spooled({}, source="a test", now=datetime.now(UTC))])
"""
BACKUP = """
from django.db import connections
from monitoring.storage import backups
from monitoring.storage.restoring import check_backup, restore
copy = check_backup(backups.back_up().path)
connections.close_all()
restore(copy)
"""


def open_to_others(data: Path) -> list[str]:
    """The files and directories that others may do something with."""
    return [str(path) for path in (data, *data.rglob("*")) if path.lstat().st_mode & 0o077]


@pytest.mark.parametrize("work", [WORK, pytest.param(WORK + BACKUP, marks=pytest.mark.sqlite)])
@pytest.mark.usefixtures("db")
def test_what_is_made_is_private_whatever_the_umask_was(system, work: str) -> None:
    command = system.run("-c", work, DJANGO_SETTINGS_MODULE="fermon_site.settings")
    assert command.end(60) == 0, command.text
    names = {path.name for path in system.data.rglob("*")}
    assert {"secret_key", "fermon.jsonl", "fermon.jsonl.1", "pending.jsonl"} <= names
    assert open_to_others(system.data) == []


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("command", [("-m", "fermon_site.start"), ("manage.py", "qcluster")])
def test_what_an_older_fermon_left_open_is_closed_at_the_start(system, wait_until, command) -> None:
    system.migrate()
    system.data.mkdir(exist_ok=True)
    (system.data / "dead_letters").mkdir()
    for path in (system.data / "dead_letters/refused.jsonl", system.data / "secret_key"):
        path.write_text("a" * 60)
    for path in (system.data, *system.data.rglob("*")):
        os.chmod(path, 0o755 if path.is_dir() else 0o644)
    system.run(*command)
    system.wait_for_more()
    wait_until(lambda: open_to_others(system.data) == [])
