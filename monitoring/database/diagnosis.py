"""Errors of a database that no command can use: without Fermon's tables, not writable, or on a full disk."""

import sqlite3

from django.db import Error as DatabaseError

UNDEFINED_TABLE = "42P01"  # SQLSTATE of PostgreSQL
NO_TABLE = "no such table"  # SQLite has no code of its own for this
DISK_FULL = "53100"  # SQLSTATE of PostgreSQL
NOT_WRITABLE = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})
MIGRATE = "Run 'manage.py migrate', or set FERMON_DATA_DIR or DATABASE_URL to your Fermon's."
CHOOSE_ANOTHER = "FERMON_DATA_DIR or DATABASE_URL must lead to a file and directory that this user can write."
MAKE_ROOM = "The disk of the database is full: make room first."


def explain(error: DatabaseError) -> str:
    """Return the error, which may have several lines, as one that says what to do, if that is known."""
    return f"The database can't be used ({' '.join(str(error).split())}). {remedy(error)}".rstrip()


def remedy(error: DatabaseError) -> str:
    """Return what to do about the error; empty if that depends on more than the error."""
    cause = error.__cause__
    sqlstate = getattr(cause, "sqlstate", None)
    if str(error).startswith(NO_TABLE) or sqlstate == UNDEFINED_TABLE:
        return MIGRATE
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF  # without the bits of the extended code
    if code in NOT_WRITABLE:
        return CHOOSE_ANOTHER
    if code == sqlite3.SQLITE_FULL or sqlstate == DISK_FULL:
        return MAKE_ROOM
    return ""
