"""Number formats of tags, from the values that were stored last."""

from collections.abc import Iterable

import numpy as np

from monitoring.kernel.number_format import NumberFormat, format_for
from monitoring.kernel.tag_definition import TagDefinition
from monitoring.models import Series

VALUE = np.dtype("<f8")


def read_formats(tags: Iterable[TagDefinition]) -> dict[str, NumberFormat]:
    """Return the format of each tag's values by the tag's name, with one query."""
    definitions = {tag.name: tag for tag in tags}
    automatic = [name for name, tag in definitions.items() if tag.decimals is None]
    rows = Series.objects.filter(tag__name__in=automatic).values_list("tag__name", "recent_values")
    values = {name: np.frombuffer(recent, VALUE).tolist() for name, recent in rows if recent}
    return {name: format_of(tag, values.get(name, [])) for name, tag in definitions.items()}


def format_of(tag: TagDefinition, values: list[float]) -> NumberFormat:
    """Return the format of a tag with these newest values."""
    return format_for(tag.decimals, values, (tag.lower_limit, tag.upper_limit))
