"""Several reads of one state of the database, without keeping writers out."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

ONE_STATE = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"


@contextmanager
def read_snapshot() -> Iterator[None]:
    """Let all reads of the block see the same state; for reads only, and short ones.

    Inside a transaction, do nothing: the caller holds the locks that its reads need, or reads one state
    already.
    """
    if is_within_transaction():
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(ONE_STATE)
            yield
    else:
        yield from deferred_transaction()


def is_within_transaction() -> bool:
    """Return whether a transaction is open, by Django or by an outer snapshot."""
    if connection.in_atomic_block or connection.vendor == "postgresql":
        return connection.in_atomic_block
    connection.ensure_connection()
    return bool(connection.connection.in_transaction)


def deferred_transaction() -> Iterator[None]:
    """Read in a transaction of SQLite that takes no lock of writers, unlike Django's own transactions."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
    try:
        yield
    finally:
        if connection.connection is not None:
            connection.connection.rollback()
