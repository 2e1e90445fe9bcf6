"""Make tags and their mappings from points that a person has ticked."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from monitoring.database.write_lock import write_lock
from monitoring.models import PointState, Source, SourceMapping, SourcePoint, Tag
from monitoring.sources.mapping_settings import (
    COLUMNS,
    MappingInput,
    MappingInputError,
    check_rows,
    fill,
    input_of,
    record_change,
)
from monitoring.sources.settings import touch

OF_TAG = ("unit", "kind", "valid_min", "valid_max", "lower_limit", "upper_limit", "states", "display_name")


def make_tags(source: Source, choices: Sequence[Mapping[str, Any]], by: str) -> list[str]:
    """Make the tags of the choices that do not exist, and map their addresses; return the names made.

    All or none. A choice has address, tag, unit, kind, valid_min, valid_max, and may have lower_limit,
    upper_limit, states, display_name, factor, offset and options. ``by`` describes the tags.

    Raises:
        MappingInputError: with the errors by field of each choice that has any.
    """
    rows = [row_of(choice) for choice in choices]
    with write_lock(), transaction.atomic():
        touch(source.pk)
        known = set(Tag.objects.filter(name__in=[row.tag for row in rows]).values_list("name", flat=True))
        tags = {row.tag: tag_of(source, choice, by) for row, choice in zip(rows, choices, strict=True)}
        new = {name: tag for name, tag in tags.items() if name not in known}
        others = [input_of(mapping) for mapping in source.mappings.all()]
        problems = check_rows(source, rows, others, new_tags=frozenset(new))
        for place, row in enumerate(rows):
            if row.tag in new and place not in problems and (errors := errors_of(new[row.tag])):
                problems[place] = errors
        if problems:
            raise MappingInputError(problems)
        for tag in new.values():
            tag.save()
        record_change(source, [], rows)
        SourceMapping.objects.bulk_create(fill(SourceMapping(source=source), row) for row in rows)
        points = SourcePoint.objects.filter(source=source, address__in=[row.address for row in rows])
        points.update(state=PointState.MAPPED)
    return list(new)


def row_of(choice: Mapping[str, Any]) -> MappingInput:
    """Return the mapping of a choice."""
    return MappingInput(**{name: value for name, value in choice.items() if name in COLUMNS})


def tag_of(source: Source, choice: Mapping[str, Any], by: str) -> Tag:
    """Return the tag of a choice, not stored yet."""
    given = {name: choice[name] for name in OF_TAG if choice.get(name) is not None}
    description = f"{choice['address']} of {source}, made by {by}"[:200]
    return Tag(name=choice["tag"], group=source.group, description=description, **given)


def errors_of(tag: Tag) -> dict[str, str]:
    """Return the errors of a tag by field."""
    try:
        tag.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        named = {"name": "tag"}
        return {named.get(name, name): " ".join(texts) for name, texts in error.message_dict.items()}
    return {}
