"""The database as the migrations make it: made once in a run, copied for workers and systems, and restored.

On SQLite a copy is a file, on PostgreSQL a database made from a template. Addresses are DATABASE_URLs.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from tests import on_postgresql

ROOT = Path(__file__).parent.parent
# Without its triggers, PostgreSQL checks no foreign keys: rows may leave and come in any order.
NO_TRIGGERS = "SET LOCAL session_replication_role = replica"


def migrate(url: str) -> None:
    """Runs 'manage.py migrate' on an empty database."""
    with tempfile.TemporaryDirectory() as data:
        environment = os.environ | {"DATABASE_URL": url, "FERMON_DATA_DIR": data}
        command = [sys.executable, "manage.py", "migrate", "-v", "0"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)


def make_template(directory: Path) -> str:
    """Returns the address of a migrated database, which is in this directory on SQLite."""
    postgresql = connection.vendor == "postgresql"
    url = on_postgresql.new_database() if postgresql else sqlite_url(directory / "migrated.sqlite3")
    migrate(url)
    return url


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def sqlite_path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def copy_file(template: str, path: Path) -> None:
    """Copies SQLite's template; the directory is private like one that Fermon makes."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copy(sqlite_path(template), path)


class InitialRows:
    """Restores the rows of the migrations in this connection's database, whatever was committed meanwhile."""

    def __init__(self, template: str) -> None:
        self.template = template
        if connection.vendor == "postgresql":
            self.prepare_postgresql()
        else:
            self.prepare_sqlite()

    def prepare_postgresql(self) -> None:
        """Keeps a copy of each table that has rows, in a schema that nothing else looks into."""
        with connection.cursor() as cursor:
            cursor.execute("CREATE SCHEMA initial")
            self.tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
            self.kept = self.tables_with_rows(cursor)
            for table in self.kept:
                cursor.execute(f'CREATE TABLE initial."{table}" AS TABLE public."{table}"')

    def tables_with_rows(self, cursor: Any) -> set[str]:
        asked = (f"SELECT '{table}' WHERE EXISTS (TABLE \"{table}\")" for table in self.tables)
        cursor.execute(" UNION ALL ".join(asked))
        return {name for (name,) in cursor.fetchall()}

    def restore(self, *_: Any, **__: Any) -> None:
        """Takes the place of Django's 'flush', whose arguments have nothing to say here."""
        if connection.vendor == "postgresql":
            self.restore_postgresql()
        else:
            self.restore_sqlite()

    def prepare_sqlite(self) -> None:
        """Keeps the rows of each table, with the numbers that SQLite gives out next."""
        listed = (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        )
        with connection.cursor() as cursor:
            self.tables = [name for (name,) in cursor.execute(listed).fetchall()] + ["sqlite_sequence"]
            self.rows = {
                table: cursor.execute(f'SELECT * FROM "{table}"').fetchall()  # noqa: S608
                for table in self.tables
            }

    def restore_sqlite(self) -> None:
        """Empties all tables and fills them again, in one transaction without foreign keys and triggers."""
        connection.ensure_connection()
        database: sqlite3.Connection = connection.connection
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute("BEGIN IMMEDIATE")
        triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            database.execute(f'DROP TRIGGER "{name}"')
        for table in self.tables:
            database.execute(f'DELETE FROM "{table}"')  # noqa: S608
        for table, rows in self.rows.items():
            if rows:
                places = ", ".join("?" * len(rows[0]))
                database.executemany(f'INSERT INTO "{table}" VALUES ({places})', rows)  # noqa: S608
        for _, sql in triggers:
            database.execute(sql)
        database.execute("COMMIT")
        database.execute("PRAGMA foreign_keys = ON")

    def restore_postgresql(self) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(NO_TRIGGERS)
            for table in self.tables_with_rows(cursor):
                cursor.execute(f'DELETE FROM "{table}"')  # noqa: S608
            for table in self.kept:
                cursor.execute(f'INSERT INTO "{table}" TABLE initial."{table}"')
