"""Insert, update and upsert many rows of a model with one prepared statement.

``bulk_update`` and ``bulk_create`` build one long statement in Python for each few hundred rows, which takes
several times as long as the database. Rows must have values, not expressions.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import chain
from types import NoneType
from typing import Any, TypeAlias

from django.db import connection
from django.db.models import Field, Model

from monitoring.kernel.clock import micros_or_none
from monitoring.models.fields import MicrosecondsField

AnyField: TypeAlias = "Field[Any, Any]"

NEXT_KEYS_POSTGRESQL = """
    SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)
"""
# Django makes keys on SQLite with AUTOINCREMENT: the sequence knows also the keys of deleted rows.
LAST_KEY_SQLITE = "SELECT seq FROM sqlite_sequence WHERE name = %s"
# Values of these types reach the database as they are. Django's conversion takes longer than the insert.
PLAIN_TYPES: dict[str, frozenset[type]] = {
    "BooleanField": frozenset({bool}),
    "CharField": frozenset({str}),
    "FloatField": frozenset({float, NoneType}),
    "BigAutoField": frozenset({int}),
    "BigIntegerField": frozenset({int, NoneType}),
    "ForeignKey": frozenset({int, NoneType}),
    "JSONField": frozenset({NoneType}),
    "OneToOneField": frozenset({int}),
    "TextField": frozenset({str}),
}
TIMES = frozenset({datetime, NoneType})


def insert_rows(rows: Sequence[Model]) -> None:
    """Insert rows without keys; the rows in memory get none."""
    if rows:
        fields = [field for field in fields_of(rows[0]) if not field.primary_key]
        execute_many(insert_statement(rows[0], fields), rows, fields)


def insert_keyed_rows(rows: Sequence[Model]) -> None:
    """Insert rows without keys, in a transaction; the rows in memory get the keys, ascending."""
    if not rows:
        return
    fields = fields_of(rows[0])
    for row, key in zip(rows, next_keys(rows[0], len(rows)), strict=True):
        row.pk = key
        row._state.adding, row._state.db = False, connection.alias
    execute_many(insert_statement(rows[0], fields), rows, fields)


def next_keys(row: Model, count: int) -> Iterable[int]:
    """Take the next keys of a table; on SQLite the transaction's lock keeps others from taking them."""
    table, key = row._meta.db_table, row._meta.pk
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(NEXT_KEYS_POSTGRESQL, [table, key.column, count])
            return sorted(chain.from_iterable(cursor.fetchall()))
        cursor.execute(LAST_KEY_SQLITE, [table])
        (last,) = cursor.fetchone() or (0,)
    return range(last + 1, last + 1 + count)


def upsert_rows(rows: Sequence[Model]) -> None:
    """Insert rows, or replace all other columns of the rows that have the same primary key."""
    if not rows:
        return
    fields = fields_of(rows[0])
    keys = [quoted(field) for field in fields if field.primary_key]
    changed = ", ".join(
        f"{quoted(field)} = excluded.{quoted(field)}" for field in fields if not field.primary_key
    )
    clause = f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changed}"
    execute_many(f"{insert_statement(rows[0], fields)} {clause}", rows, fields)


def update_rows(rows: Sequence[Model], names: Collection[str]) -> None:
    """Write the named fields of rows that are stored."""
    if not rows:
        return
    all_fields = fields_of(rows[0])
    changed = [field for field in all_fields if field.name in names]
    keys = [field for field in all_fields if field.primary_key]
    columns = ", ".join(f"{quoted(field)} = %s" for field in changed)
    table = connection.ops.quote_name(rows[0]._meta.db_table)
    sql = f"UPDATE {table} SET {columns} WHERE {quoted(keys[0])} = %s"  # noqa: S608
    execute_many(sql, rows, [*changed, *keys])


def insert_statement(row: Model, fields: Sequence[AnyField]) -> str:
    """Return the INSERT statement with a placeholder a field."""
    table = connection.ops.quote_name(row._meta.db_table)
    columns, places = ", ".join(map(quoted, fields)), ", ".join(["%s"] * len(fields))
    return f"INSERT INTO {table} ({columns}) VALUES ({places})"  # noqa: S608


def execute_many(sql: str, rows: Sequence[Model], fields: Sequence[AnyField]) -> None:
    """Execute the statement once a row, with the row's values of the fields as the database takes them."""
    columns = [prepared(field, [getattr(row, field.attname) for row in rows]) for field in fields]
    with connection.cursor() as cursor:
        cursor.executemany(sql, list(zip(*columns, strict=True)))


def prepared(field: AnyField, values: list[Any]) -> list[Any]:
    """Return a column's values as the database takes them."""
    types = set(map(type, values))
    if types <= PLAIN_TYPES.get(field.get_internal_type(), frozenset()):
        return values
    if isinstance(field, MicrosecondsField) and types <= TIMES:
        return [micros_or_none(value) for value in values]
    return [field.get_db_prep_save(value, connection) for value in values]


def fields_of(row: Model) -> list[AnyField]:
    """Return the fields with a column."""
    return list(row._meta.concrete_fields)


def quoted(field: AnyField) -> str:
    """Return the field's column, quoted."""
    return connection.ops.quote_name(str(field.column))
