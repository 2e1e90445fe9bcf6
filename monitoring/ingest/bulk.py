"""Insert many rows with one statement, by the fastest way of each database.

SQLite runs a statement row by row inside the process. PostgreSQL takes measurements by COPY, and rows that
may conflict with existing ones as arrays, in one statement.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from monitoring.database import postgresql
from monitoring.kernel.arrays import BoolArray, FloatArray, IntArray

INSERT_MEASUREMENTS = """
    INSERT INTO measurements (id, timestamp, tag, value, is_anomaly) VALUES (%s, %s, %s, %s, %s)
"""

Columns = Sequence[NDArray[Any] | list[bytes | None]]


def insert_measurements(
    ids: IntArray, time_us: IntArray, tag: IntArray, value: FloatArray, is_anomaly: BoolArray
) -> None:
    """Insert measurements in the caller's transaction; each column has shape (n,)."""
    if connection.vendor == "postgresql":
        postgresql.copy_measurements(ids, time_us, tag, value, is_anomaly)
        return
    # To sqlite3 a bool is an object to ask for what it is, row by row.
    run_each(INSERT_MEASUREMENTS, (ids, time_us, tag, value, is_anomaly.astype(np.int64)))


def insert(into: str, columns: Columns, *, otherwise: str = "") -> None:
    """Insert rows, column by column, ``into`` a table with its columns, in the caller's transaction.

    ``otherwise`` is the clause for rows that exist already.
    """
    if connection.vendor == "postgresql":
        postgresql.insert_arrays(into, columns, otherwise=otherwise)
        return
    places = ", ".join(["%s"] * len(columns))
    run_each(f"INSERT INTO {into} VALUES ({places}) {otherwise}", columns)  # noqa: S608 - our own words


def run_each(statement: str, columns: Columns) -> None:
    """Run the statement for each row."""
    plain = [column.tolist() if isinstance(column, np.ndarray) else column for column in columns]
    with connection.cursor() as cursor:
        cursor.executemany(statement, list(zip(*plain, strict=True)))
