"""The tag definitions that ingestion goes by."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection

from monitoring.kernel.clock import from_micros
from monitoring.kernel.tag_definition import TagDefinition
from monitoring.models import Tag

REFRESHED_EVERY_S = 10.0
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
_last_known: dict[str, TagDefinition] | None = None
_refreshed = -REFRESHED_EVERY_S


@dataclass(frozen=True, slots=True)
class LockedTag:
    """A tag in a writer's hands; ``last_us`` is its newest measurement's time, None before the first.

    ``recent_values``, ``arrivals`` and ``clock_error`` are as in ``series``; None where not known.
    ``excluded_until_us`` is the newest excluded measurement's time, None if there is none.
    """

    pk: int
    definition: TagDefinition
    last_us: int | None
    recent_values: bytes | None
    arrivals: bytes | None = None
    clock_error: int = 0
    excluded_until_us: int | None = None


def tag_definitions() -> dict[str, TagDefinition]:
    """Every tag by name, active or not."""
    global _last_known, _refreshed
    rows = Tag.objects.values_list(*DEFINED, "group", "on_conflict", "stale_after_s")
    _last_known = {row[0]: defined(row) for row in rows}
    _refreshed = time.monotonic()
    return _last_known


def defined(row: Sequence[Any]) -> TagDefinition:
    """A tag of its columns; quicker than by way of the model, which ten thousand tags would feel."""
    *fields, group, on_conflict, stale_after_s = row
    definition = TagDefinition(*fields, group=group, on_conflict=on_conflict)  # type: ignore[misc]  # it takes them for all there are
    return replace(definition, stale_after_s=stale_after_s) if stale_after_s else definition


def last_known_definitions() -> dict[str, TagDefinition] | None:
    """The tags as this process last saw them, for use while the database is away; None if it never did."""
    return _last_known


def keep_definitions_known() -> None:
    """Looks at all tags now and then, so that ``last_known_definitions`` is not long out of date."""
    if _last_known is None or time.monotonic() - _refreshed > REFRESHED_EVERY_S:
        tag_definitions()


def all_names() -> list[str]:
    """The names of all tags."""
    return list(Tag.objects.values_list("name", flat=True))


def lock_tags(names: Iterable[str]) -> dict[str, LockedTag]:
    """These tags by name, those that exist; no other transaction writes to them until this one ends.

    Locks are taken in order of the names, so that two writers never wait for each other.
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
    """What comes behind a column that is one of the values; ``given`` goes with it.

    PostgreSQL takes them as one array: a text with a thousand places takes it long to read.
    """
    if connection.vendor == "postgresql":
        return "= ANY(%s)"
    return f"IN ({', '.join(['%s'] * len(values)) or 'NULL'})"


def given(values: list[Any]) -> list[Any]:
    """The parameters for ``among``."""
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
    """A row of the tags, with what is stored of it, as a tag in a writer's hands."""
    pk, name, unit, valid_min, valid_max, lower, upper, description, active, on_conflict = row
    definition = TagDefinition(
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
    return LockedTag(
        pk, definition, last_us, as_bytes(recent_values), as_bytes(arrivals), clock_error, excluded_until_us
    )


def as_bytes(column: Any) -> bytes | None:
    """Return a binary column's value as bytes."""
    return None if column is None else bytes(column)
