"""Insert, update and upsert many rows of a model with one prepared statement.

``bulk_update`` and ``bulk_create`` build one long statement in Python for each few hundred rows, which takes
several times as long as the database. Rows must have values, not expressions, and get no keys here.
"""

from collections.abc import Collection, Sequence
from typing import Any, TypeAlias

from django.db import connection
from django.db.models import Field, Model

AnyField: TypeAlias = "Field[Any, Any]"


def insert_rows(rows: Sequence[Model]) -> None:
    """Insert rows without keys; the rows in memory get none."""
    if rows:
        fields = [field for field in fields_of(rows[0]) if not field.primary_key]
        execute_many(insert_statement(rows[0], fields), rows, fields)


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
    readers = [(field.attname, field.get_db_prep_save) for field in fields]
    with connection.cursor() as cursor:
        cursor.executemany(
            sql,
            [tuple(prepared(getattr(row, name), connection) for name, prepared in readers) for row in rows],
        )


def fields_of(row: Model) -> list[AnyField]:
    """Return the fields with a column."""
    return list(row._meta.concrete_fields)


def quoted(field: AnyField) -> str:
    """Return the field's column, quoted."""
    return connection.ops.quote_name(str(field.column))
