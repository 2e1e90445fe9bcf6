"""Bulk inserts in PostgreSQL's binary formats: COPY, and arrays.

Numpy lays out the bytes of all rows at once; writing each number as text would take longer than storing the
row. Format: PostgreSQL's documentation, "COPY", "Binary Format".
"""

from collections.abc import Sequence
from functools import cache
from struct import pack
from typing import Any, ClassVar

import numpy as np
import psycopg
from django.db import connection
from numpy.typing import NDArray
from psycopg.adapt import Buffer, Dumper
from psycopg.postgres import types
from psycopg.pq import Format

from monitoring.kernel.arrays import BoolArray, FloatArray, IntArray

COPY_MEASUREMENTS = "COPY measurements (id, timestamp, tag, value, is_anomaly) FROM STDIN (FORMAT BINARY)"
HEADER, TRAILER = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
ELEMENT = {"i": np.dtype([("n", ">i4"), ("v", ">i8")]), "f": np.dtype([("n", ">i4"), ("v", ">f8")])}
TYPE = {"i": "int8", "f": "float8"}


class Numbers:
    """A column of numbers, passed to a statement as an array."""

    def __init__(self, values: NDArray[Any]) -> None:
        self.values = values


class Integers(Numbers):
    """A column of integers."""


class Floats(Numbers):
    """A column of floats."""


class Bytes:
    """A column of bytes; None is NULL."""

    def __init__(self, values: list[bytes | None]) -> None:
        self.values = values


class NumbersDumper(Dumper):
    """Encode a column as a PostgreSQL array; see ``array_send`` in PostgreSQL's source."""

    format = Format.BINARY
    kind: ClassVar[str]

    def dump(self, obj: Numbers) -> Buffer:
        """Return dimensions, null flag, element type, count and lower bound 1, then the elements."""
        count = len(obj.values)
        head = np.array([1 if count else 0, 0, types[TYPE[self.kind]].oid], dtype=">i4").tobytes()
        if not count:
            return head
        elements = np.empty(count, dtype=ELEMENT[self.kind])
        elements["n"], elements["v"] = 8, obj.values
        return head + np.array([count, 1], dtype=">i4").tobytes() + elements.tobytes()


class IntegersDumper(NumbersDumper):
    """Encode integers."""

    kind = "i"
    oid = types["int8"].array_oid


class FloatsDumper(NumbersDumper):
    """Encode floats."""

    kind = "f"
    oid = types["float8"].array_oid


class BytesDumper(Dumper):
    """Encode elements of different lengths; a missing element has the length -1."""

    format = Format.BINARY
    oid = types["bytea"].array_oid

    def dump(self, obj: Bytes) -> Buffer:
        """Return the array's bytes."""
        head = pack(">5i", 1, 1, types["bytea"].oid, len(obj.values), 1)
        return head + b"".join(
            pack(">i", -1) if value is None else pack(">i", len(value)) + value for value in obj.values
        )


psycopg.adapters.register_dumper(Bytes, BytesDumper)
psycopg.adapters.register_dumper(Integers, IntegersDumper)
psycopg.adapters.register_dumper(Floats, FloatsDumper)


def copy_measurements(
    ids: IntArray, time_us: IntArray, tag: IntArray, value: FloatArray, is_anomaly: BoolArray
) -> None:
    """Insert measurements by COPY; each column has shape (n,)."""
    rows = copy_rows((ids, time_us, tag, value, is_anomaly))
    with (
        connection.wrap_database_errors,
        psycopg.Cursor(connection.connection) as cursor,
        cursor.copy(COPY_MEASUREMENTS) as copy,
    ):
        copy.write(rows)


def copy_rows(columns: Sequence[NDArray[Any]]) -> bytes:
    """Return rows in the format of a binary COPY, from columns without NULLs.

    A row is the number of fields, then for each field the length and the bytes, in network byte order.
    """
    rows = np.empty(len(columns[0]), dtype=row_of(tuple(column.dtype for column in columns)))
    rows["fields"] = len(columns)
    for place, column in enumerate(columns):
        rows[f"length {place}"], rows[f"field {place}"] = column.dtype.itemsize, column
    return HEADER + rows.tobytes() + TRAILER


@cache
def row_of(kinds: tuple[np.dtype[Any], ...]) -> np.dtype[Any]:
    """Return the type of a row with such columns in a binary COPY."""
    pairs = (
        ((f"length {place}", ">i4"), (f"field {place}", kind.newbyteorder(">")))
        for place, kind in enumerate(kinds)
    )
    return np.dtype([("fields", ">i2"), *(field for pair in pairs for field in pair)])


def insert_arrays(into: str, columns: Sequence[NDArray[Any] | list[bytes | None]], *, otherwise: str) -> None:
    """Insert rows, column by column; see ``bulk.insert``."""
    arrays = [as_array(column) for column in columns]
    places = ", ".join(["%b"] * len(arrays))
    statement = f"INSERT INTO {into} SELECT * FROM unnest({places}) {otherwise}"  # noqa: S608 - our own words
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement.encode(), arrays)


def as_array(column: NDArray[Any] | list[bytes | None]) -> Numbers | Bytes:
    """Return the column in a type that psycopg can encode."""
    if not isinstance(column, np.ndarray):
        return Bytes(column)
    return Floats(column) if column.dtype.kind == "f" else Integers(column)
