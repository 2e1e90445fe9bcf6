"""Advance the target's sequences to the source's, which also count deleted rows."""

from django.db import connections
from django.db.models import AutoField, Model

from monitoring.storage.store_copy.databases import SOURCE, TARGET, execute, select_number, select_rows
from monitoring.storage.store_copy.small_tables import all_models, quoted

SET = "SELECT setval(pg_get_serial_sequence(%s, %s), %s)"


def advance_sequences() -> None:
    """Set each sequence of the target to the highest id that the source has ever assigned."""
    given = dict(select_rows(SOURCE, "SELECT name, seq FROM sqlite_sequence"))
    for model in all_models():
        key = model._meta.pk
        if isinstance(key, AutoField) or key.get_internal_type() == "BigAutoField":
            set_sequence(model, key.column, given.get(model._meta.db_table, 0))


def set_sequence(model: type[Model], column: str | None, given: int) -> None:
    """Set the sequence to ``given``, or to the table's highest id if larger."""
    table = quoted(model._meta.db_table)
    highest = select_number(TARGET, f"SELECT max({quoted(column)}) FROM {table}")  # noqa: S608 - names of models
    if newest := max(given, highest):
        execute(TARGET, SET, [table, column, newest])
    elif connections[TARGET].features.supports_sequence_reset:
        execute(TARGET, "SELECT setval(pg_get_serial_sequence(%s, %s), 1, false)", [table, column])
