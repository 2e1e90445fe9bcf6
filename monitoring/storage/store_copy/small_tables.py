"""All tables but the long ones: the same as the source's row by row, or replaced by the source's rows.

Ids are kept throughout, those of content types and permissions too, since everything that refers
to them is replaced with them. ``django_migrations`` and ``LEFT_OUT`` are the target's own.
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
from monitoring.storage.store_copy.fitting import fit_of

LONG = (Measurement, Finding, Rollup)
# Of no worth after the move: who is locked out after wrong passwords, for some minutes.
LEFT_OUT = {"axes.accessattempt", "axes.accessattemptexpiration"}
ROWS_A_READ = 500  # of detectors' states, each of which may be 100 kB

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """How many rows a table has, and a checksum of them that does not heed their order."""

    count: int
    checksum: int


def models() -> list[type[Model]]:
    """The models of all tables."""
    found = apps.get_models(include_auto_created=True)
    return [model for model in found if model._meta.managed and not model._meta.proxy]


def small_models() -> list[type[Model]]:
    """The models of all tables that are copied and are not long."""
    return [model for model in models() if model not in LONG and model._meta.label_lower not in LEFT_OUT]


def differing() -> list[type[Model]]:
    """Those of the small tables that are not the same on both sides."""
    return [model for model in small_models() if content(model, SOURCE) != content(model, TARGET)]


def content(model: type[Model], alias: str) -> Content:
    """What a table holds."""
    count = checksum = 0
    for row in rows(model, alias):
        digest = sha256(repr(tuple(map(comparable, row))).encode(errors="surrogatepass")).digest()
        checksum = (checksum + int.from_bytes(digest)) % 2**256
        count += 1
    return Content(count, checksum)


def rows(model: type[Model], alias: str) -> Iterator[Row]:
    """A table's rows, in no order, as PostgreSQL can hold them; read by and by."""
    fields = model._meta.local_concrete_fields
    names = [field.attname for field in fields]
    fits = [fit_of(field) for field in fields]
    query = model._base_manager.using(alias).order_by().values_list(*names)
    for row in query.iterator(chunk_size=ROWS_A_READ):
        yield tuple(fit(value) if fit else value for value, fit in zip(row, fits, strict=True))


def comparable(value: Any) -> object:
    """The value in words that are the same whichever database it was read from."""
    if isinstance(value, memoryview | bytes):
        return bytes(value)
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, dict | list):  # whose numbers PostgreSQL writes in its own way
        return json.dumps(json.loads(json.dumps(value), parse_int=float), sort_keys=True)
    return value


def replace(changed: list[type[Model]]) -> None:
    """Gives these tables the source's rows, all of them in one transaction."""
    with transaction.atomic(using=TARGET):
        execute(TARGET, "SET CONSTRAINTS ALL DEFERRED")
        for model in changed:
            execute(TARGET, f"DELETE FROM {quoted(model._meta.db_table)}")  # noqa: S608 - a name of ours
        for model in changed:
            write(model)
    ContentType.objects.clear_cache()


def replace_tags() -> None:
    """Gives the tags the source's rows, if they differ."""
    if content(Tag, SOURCE) != content(Tag, TARGET):
        replace([Tag])


def write(model: type[Model]) -> None:
    """Adds the source's rows of a table."""
    target, fields = connections[TARGET], model._meta.local_concrete_fields
    columns = ", ".join(quoted(field.column) for field in fields)
    copy = f"COPY {quoted(model._meta.db_table)} ({columns}) FROM STDIN"
    with target.cursor() as cursor, cursor.copy(copy) as sink:
        for row in rows(model, SOURCE):
            values = zip(fields, row, strict=True)
            sink.write_row([field.get_db_prep_save(value, connection=target) for field, value in values])


def quoted(name: str | None) -> str:
    """A name as a query has it."""
    return connections[TARGET].ops.quote_name(name or "")
