"""The tag definitions that ingestion uses, and the locks on tags."""

import json
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from django.db import connection

from monitoring.ingest.definition_columns import DefinitionColumns, definition_columns
from monitoring.ingest.locked_tags import LockedTag, LockedTags
from monitoring.ingest.tag_version import tags_version
from monitoring.kernel.arrays import IntArray
from monitoring.kernel.clock import FIRST_MICROS, from_micros
from monitoring.kernel.runtime import part
from monitoring.kernel.tag_definition import STALE_AFTER_S, TagDefinition, states_of
from monitoring.models import Tag

REFRESHED_EVERY_S = 10.0
DEFINITIONS = 20_000  # kept for tags that are locked again
# The columns of a definition: no models, which take noticeably longer with ten thousand tags.
DEFINED = """name, unit, valid_min, valid_max, lower_limit, upper_limit, description, active,
    "group", on_conflict, stale_after_s, decimals, display_name, kind, states"""
WIDTH = 16  # columns of ``tags`` that a lock reads: the id and these
NO_STATES = "{}"
NOTHING_STORED = (None, None, None, None, 0, None, None, None)
ALL = f"SELECT {DEFINED} FROM tags ORDER BY id"  # noqa: S608 - our own words
LOCK = f"""
    SELECT id, {DEFINED} FROM tags WHERE name = ANY(%s) ORDER BY name FOR NO KEY UPDATE
"""  # noqa: S608 - as above
STORED = """
    SELECT tag, raw_from, last, recent_values, arrivals, clock_error, excluded_until, open_start,
        archived_until
    FROM series WHERE tag = ANY(%s)
"""
# SQLite has one writer at a time, so the rows need no lock of their own.
BOTH = f"""
    SELECT id, {DEFINED}, raw_from, last, recent_values, arrivals, COALESCE(clock_error, 0), excluded_until,
        open_start, archived_until
    FROM tags LEFT JOIN series ON tag = id
    WHERE name IN ({{values}}) ORDER BY name
"""  # noqa: S608 - as above
STORED_SQLITE = """
    SELECT tag, raw_from, last, recent_values, arrivals, clock_error, excluded_until, open_start,
        archived_until
    FROM series WHERE tag IN ({values}) ORDER BY tag
"""
MANY = 32  # tags of a batch: with fewer a look at the version of the tags gains little

Columns = tuple[Any, ...]  # those of ``DEFINED``


class TagCache:
    """The tag definitions as this process last read them, for use while the database is away.

    ``definitions`` has every tag by name, active or not; None before the first read.
    """

    def __init__(self) -> None:
        self.definitions: dict[str, TagDefinition] | None = None
        self._read_at = -REFRESHED_EVERY_S

    def read(self) -> dict[str, TagDefinition]:
        """Read every tag from the database."""
        self._read_at = time.monotonic()  # other threads go on with the definitions of before
        with connection.cursor() as cursor:
            cursor.execute(ALL)
            self.definitions = {row[0]: definition_of(row, None) for row in cursor.fetchall()}
        return self.definitions

    def refresh_if_old(self) -> None:
        """Read the tags if the last read was more than ``REFRESHED_EVERY_S`` ago."""
        if self.definitions is None or time.monotonic() - self._read_at > REFRESHED_EVERY_S:
            self.read()


class KnownTag(NamedTuple):
    """A tag as read: id, columns of ``DEFINED``, and the definition while no measurement is deleted."""

    pk: int
    columns: Columns
    definition: TagDefinition

    def since(self, raw_from: int | None) -> TagDefinition:
        """Return the definition with the time from which measurements are kept."""
        return self.definition if raw_from is None else definition_of(self.columns, raw_from)


class KnownTable(NamedTuple):
    """Known tags as columns: the row of each name, and the tag, primary key and definition of each row."""

    rows: dict[str, int]
    tags: list[KnownTag]
    pk: IntArray
    definitions: DefinitionColumns

    def named(self, names: Iterable[str]) -> "KnownTable":
        """Return the named tags in order of the primary keys.

        Raises:
            KeyError: a name is not known.
        """
        rows = np.array([*{self.rows[name] for name in names}], dtype=np.int64)
        rows = rows[np.argsort(self.pk[rows])]
        tags = [self.tags[row] for row in rows.tolist()]
        return KnownTable({}, tags, self.pk[rows], self.definitions.take(rows))

    def with_tags(self, tags: Sequence[KnownTag]) -> "KnownTable":
        """Return these tags and those of the others that are not known yet."""
        new = [tag for tag in tags if tag.definition.name not in self.rows]
        first = len(self.tags)
        return KnownTable(
            self.rows | {tag.definition.name: first + number for number, tag in enumerate(new)},
            self.tags + new,
            np.concatenate([self.pk, np.array([tag.pk for tag in new], dtype=np.int64)]),
            self.definitions.followed_by(definition_columns([tag.definition for tag in new])),
        )


NO_TAGS = KnownTable({}, [], np.empty(0, np.int64), definition_columns([]))


class KnownTags:
    """Tags of SQLite that this process has read, valid as long as the version of the tags is the same."""

    def __init__(self) -> None:
        self._version: int | None = None
        self._table = NO_TAGS

    def named(self, names: Iterable[str], version: int | None) -> KnownTable | None:
        """Return the named tags, in order of the primary keys; None unless all are known."""
        if version is None or version != self._version:
            return None
        try:
            return self._table.named(names)
        except KeyError:
            return None

    def remember(self, tags: Sequence[KnownTag], version: int | None) -> None:
        """Add tags that were read in the transaction that saw the version."""
        is_full = len(self._table.tags) + len(tags) > DEFINITIONS
        earlier = NO_TAGS if is_full or version != self._version else self._table
        self._version, self._table = version, earlier.with_tags(tags)


def tag_cache() -> TagCache:
    """Return the tag definitions of this process."""
    return part(TagCache)


@lru_cache(maxsize=DEFINITIONS)
def definition_of(row: tuple[Any, ...], raw_from: int | None) -> TagDefinition:
    """Return the definition in the columns of ``DEFINED``; equal rows share one."""
    name, unit, valid_min, valid_max, lower, upper, description, active, group, on_conflict, *shown = row
    stale_after_s, decimals, display_name, kind, states = shown
    return TagDefinition(
        name=name,
        unit=unit,
        valid_min=valid_min,
        valid_max=valid_max,
        lower_limit=lower,
        upper_limit=upper,
        description=description,
        active=bool(active),
        raw_from=None if raw_from is None else from_micros(raw_from),
        group=group,
        stale_after_s=stale_after_s or STALE_AFTER_S,
        on_conflict=on_conflict,
        decimals=decimals,
        display_name=display_name,
        kind=kind,
        states=() if states == NO_STATES else states_of(json.loads(states)),
    )


def all_names() -> list[str]:
    """Return the names of all tags."""
    return list(Tag.objects.values_list("name", flat=True))


def lock_tags(names: Iterable[str]) -> dict[str, LockedTag]:
    """Lock the named tags that exist until the transaction ends, and return them by name.

    Take the locks in order of the names, so that two writers cannot deadlock.
    """
    locked_tags = lock_columns(list(names))
    return dict(sorted(zip(locked_tags.names, locked_tags, strict=True)))


def lock_tag(name: object) -> LockedTag | None:
    """Lock the tag of this name as ``lock_tags`` does; None if there is none."""
    return lock_tags([name]).get(name) if isinstance(name, str) else None


def lock_columns(names: Collection[str]) -> LockedTags:
    """Lock the named tags that exist as ``lock_tags`` does, and return them as columns, in any order."""
    if not names:
        return LockedTags.of([])
    if connection.vendor != "sqlite":
        return LockedTags.of(lock_rows(askable(names)))
    if len(names) < MANY:
        return LockedTags.of(locked(row[:WIDTH], *row[WIDTH:]) for row in rows_of(BOTH, askable(names)))
    return read_columns(names)


def askable(names: Iterable[str]) -> list[str]:
    """Return the names that a tag may have in any database."""
    return [name for name in names if name.isascii() and name.isprintable()]


def lock_rows(names: list[str]) -> list[LockedTag]:
    """Lock tags on PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [names])
        rows = cursor.fetchall()
        # A statement of its own: one that has waited for the lock still sees what was before.
        keys = [row[0] for row in rows]
        cursor.execute(STORED, [keys])
        stored = {tag: series for tag, *series in cursor.fetchall()}
    return [locked(row, *stored.get(row[0], NOTHING_STORED)) for row in rows]


def read_columns(names: Collection[str]) -> LockedTags:
    """Return many tags of SQLite, in a transaction that writes; read only ``series`` if all are known."""
    known, version = part(KnownTags), tags_version()
    table = known.named(names, version)
    if table is not None:
        return with_series(table)
    rows = rows_of(BOTH, askable(names))
    known.remember(
        [KnownTag(row[0], row[1:WIDTH], definition_of(row[1:WIDTH], None)) for row in rows], version
    )
    return LockedTags.of(locked(row[:WIDTH], *row[WIDTH:]) for row in rows)


def with_series(table: KnownTable) -> LockedTags:
    """Return known tags, which stand in order of the primary keys, with their rows of ``series``."""
    keys = table.pk.tolist()
    series = rows_of(STORED_SQLITE, keys)
    if len(series) < len(keys):
        stored = {row[0]: row for row in series}
        series = [stored.get(pk) or (pk, *NOTHING_STORED) for pk in keys]
    _, raw_from, *stored_columns = zip(*series, strict=True)
    if raw_from.count(None) == len(keys):
        defined = [tag.definition for tag in table.tags]
        return LockedTags([keys, defined, *stored_columns], table.definitions)
    defined = [tag.since(time_us) for tag, time_us in zip(table.tags, raw_from, strict=True)]
    oldest_us = [FIRST_MICROS if time_us is None else time_us for time_us in raw_from]
    definitions = replace(table.definitions, oldest_us=np.array(oldest_us, dtype=np.int64))
    return LockedTags([keys, defined, *stored_columns], definitions)


def rows_of(statement: str, values: Sequence[str] | Sequence[int]) -> list[tuple[Any, ...]]:
    """Return the rows of a statement of SQLite with a list of values.

    Bypass Django's cursor, which parses the text of a statement each time.
    """
    with connection.wrap_database_errors:
        found: list[tuple[Any, ...]] = connection.connection.execute(
            statement.format(values=", ".join("?" * len(values))), values
        ).fetchall()
    return found


def among(values: Sequence[object]) -> str:
    """Return the SQL after a column that must equal one of the values; ``given`` has the parameters.

    PostgreSQL gets one array: parsing a statement with a thousand placeholders takes long.
    """
    if connection.vendor == "postgresql":
        return "= ANY(%s)"
    return f"IN ({', '.join(['%s'] * len(values)) or 'NULL'})"


def given(values: list[Any]) -> list[Any]:
    """Return the parameters for ``among``."""
    return [values] if connection.vendor == "postgresql" else values


def locked(
    row: Sequence[Any],
    raw_from: int | None,
    last_us: int | None,
    recent_values: bytes | None,
    arrivals: bytes | None,
    clock_error: int,
    excluded_until_us: int | None,
    open_us: int | None,
    archived_until_us: int | None,
) -> LockedTag:
    """Return the locked tag of a row of ``tags`` and the columns of its row of ``series``."""
    return LockedTag(
        row[0],
        definition_of(tuple(row[1:]), raw_from),
        last_us,
        as_bytes(recent_values),
        as_bytes(arrivals),
        clock_error,
        excluded_until_us,
        open_us,
        archived_until_us,
    )


def as_bytes(column: Any) -> bytes | None:
    """Return a binary column's value as bytes."""
    return column if column is None or type(column) is bytes else bytes(column)
