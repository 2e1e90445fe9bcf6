"""Connections outlive a request; so a file that was put in the place of the database has to be noticed.

SQLite itself goes on with the file that it has opened, even when no name leads there any more.
"""

import os
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

FileIdentity = tuple[int, int]
_opened: "WeakKeyDictionary[BaseDatabaseWrapper, FileIdentity | None]" = WeakKeyDictionary()


def identity_of(connection: BaseDatabaseWrapper) -> FileIdentity | None:
    """Which file the connection's settings lead to now; None if there is none, or no file at all."""
    try:
        found = os.stat(connection.settings_dict["NAME"])
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def remember_file(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Remembers the file of a connection that was just made."""
    if connection.vendor == "sqlite":
        _opened[connection] = identity_of(connection)


def close_if_replaced(**_: Any) -> None:
    """Closes this thread's connections to a file that is the database no longer."""
    for connection in connections.all(initialized_only=True):
        if connection.vendor != "sqlite" or connection.connection is None or connection.in_atomic_block:
            continue
        if identity_of(connection) != _opened.get(connection):
            connection.close()
