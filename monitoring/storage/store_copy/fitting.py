"""Convert values that SQLite accepts and PostgreSQL rejects: SQLite checks no lengths, ranges or addresses.

Texts and addresses are converted on both sides of the comparison. A number can't be converted without
changing the value, so an unsuitable one stops the copy before anything is written.
"""

import re
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

from django.db import connections
from django.db.models import (
    CharField,
    Field,
    GenericIPAddressField,
    IntegerField,
    JSONField,
    Model,
    TextField,
)

from monitoring.storage.store_copy.databases import SOURCE, TARGET, select_rows
from monitoring.storage.store_copy.errors import StoreCopyError

# NUL, and lone surrogates, which JSON allows as "\ud800".
NO_CHARACTERS = re.compile("[\x00\ud800-\udfff]")
BEYOND = "SELECT {key}, {column} FROM {table} WHERE {column} NOT BETWEEN %s AND %s LIMIT 1"

Fit = Callable[[Any], Any]


def conversion_for(field: "Field[Any, Any]") -> Fit | None:
    """Return the function that converts values of the field; None if none need conversion."""
    if isinstance(field, JSONField | TextField):
        return to_storable
    if isinstance(field, CharField):
        return lambda value: value if value is None else to_storable(value)[: field.max_length]
    return address if isinstance(field, GenericIPAddressField) else None


def to_storable(value: Any) -> Any:
    """Return the value without characters that PostgreSQL can't store, recursively."""
    if isinstance(value, str):
        return NO_CHARACTERS.sub("", value)
    if isinstance(value, list):
        return [to_storable(item) for item in value]
    if isinstance(value, dict):
        return {to_storable(key): to_storable(item) for key, item in value.items()}
    return value


def address(text: str | None) -> str | None:
    """Return an IP address in canonical form without zone; None for invalid text."""
    try:
        return str(ip_address((text or "").partition("%")[0]))
    except ValueError:
        return None


def refuse_numbers(models: Iterable[type[Model]]) -> None:
    """Raise StoreCopyError if a table of the source holds a number outside the target's range."""
    for model in models:
        for field in model._meta.local_concrete_fields:
            if isinstance(field, IntegerField):
                refuse_numbers_of(model, field)


def refuse_numbers_of(model: type[Model], field: "IntegerField[Any, Any]") -> None:
    """Raise StoreCopyError if the column of the source holds a number outside the target's range."""
    low, high = connections[TARGET].ops.integer_field_range(field.get_internal_type())
    table, key = model._meta.db_table, model._meta.pk.column
    query = BEYOND.format(table=f'"{table}"', column=f'"{field.column}"', key=f'"{key}"')
    for row, found in select_rows(SOURCE, query, [low, high]):
        raise StoreCopyError(
            f"The source has a number that PostgreSQL has no room for: {found} as {field.column} of the table"
            f" {table}, in the row with {key} {row}. It has to be from {low} to {high}: change it in the"
            " admin, and run the same again. Nothing was written."
        )
