"""Make tags from points of a source, with the mappings that feed them; ignore points, and show them again."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from auditlog.models import LogEntry
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F

from monitoring.database.write_lock import write_lock
from monitoring.models import PointState, Source, SourceMapping, SourcePoint, Tag

logger = logging.getLogger(__name__)

MOST_CHOICES = 500
OF_TAG = ("unit", "kind", "valid_min", "valid_max", "states", "display_name")
OF_MAPPING = ("factor", "offset", "value_pointer", "time_pointer", "time_format", "zone", "options")


class MakingError(ValueError):
    """Choices that cannot be followed; none was. ``problems`` has the errors by field, by place."""

    def __init__(self, problems: Mapping[int, Mapping[str, str]]) -> None:
        place, fields = next(iter(problems.items()))
        name, message = next(iter(fields.items()))
        super().__init__(f"points[{place}].{name}: {message}")
        self.problems = problems


def make_tags(source: Source, choices: Sequence[Mapping[str, Any]], by: str) -> list[str]:
    """Make the tags of the choices that do not exist, and map their points, all or none.

    Return the names of the new tags. A choice has ``address`` and ``tag``, and may have the names in
    ``OF_TAG`` and ``OF_MAPPING``; of a tag that exists already, only the name counts. ``by`` names the
    person.

    Raises:
        MakingError: a point is unknown or mapped already, a tag has invalid fields or another feeder.
    """
    with write_lock(), transaction.atomic():
        Source.objects.select_for_update().get(pk=source.pk)
        points = points_of(source, [choice["address"] for choice in choices])
        known = Tag.objects.in_bulk([choice["tag"] for choice in choices], field_name="name")
        tags = [None if choice["tag"] in known else new_tag(source, choice, by) for choice in choices]
        if problems := problems_of(choices, points, tags):
            raise MakingError(problems)
        new = [tag for tag in tags if tag is not None]
        for tag in new:
            tag.save()
        mappings = [mapping_of(source, choice, points[choice["address"]]) for choice in choices]
        SourceMapping.objects.bulk_create(mappings)
        set_state(source, points, PointState.MAPPED)
        lines = [f"{mapping.address} to {mapping.tag}" for mapping in mappings]
        record_change(source, "mappings", "; ".join(lines), by)
    return [tag.name for tag in new]


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
        Source.objects.select_for_update().get(pk=source.pk)
        points = SourcePoint.objects.filter(source=source, address__in=addresses, state=before)
        changed = sorted(points.values_list("address", flat=True))
        if changed:
            set_state(source, changed, after)
            record_change(source, f"points {after}", "; ".join(changed), by)
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


def problems_of(
    choices: Sequence[Mapping[str, Any]], points: Mapping[str, SourcePoint], tags: Sequence[Tag | None]
) -> dict[int, dict[str, str]]:
    """Return the problems of each choice that has some, by place; ``tags`` are those to make."""
    names = [choice["tag"] for choice in choices]
    fed = dict(SourceMapping.objects.filter(tag__in=names).values_list("tag", "address"))
    seen: set[str] = set()
    problems: dict[int, dict[str, str]] = {}
    for place, (choice, tag) in enumerate(zip(choices, tags, strict=True)):
        name, address = choice["tag"], choice["address"]
        found = fields_at_fault(tag)
        point = points.get(address)
        if point is None or point.state == PointState.MAPPED or address in seen:
            found["address"] = "This point is mapped already." if point else "There is no such point."
        if name in fed:
            found["tag"] = f"{name} gets the values of {fed[name]} already: one tag has one address."
        seen.add(address)
        fed.setdefault(name, address)
        if found:
            problems[place] = found
    return problems


def fields_at_fault(tag: Tag | None) -> dict[str, str]:
    """Return the error of each invalid field of a new tag; ``tag`` stands for the name."""
    if tag is None:
        return {}
    try:
        tag.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        texts = {name: " ".join(each) for name, each in error.message_dict.items()}
        return {"tag" if name == "name" else name: text for name, text in texts.items()}
    return {}


def mapping_of(source: Source, choice: Mapping[str, Any], point: SourcePoint) -> SourceMapping:
    """Return the mapping of a choice, not saved yet, with what the suggestion of the point knows."""
    given = {name: point.suggestion[name] for name in OF_MAPPING if name in point.suggestion}
    given |= {name: choice[name] for name in OF_MAPPING if choice.get(name) is not None}
    return SourceMapping(source=source, address=point.address, tag=choice["tag"], **given)


def set_state(source: Source, addresses: Iterable[str], state: PointState) -> None:
    """Set the state of points, and make processes read the source again."""
    SourcePoint.objects.filter(source=source, address__in=list(addresses)).update(state=state)
    Source.objects.filter(pk=source.pk).update(revision=F("revision") + 1, changed_at=datetime.now(UTC))


def record_change(source: Source, name: str, text: str, by: str) -> None:
    """Add a change to the audit trail."""
    LogEntry.objects.log_create(
        source, action=LogEntry.Action.UPDATE, changes={name: ["", text]}, additional_data={"by": by}
    )
    logger.info("points of a source changed", extra={"of": source.name, "change": name, "by": by})
