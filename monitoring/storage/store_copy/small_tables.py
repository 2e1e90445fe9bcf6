"""Copy all tables except the long ones: a table that differs is replaced by the source's rows.

All ids are kept, including those of content types and permissions, since the tables that refer to them are
replaced as well. ``django_migrations`` and ``LEFT_OUT`` are not copied.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import connections, transaction
from django.db.models import Model

from monitoring.models import Finding, Measurement, Rollup, Tag
from monitoring.storage.store_copy.databases import SOURCE, TARGET, execute
from monitoring.storage.store_copy.fitting import conversion_for

LONG = (Measurement, Finding, Rollup)
# Not needed after the move: lockouts after wrong passwords, which last some minutes.
LEFT_OUT = {"axes.accessattempt", "axes.accessattemptexpiration"}
APPEND_ONLY = ("alarm_journal", "note_versions", "profile_members", "profiles", "sample_results")
ROWS_A_READ = 500  # a detector state may take 100 kB

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """The number of rows of a table, and a checksum that does not depend on their order."""

    count: int
    checksum: int


def all_models() -> list[type[Model]]:
    """Return the models of all tables."""
    found = apps.get_models(include_auto_created=True)
    return [model for model in found if model._meta.managed and not model._meta.proxy]


def small_models() -> list[type[Model]]:
    """Return the models of all copied tables except the long ones."""
    return [model for model in all_models() if model not in LONG and model._meta.label_lower not in LEFT_OUT]


def differing_tables() -> list[type[Model]]:
    """Return the small tables that differ between source and target."""
    return [model for model in small_models() if table_content(model, SOURCE) != table_content(model, TARGET)]


def table_content(model: type[Model], alias: str) -> Content:
    """Return row count and checksum of a table."""
    count = checksum = 0
    for row in table_rows(model, alias):
        digest = sha256(repr(tuple(map(comparable, row))).encode(errors="surrogatepass")).digest()
        checksum = (checksum + int.from_bytes(digest)) % 2**256
        count += 1
    return Content(count, checksum)


def table_rows(model: type[Model], alias: str) -> Iterator[Row]:
    """Yield the rows of a table in no order, converted to values that PostgreSQL can store."""
    fields = model._meta.local_concrete_fields
    names = [field.attname for field in fields]
    fits = [conversion_for(field) for field in fields]
    query = model._base_manager.using(alias).order_by().values_list(*names)
    for row in query.iterator(chunk_size=ROWS_A_READ):
        yield tuple(fit(value) if fit else value for value, fit in zip(row, fits, strict=True))


def comparable(value: Any) -> object:
    """Return the value in a form that is the same from both databases."""
    if isinstance(value, memoryview | bytes):
        return bytes(value)
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, dict | list):  # PostgreSQL formats the numbers in JSON differently
        return json.dumps(json.loads(json.dumps(value), parse_int=float), sort_keys=True)
    return value


def replace_tables(changed: list[type[Model]]) -> None:
    """Replace the rows of these tables by the source's, in one transaction."""
    with transaction.atomic(using=TARGET):
        execute(TARGET, "SET CONSTRAINTS ALL DEFERRED")
        # These tables refuse to delete rows; here the same rows come back from the source.
        for table in APPEND_ONLY:
            execute(TARGET, f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only")
        for model in changed:
            execute(TARGET, f"DELETE FROM {quoted(model._meta.db_table)}")  # noqa: S608 - a model's table
        for model in changed:
            write_table(model)
        execute(TARGET, "SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks to come cannot be altered
        for table in APPEND_ONLY:
            execute(TARGET, f"ALTER TABLE {table} ENABLE TRIGGER {table}_append_only")
    ContentType.objects.clear_cache()


def replace_tags() -> None:
    """Replace the tags by the source's if they differ."""
    if table_content(Tag, SOURCE) != table_content(Tag, TARGET):
        replace_tables([Tag])


def write_table(model: type[Model]) -> None:
    """Append the source's rows of a table."""
    target, fields = connections[TARGET], model._meta.local_concrete_fields
    columns = ", ".join(quoted(field.column) for field in fields)
    copy = f"COPY {quoted(model._meta.db_table)} ({columns}) FROM STDIN"
    with target.cursor() as cursor, cursor.copy(copy) as sink:
        for row in table_rows(model, SOURCE):
            values = zip(fields, row, strict=True)
            sink.write_row([field.get_db_prep_save(value, connection=target) for field, value in values])


def quoted(name: str | None) -> str:
    """Return the name quoted for a query."""
    return connections[TARGET].ops.quote_name(name or "")
