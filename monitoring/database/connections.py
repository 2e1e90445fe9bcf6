"""Connections that outlive a request: a replaced database file, and processes that fork.

SQLite keeps using the opened file even if no name refers to the file any more.
"""

import os
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from monitoring.kernel.runtime import InheritedByForks, part

FileIdentity = tuple[int, int]


class OpenedFiles(InheritedByForks):
    """The database file of each open connection; a forked process has its parent's connections, too."""

    def __init__(self) -> None:
        self.by_connection: WeakKeyDictionary[BaseDatabaseWrapper, FileIdentity | None] = WeakKeyDictionary()


def identity_of(connection: BaseDatabaseWrapper) -> FileIdentity | None:
    """Return the file that the connection's settings name now; None without such a file."""
    try:
        found = os.stat(connection.settings_dict["NAME"])
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def remember_file(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Remember the file of a new connection."""
    if connection.vendor == "sqlite":
        part(OpenedFiles).by_connection[connection] = identity_of(connection)


def close_if_replaced(**_: Any) -> None:
    """Close this thread's connections to a file that is no longer the database."""
    opened = part(OpenedFiles).by_connection
    for connection in connections.all(initialized_only=True):
        if connection.vendor != "sqlite" or connection.connection is None or connection.in_atomic_block:
            continue
        if identity_of(connection) != opened.get(connection):
            connection.close()


def leave_pool() -> None:
    """Give each process and thread from now on a connection of its own: a pool can't be forked."""
    for connection in connections.all():
        connection.close()
        if connection.vendor == "postgresql":
            connection.close_pool()  # type: ignore[attr-defined]
            connection.settings_dict["OPTIONS"].pop("pool", None)
            connection.settings_dict["CONN_MAX_AGE"] = None
