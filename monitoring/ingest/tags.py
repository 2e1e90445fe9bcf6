"""The tag definitions that ingestion uses, and the locks on tags."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection

from monitoring.kernel.clock import from_micros
from monitoring.kernel.runtime import part
from monitoring.kernel.tag_definition import TagDefinition
from monitoring.models import Tag

REFRESHED_EVERY_S = 10.0
DEFINITIONS = 20_000  # kept for tags that are locked again
NOTHING_STORED = (None, None, None, None, 0, None)
# What TagDefinition begins with, in its order; raw_from follows.
DEFINED = (
    "name",
    "unit",
    "valid_min",
    "valid_max",
    "lower_limit",
    "upper_limit",
    "description",
    "active",
)
LOCK = """
    SELECT id, name, unit, valid_min, valid_max, lower_limit, upper_limit, description, active, on_conflict
    FROM tags
    WHERE name {among} ORDER BY name {lock}
"""
STORED = """
    SELECT tag, raw_from, last, recent_values, arrivals, clock_error, excluded_until
    FROM series WHERE tag {among}
"""


class LockedTag(NamedTuple):
    """A tag that the current transaction has locked, with its row of ``series``.

    ``last_us`` is the time of the newest measurement, ``excluded_until_us`` that of the newest excluded one,
    both in microseconds since 1970, None if there is none. ``recent_values``, ``arrivals`` and
    ``clock_error`` are the columns of ``series``; None if not known.
    """

    pk: int
    definition: TagDefinition
    last_us: int | None
    recent_values: bytes | None
    arrivals: bytes | None = None
    clock_error: int = 0
    excluded_until_us: int | None = None


class TagCache:
    """The tag definitions as this process last read them, for use while the database is away.

    ``definitions`` has every tag by name, active or not; None before the first read.
    """

    def __init__(self) -> None:
        self.definitions: dict[str, TagDefinition] | None = None
        self._read_at = -REFRESHED_EVERY_S

    def read(self) -> dict[str, TagDefinition]:
        """Read every tag from the database."""
        rows = Tag.objects.values_list(*DEFINED, "group", "on_conflict", "stale_after_s")
        self.definitions = {row[0]: defined(row) for row in rows}
        self._read_at = time.monotonic()
        return self.definitions

    def refresh_if_old(self) -> None:
        """Read the tags if the last read was more than ``REFRESHED_EVERY_S`` ago."""
        if self.definitions is None or time.monotonic() - self._read_at > REFRESHED_EVERY_S:
            self.read()


def tag_cache() -> TagCache:
    """Return the tag definitions of this process."""
    return part(TagCache)


def defined(row: Sequence[Any]) -> TagDefinition:
    """Return the definition in a row; building models takes noticeably longer with ten thousand tags."""
    *fields, group, on_conflict, stale_after_s = row
    definition = TagDefinition(*fields, group=group, on_conflict=on_conflict)  # type: ignore[misc]  # it takes them for all there are
    return replace(definition, stale_after_s=stale_after_s) if stale_after_s else definition


def all_names() -> list[str]:
    """Return the names of all tags."""
    return list(Tag.objects.values_list("name", flat=True))


def lock_tags(names: Iterable[str]) -> dict[str, LockedTag]:
    """Lock the named tags that exist until the transaction ends, and return them by name.

    Take the locks in order of the names, so that two writers cannot deadlock.
    """
    askable = [name for name in names if name.isascii() and name.isprintable()]  # in any database
    if not askable:
        return {}
    lock = "FOR NO KEY UPDATE" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(LOCK.format(among=among(askable), lock=lock), given(askable))
        rows = cursor.fetchall()
        # A statement of its own: one that has waited for the lock still sees what was before.
        keys = [row[0] for row in rows]
        cursor.execute(STORED.format(among=among(keys)), given(keys))
        stored = {tag: series for tag, *series in cursor.fetchall()}
    return {row[1]: locked(row, *stored.get(row[0], NOTHING_STORED)) for row in rows}


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
) -> LockedTag:
    """Return the locked tag of a row of ``tags`` and the columns of its row of ``series``."""
    return LockedTag(
        row[0],
        locked_definition(tuple(row[1:]), raw_from),
        last_us,
        as_bytes(recent_values),
        as_bytes(arrivals),
        clock_error,
        excluded_until_us,
    )


@lru_cache(maxsize=DEFINITIONS)
def locked_definition(row: tuple[Any, ...], raw_from: int | None) -> TagDefinition:
    """Return the definition in the columns of ``LOCK`` from ``name`` on; equal rows share one."""
    name, unit, valid_min, valid_max, lower, upper, description, active, on_conflict = row
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
        on_conflict=on_conflict,
    )


def as_bytes(column: Any) -> bytes | None:
    """Return a binary column's value as bytes."""
    return column if column is None or type(column) is bytes else bytes(column)
