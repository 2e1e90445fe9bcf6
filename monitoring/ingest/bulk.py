"""Insert many rows with few statements, by the fastest way of each database.

SQLite takes up to ``MOST_ROWS`` rows a statement: compared with a statement a row, that halves the time, and
other threads get the interpreter meanwhile. PostgreSQL takes measurements by COPY, and rows that may conflict
with existing ones as arrays, in one statement.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from monitoring.database import postgresql
from monitoring.kernel.arrays import BoolArray, FloatArray, IntArray

MEASUREMENTS = "measurements (id, timestamp, tag, value, is_anomaly)"
MOST_ROWS, MOST_VALUES = 128, 1_000  # of a statement; more gain nothing
# An error leaves the rows before it to the caller's transaction, which rolls them back. Without it SQLite
# copies each page that a statement of several rows changes, to undo that statement alone, from 64 kB on to a
# temporary file: rows of a hundred tags took three times as long.
OR_FAIL = "OR FAIL"

Columns = Sequence[NDArray[Any] | list[bytes | None]]


def insert_measurements(
    ids: IntArray, time_us: IntArray, tag: IntArray, value: FloatArray, is_anomaly: BoolArray
) -> None:
    """Insert measurements in the caller's transaction; each column has shape (n,)."""
    if connection.vendor == "postgresql":
        postgresql.copy_measurements(ids, time_us, tag, value, is_anomaly)
        return
    # sqlite3 binds an int faster than a bool.
    insert_values(MEASUREMENTS, (ids, time_us, tag, value, is_anomaly.astype(np.int64)))


def insert(into: str, columns: Columns, *, otherwise: str = "") -> None:
    """Insert rows, column by column, ``into`` a table with its columns, in the caller's transaction.

    ``otherwise`` is the clause for rows that exist already.
    """
    if connection.vendor == "postgresql":
        postgresql.insert_arrays(into, columns, otherwise=otherwise)
        return
    insert_values(into, columns, otherwise=otherwise)


def insert_values(into: str, columns: Columns, *, otherwise: str = "") -> None:
    """Insert rows into a table of SQLite; see ``insert``.

    Bypass Django's cursor, which parses the text of a statement each time.
    """
    width, parameters = len(columns), by_row(columns)
    with connection.wrap_database_errors:
        for start, count in chunks(len(columns[0]), width):
            statement = insert_statement(into, width, count, otherwise)
            connection.connection.execute(statement, parameters[start * width : (start + count) * width])


def by_row(columns: Columns) -> list[Any]:
    """Return the values of k columns (n,) row by row, as one list of k * n values."""
    width = len(columns)
    values: list[Any] = [None] * (width * len(columns[0]))
    for place, column in enumerate(columns):
        values[place::width] = column.tolist() if isinstance(column, np.ndarray) else column
    return values


def chunks(count: int, width: int) -> Iterator[tuple[int, int]]:
    """Yield start and size of consecutive chunks of ``count`` rows of ``width`` values.

    All sizes are powers of two, so that sqlite3 keeps the few statements prepared.
    """
    start, size = 0, MOST_ROWS
    while size * width > MOST_VALUES:
        size //= 2
    while start < count:
        while size > count - start:
            size //= 2
        yield start, size
        start += size


@cache
def insert_statement(into: str, width: int, count: int, otherwise: str) -> str:
    """Return the statement that inserts ``count`` rows of ``width`` values."""
    row = f"({', '.join('?' * width)})"
    return f"INSERT {OR_FAIL} INTO {into} VALUES {', '.join([row] * count)} {otherwise}"  # noqa: S608 - our own words
