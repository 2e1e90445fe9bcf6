"""A database that no command can use is explained with the way out; other errors stay as they are."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction

from monitoring.database.diagnosis import CHOOSE_ANOTHER, MAKE_ROOM, MIGRATE, explain, remedy


def error_of(address: str, statements: str) -> OperationalError:
    """Return the error of SQLite at the first statement that fails, as Django raises it."""
    with (
        pytest.raises(sqlite3.OperationalError) as caught,
        closing(sqlite3.connect(address, uri=True)) as database,
    ):
        database.executescript(statements)
    error = OperationalError(str(caught.value))
    error.__cause__ = caught.value
    return error


@pytest.mark.django_db
def test_a_missing_table_leads_to_migrate() -> None:
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        connection.cursor().execute("SELECT 1 FROM nowhere")
    assert remedy(caught.value) == MIGRATE
    assert explain(caught.value).endswith(MIGRATE)
    assert "\n" not in explain(caught.value)


def test_a_file_that_can_not_be_opened_or_written_leads_to_its_setting(tmp_path: Path) -> None:
    file = tmp_path / "fermon.sqlite3"
    assert remedy(error_of(f"file:{file}/below", "SELECT 1")) == CHOOSE_ANOTHER
    file.touch()
    assert remedy(error_of(f"file:{file}?mode=ro", "CREATE TABLE x (a)")) == CHOOSE_ANOTHER


def test_a_full_disk_leads_to_room_for_the_database(tmp_path: Path) -> None:
    fill = "PRAGMA max_page_count = 3; CREATE TABLE x (a); INSERT INTO x VALUES (zeroblob(100000))"
    assert remedy(error_of(f"file:{tmp_path}/fermon.sqlite3", fill)) == MAKE_ROOM


def test_of_other_errors_no_remedy_is_claimed() -> None:
    assert remedy(OperationalError("database is locked")) == ""
    assert explain(OperationalError("away")) == "The database can't be used (away)."
