"""The tags of a load test."""

from monitoring.kernel.tag_definition import DEFAULT_TAGS, DefaultTag, TagDefinition

GROUP = "load"
PREFIX = "load."
MOST_TAGS = 100_000


def name_of(place: int) -> str:
    """The name of the tag at this place, counted from 0: ``load.00001`` is the first."""
    return f"{PREFIX}{place + 1:05}"


def pattern_of(place: int) -> DefaultTag:
    """The default tag whose range, limits and signal it has; they take turns."""
    return DEFAULT_TAGS[place % len(DEFAULT_TAGS)]


def definition_of(place: int) -> TagDefinition:
    """The tag at this place."""
    pattern = pattern_of(place).definition
    return TagDefinition(
        name=name_of(place),
        unit=pattern.unit,
        valid_min=pattern.valid_min,
        valid_max=pattern.valid_max,
        lower_limit=pattern.lower_limit,
        upper_limit=pattern.upper_limit,
        description="Made by manage.py load",
        group=GROUP,
    )
