"""Tables of numbers as arrays, from and to both databases: no value is touched by Python."""

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

ARRAY_HEADER = bytes(20)  # dimensions, whether any is empty, type, length, first index


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose columns are numbers and never empty; ``time`` is the one that tells a row's day."""

    name: str
    time: str
    kinds: Mapping[str, str]

    @property
    def columns(self) -> str:
        """The columns, as a query names them."""
        return ", ".join(f'"{name}"' for name in self.kinds)

    @property
    def dtype(self) -> np.dtype[Any]:
        """A row here, in memory without gaps, in one order of bytes wherever this runs."""
        return np.dtype([(name, f"<{kind}") for name, kind in self.kinds.items()])


MEASUREMENTS = Table(
    "measurements",
    "timestamp",
    MappingProxyType({"id": "i8", "tag": "i8", "timestamp": "i8", "value": "f8", "is_anomaly": "u1"}),
)
ROLLUPS = Table(
    "rollups",
    "start",
    MappingProxyType(
        {"id": "i8", "tag": "i8", "resolution_s": "i4", "start": "i8", "count": "i8", "total": "f8"}
        | {"minimum": "f8", "minimum_at": "i8", "maximum": "f8", "maximum_at": "i8", "anomalies": "i8"}
    ),
)


def decode(table: Table, copied: bytes) -> Rows:
    """The columns as PostgreSQL wrote them: one row, each of its fields the array of a whole column.

    Raises:
        ValueError: those are not columns of this table.
    """
    columns, place = [], len(HEADER) + 2
    for name, kind in table.kinds.items():
        size = max(0, int.from_bytes(copied[place : place + 4], signed=True))  # -1: there are no rows
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


def read_source(table: Table, condition: str, parameters: Sequence[Any]) -> Rows:
    """The source's rows for which the condition (and what may follow it) holds."""
    with connections[SOURCE].cursor() as cursor:
        cursor.execute(f"SELECT {table.columns} FROM {table.name} WHERE {condition}", parameters)  # noqa: S608
        return np.array(cursor.fetchall(), dtype=table.dtype)


def read_target(table: Table, condition: str) -> Rows:
    """The target's rows for which the condition holds, in no order; it has its numbers in its words."""
    arrays = ", ".join(f'array_agg("{name}")' for name in table.kinds)  # one message, not one a row
    query = f"SELECT {arrays} FROM {table.name} WHERE {condition}"  # noqa: S608 - our own words
    with (
        connections[TARGET].cursor() as cursor,
        cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as blocks,
    ):
        return decode(table, b"".join(blocks))


def write_target(table: Table, rows: Rows) -> None:
    """Adds the rows to the target, in the caller's transaction."""
    with (
        connections[TARGET].cursor() as cursor,
        cursor.copy(f"COPY {table.name} ({table.columns}) FROM STDIN (FORMAT binary)") as sink,
    ):
        sink.write(copy_rows([rows[name] for name in table.kinds]))
