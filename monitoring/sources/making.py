"""Make tags from points of a source, with their mappings; ignore points, and show them again."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from auditlog.models import LogEntry
from django.core.exceptions import ValidationError
from django.db import transaction

from monitoring.database.write_lock import write_lock
from monitoring.models import PointState, Source, SourceMapping, SourcePoint, Tag
from monitoring.sources.mapping_settings import (
    MappingInput,
    MappingInputError,
    check_rows,
    input_of,
    record_change,
)
from monitoring.sources.settings import touch

logger = logging.getLogger(__name__)

MOST_CHOICES = 500
OF_TAG = ("unit", "kind", "valid_min", "valid_max", "lower_limit", "upper_limit", "states", "display_name")
OF_MAPPING = ("factor", "offset", "value_pointer", "time_pointer", "time_format", "zone", "options")


class MakingError(MappingInputError):
    """Choices that cannot be followed; none was. ``problems`` has the errors by field, by place."""

    ROWS = "points"


def make_tags(
    source: Source, choices: Sequence[Mapping[str, Any]], by: str, *, of_points: bool = False
) -> list[str]:
    """Make the tags of the choices that do not exist, and map their addresses, all or none.

    Return the names of the new tags. A choice has ``address`` and ``tag``, and may have the names in
    ``OF_TAG`` and ``OF_MAPPING``; of a tag that exists already, only the name counts. With ``of_points``,
    each address has to be a known point that feeds no tag. ``by`` names the person.

    Raises:
        MakingError: a mapping is invalid or contradicts another one, or a tag has invalid fields.
    """
    with write_lock(), transaction.atomic():
        touch(source.pk)  # locks the source: two people at once would not see each other's rows
        points = points_of(source, [choice["address"] for choice in choices])
        rows = [row_of(choice, points.get(choice["address"])) for choice in choices]
        known = Tag.objects.in_bulk([row.tag for row in rows], field_name="name")
        tags = {row.tag: new_tag(source, choice, by) for row, choice in zip(rows, choices, strict=True)}
        new = {name: tag for name, tag in tags.items() if name not in known}
        others = [input_of(mapping) for mapping in source.mappings.all()]
        problems = check_rows(source, rows, others, new_tags=frozenset(new))
        for place, row in enumerate(rows):
            found = point_problem(points.get(row.address)) if of_points else {}
            found = found or problems.get(place) or (errors_of(new[row.tag]) if row.tag in new else {})
            if found:
                problems[place] = found
        if problems:
            raise MakingError(problems)
        for tag in new.values():
            tag.save()
        SourceMapping.objects.bulk_create(SourceMapping(source=source, **row.columns) for row in rows)
        set_state(source, points, PointState.MAPPED)
        record_change(source, [], rows, by)
    return list(new)


def ignore_points(source: Source, addresses: Sequence[str], by: str) -> int:
    """Ignore unmapped points of a source: their values are neither shown nor mapped. Return how many."""
    return change_state(source, addresses, PointState.UNMAPPED, PointState.IGNORED, by)


def restore_points(source: Source, addresses: Sequence[str], by: str) -> int:
    """Show ignored points of a source again. Return how many."""
    return change_state(source, addresses, PointState.IGNORED, PointState.UNMAPPED, by)


def change_state(
    source: Source, addresses: Sequence[str], before: PointState, after: PointState, by: str
) -> int:
    """Give points in the state ``before`` another one. Return how many."""
    with write_lock(), transaction.atomic():
        touch(source.pk)
        points = SourcePoint.objects.filter(source=source, address__in=addresses, state=before)
        changed = sorted(points.values_list("address", flat=True))
        if changed:
            set_state(source, changed, after)
            record_points(source, f"points {after}", changed, by)
    return len(changed)


def points_of(source: Source, addresses: Iterable[str]) -> dict[str, SourcePoint]:
    """Return the points of these addresses by address."""
    found = SourcePoint.objects.filter(source=source, address__in=list(addresses))
    return {point.address: point for point in found}


def new_tag(source: Source, choice: Mapping[str, Any], by: str) -> Tag:
    """Return the tag of a choice, not saved yet."""
    given = {name: choice[name] for name in OF_TAG if choice.get(name) is not None}
    description = f"{choice['address']} of {source}, made by {by}"[:200]
    return Tag(name=choice["tag"], group=source.group, description=description, **given)


def row_of(choice: Mapping[str, Any], point: SourcePoint | None) -> MappingInput:
    """Return the mapping of a choice, with the parts that only the suggestion of the point has."""
    suggestion = point.suggestion if point else {}
    given = {name: suggestion[name] for name in OF_MAPPING if name in suggestion}
    given |= {name: choice[name] for name in OF_MAPPING if choice.get(name) is not None}
    return MappingInput(choice["address"], choice["tag"], **given)


def point_problem(point: SourcePoint | None) -> dict[str, str]:
    """Return the error of an address that has to be a point without a tag."""
    if point is None:
        return {"address": "There is no such point."}
    return {"address": "This point is mapped already."} if point.state == PointState.MAPPED else {}


def errors_of(tag: Tag) -> dict[str, str]:
    """Return the error of each invalid field of a new tag; ``tag`` stands for the name."""
    try:
        tag.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        texts = {name: " ".join(each) for name, each in error.message_dict.items()}
        return {"tag" if name == "name" else name: text for name, text in texts.items()}
    return {}


def set_state(source: Source, addresses: Iterable[str], state: PointState) -> None:
    """Set the state of points."""
    SourcePoint.objects.filter(source=source, address__in=list(addresses)).update(state=state)


def record_points(source: Source, name: str, addresses: Sequence[str], by: str) -> None:
    """Add a change of points to the audit trail and to the log."""
    LogEntry.objects.log_create(
        source,
        action=LogEntry.Action.UPDATE,
        changes={name: ["", "; ".join(addresses)]},
        additional_data={"by": by},
    )
    logger.info("points of a source changed", extra={"of": source.name, "change": name, "by": by})
