"""The tags of a load test."""

from monitoring.kernel.tag_definition import DEFAULT_TAGS, LOAD_GROUP, DefaultTag, TagDefinition

GROUP = LOAD_GROUP
PREFIX = "load."
MOST_TAGS = 100_000


def name_of(index: int) -> str:
    """Return the name of the tag at this index, counted from 0: ``load.00001`` is the first."""
    return f"{PREFIX}{index + 1:05}"


def pattern_of(index: int) -> DefaultTag:
    """Return the default tag that supplies range, limits and signal; tags alternate between them."""
    return DEFAULT_TAGS[index % len(DEFAULT_TAGS)]


def definition_of(index: int) -> TagDefinition:
    """Return the definition of the tag at this index."""
    pattern = pattern_of(index).definition
    return TagDefinition(
        name=name_of(index),
        unit=pattern.unit,
        valid_min=pattern.valid_min,
        valid_max=pattern.valid_max,
        lower_limit=pattern.lower_limit,
        upper_limit=pattern.upper_limit,
        description="Made by manage.py load",
        group=GROUP,
    )
