"""Errors of a database that no command can use: without Fermon's tables, or a file that can't be written."""

import sqlite3

from django.db import Error as DatabaseError

UNDEFINED_TABLE = "42P01"  # SQLSTATE of PostgreSQL
NO_TABLE = "no such table"  # SQLite has no code of its own for this
NOT_WRITABLE = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})
MIGRATE = "Run 'manage.py migrate', or set FERMON_DATA_DIR or DATABASE_URL to your Fermon's."
CHOOSE_ANOTHER = "FERMON_DATA_DIR or DATABASE_URL must lead to a file and directory that this user can write."


def explain(error: DatabaseError) -> str:
    """Return the error, which may have several lines, as one that says what to do, if that is known."""
    return f"The database can't be used ({' '.join(str(error).split())}). {remedy(error)}".rstrip()


def remedy(error: DatabaseError) -> str:
    """Return what to do about the error; empty if that depends on more than the error."""
    cause = error.__cause__
    if str(error).startswith(NO_TABLE) or getattr(cause, "sqlstate", None) == UNDEFINED_TABLE:
        return MIGRATE
    if getattr(cause, "sqlite_errorcode", 0) & 0xFF in NOT_WRITABLE:  # without the bits of the extended code
        return CHOOSE_ANOTHER
    return ""
