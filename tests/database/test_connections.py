"""A connection that outlives its request leads to the database, not to a file that was it."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.signals import request_started
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from monitoring.database import connections as watched

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database file of the test's own, as this thread's one connection."""
    path = tmp_path / "own.sqlite3"
    settings = {"ENGINE": "django.db.backends.sqlite3", "NAME": path}
    monkeypatch.setattr(watched, "connections", ConnectionHandler({"default": settings}))
    with own().cursor() as cursor:
        cursor.execute("CREATE TABLE old (id)")
    return path


def own() -> BaseDatabaseWrapper:
    """Return the connection of the watched module, which the fixture replaces."""
    connection: BaseDatabaseWrapper = vars(watched)["connections"]["default"]
    return connection


def tables() -> list[str]:
    return own().introspection.table_names()


def test_it_stays_open_from_request_to_request(file: Path) -> None:
    before = own().connection
    request_started.send(sender=None)
    assert own().connection is before


def test_it_is_closed_when_another_file_took_the_place(file: Path) -> None:
    shutil.copy(file, file.with_suffix(".copy"))
    with own().cursor() as cursor:
        cursor.execute("CREATE TABLE never_seen (id)")
    file.with_suffix(".copy").replace(file)
    request_started.send(sender=None)
    assert tables() == ["old"]


def test_it_is_closed_when_the_file_is_gone(file: Path) -> None:
    file.unlink()
    request_started.send(sender=None)
    assert own().connection is None


def test_a_transaction_is_not_cut_in_two(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = own()
    monkeypatch.setattr(connection, "in_atomic_block", True)
    file.unlink()
    request_started.send(sender=None)
    assert connection.connection is not None


def test_processes_that_fork_have_connections_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []
    pooled = SimpleNamespace(
        vendor="postgresql",
        settings_dict={"OPTIONS": {"pool": {"max_size": 20}, "sslmode": "require"}, "CONN_MAX_AGE": 0},
        close=lambda: closed.append("connection"),
        close_pool=lambda: closed.append("pool"),
    )
    monkeypatch.setattr(watched, "connections", SimpleNamespace(all=lambda: [pooled]))
    watched.leave_pool()
    assert closed == ["connection", "pool"]
    assert pooled.settings_dict == {"OPTIONS": {"sslmode": "require"}, "CONN_MAX_AGE": None}
