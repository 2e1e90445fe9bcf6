"""The tag definitions that ingestion goes by."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from monitoring.domain.clock import to_micros
from monitoring.domain.tags import TagDefinition
from monitoring.models import Series, Tag

REFRESHED_EVERY_S = 10.0
_last_known: dict[str, TagDefinition] | None = None
_refreshed = -REFRESHED_EVERY_S


@dataclass(frozen=True, slots=True)
class LockedTag:
    """A tag in a writer's hands; ``last_us`` is its newest measurement's time, None before the first."""

    pk: int
    definition: TagDefinition
    last_us: int | None


def tag_definitions() -> dict[str, TagDefinition]:
    """Every tag by name, active or not."""
    global _last_known, _refreshed
    _last_known = {tag.name: tag.definition() for tag in Tag.objects.all()}
    _refreshed = time.monotonic()
    return _last_known


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
    rows = list(Tag.objects.select_for_update().filter(name__in=askable).order_by("name"))
    series = {row.pk: row for row in Series.objects.filter(tag__in=[row.pk for row in rows])}
    return {row.name: locked(row, series.get(row.pk)) for row in rows}


def locked(tag: Tag, series: Series | None) -> LockedTag:
    """The tag with what is known of its measurements."""
    if series is None:
        return LockedTag(tag.pk, tag.definition(), None)
    definition = replace(tag.definition(), raw_from=series.raw_from)
    return LockedTag(tag.pk, definition, None if series.last is None else to_micros(series.last))
