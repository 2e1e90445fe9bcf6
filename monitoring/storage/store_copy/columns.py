"""Read and write numeric tables as arrays on both databases, without a Python object per value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from django.db import connections
from numpy.typing import NDArray

from monitoring.database.postgresql import HEADER, TRAILER, copy_rows
from monitoring.storage.store_copy.databases import SOURCE, TARGET

Rows = NDArray[Any]  # of a table's dtype, shape (n,)

ARRAY_HEADER = bytes(20)  # dimensions, null flag, element type, length, lower bound


@dataclass(frozen=True, slots=True)
class NumericTable:
    """A table of numeric columns without nulls; ``time`` is the column that determines a row's day."""

    name: str
    time: str
    kinds: Mapping[str, str]

    @property
    def columns(self) -> str:
        """Return the quoted columns for a query."""
        return ", ".join(f'"{name}"' for name in self.kinds)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the dtype of a row: packed, little-endian on every machine."""
        return np.dtype([(name, f"<{kind}") for name, kind in self.kinds.items()])


MEASUREMENTS = NumericTable(
    "measurements",
    "timestamp",
    MappingProxyType({"id": "i8", "tag": "i8", "timestamp": "i8", "value": "f8", "is_anomaly": "u1"}),
)
ROLLUPS = NumericTable(
    "rollups",
    "start",
    MappingProxyType(
        {"id": "i8", "tag": "i8", "resolution_s": "i4", "start": "i8", "count": "i8", "total": "f8"}
        | {"minimum": "f8", "minimum_at": "i8", "maximum": "f8", "maximum_at": "i8", "anomalies": "i8"}
    ),
)


def decode(table: NumericTable, copied: bytes) -> Rows:
    """Decode columns from PostgreSQL's binary format: one row, whose fields are arrays of whole columns.

    Raises:
        ValueError: the bytes are not the columns of this table.
    """
    columns, place = [], len(HEADER) + 2
    for name, kind in table.kinds.items():
        size = max(0, int.from_bytes(copied[place : place + 4], signed=True))  # -1: NULL, no rows
        place += 4 + size
        item = np.dtype([("length", ">i4"), (name, f">{kind}")])
        array = copied[place - size : place][len(ARRAY_HEADER) :]
        columns.append(np.frombuffer(array, item)[name] if array else np.empty(0))
    if copied[place:] != TRAILER:
        raise ValueError(f"no columns of {table.name}")
    rows = np.empty(len(columns[0]), dtype=table.dtype)
    for name, column in zip(table.kinds, columns, strict=True):
        rows[name] = column
    return rows


def read_source(table: NumericTable, condition: str, parameters: Sequence[Any]) -> Rows:
    """Return the rows of the source that match the condition, which may include ORDER BY and LIMIT."""
    with connections[SOURCE].cursor() as cursor:
        cursor.execute(f"SELECT {table.columns} FROM {table.name} WHERE {condition}", parameters)  # noqa: S608
        return np.array(cursor.fetchall(), dtype=table.dtype)


def read_target(table: NumericTable, condition: str) -> Rows:
    """Return the target's rows that match the condition, in no order; the condition contains its values."""
    arrays = ", ".join(
        f'array_agg("{name}")' for name in table.kinds
    )  # one message in all, instead of one per row
    query = f"SELECT {arrays} FROM {table.name} WHERE {condition}"  # noqa: S608 - built from constants
    with (
        connections[TARGET].cursor() as cursor,
        cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as blocks,
    ):
        return decode(table, b"".join(blocks))


def write_target(table: NumericTable, rows: Rows) -> None:
    """Append the rows to the target, in the caller's transaction."""
    with (
        connections[TARGET].cursor() as cursor,
        cursor.copy(f"COPY {table.name} ({table.columns}) FROM STDIN (FORMAT binary)") as sink,
    ):
        sink.write(copy_rows([rows[name] for name in table.kinds]))
