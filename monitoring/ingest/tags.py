"""The tag definitions that ingestion goes by."""

from collections.abc import Iterable

from monitoring.domain.tags import TagDefinition
from monitoring.models import Tag

_last_known: dict[str, TagDefinition] | None = None


def tag_definitions() -> dict[str, TagDefinition]:
    """Every tag by name, active or not."""
    global _last_known
    _last_known = {tag.name: tag.definition() for tag in Tag.objects.all()}
    return _last_known


def last_known_definitions() -> dict[str, TagDefinition] | None:
    """The tags as this process last saw them, for use while the database is away; None if it never did."""
    return _last_known


def lock_tags(names: Iterable[str]) -> dict[str, TagDefinition]:
    """These tags by name, those that still exist; no other transaction writes to them until this one ends.

    Locks are taken in order of the names, so that two writers never wait for each other.
    """
    tags = Tag.objects.select_for_update().filter(name__in=list(names)).order_by("name")
    return {tag.name: tag.definition() for tag in tags}
