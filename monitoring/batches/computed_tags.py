"""Computed tags of vessels: listed, added, changed, deleted; each expression is checked before."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError

from monitoring.batches.computed_series import expression_of
from monitoring.batches.errors import BatchConflictError, BatchInputError, UnknownBatchError
from monitoring.batches.expressions import Expression, ExpressionError, parse
from monitoring.batches.finding import find_vessel, locked_vessel
from monitoring.batches.soft_sensors.catalogue import SOFT_SENSORS
from monitoring.models import ComputedTag, Tag, Vessel

FIELDS = ("name", "title", "expression", "unit")
MOST = 50  # of a vessel


def computed_tags_of(vessel_name: str) -> list[ComputedTag]:
    """Return the computed tags of a vessel by name.

    Raises:
        UnknownBatchError: there is no such vessel.
    """
    return list(find_vessel(vessel_name).computed_tags.all())


def find_computed_tag(vessel_name: str, name: str) -> ComputedTag:
    """Return a computed tag.

    Raises:
        UnknownBatchError: there is no such vessel, or the vessel has no such computed tag.
    """
    vessel = find_vessel(vessel_name)
    found = vessel.computed_tags.filter(name=name).first()
    if found is None:
        raise unknown(vessel, name)
    return found


def add_computed_tag(vessel_name: str, fields: Mapping[str, str]) -> ComputedTag:
    """Store a computed tag; ``fields`` as in ``FIELDS``.

    Raises:
        UnknownBatchError: there is no such vessel.
        BatchInputError: a field is invalid.
        BatchConflictError: the vessel has a computed tag of this name, or too many.
    """
    with locked_vessel(vessel_name) as vessel:
        if vessel.computed_tags.count() >= MOST:
            raise BatchConflictError(f"{vessel.name} has {MOST} computed tags; delete one first")
        made = ComputedTag(vessel=vessel, **{name: fields.get(name, "") for name in FIELDS})
        store(made)
    return made


def change_computed_tag(vessel_name: str, name: str, fields: Mapping[str, str]) -> ComputedTag:
    """Change the given fields of a computed tag. Earlier batches are computed by the new expression, too.

    Raises:
        UnknownBatchError, BatchInputError, BatchConflictError: as for ``add_computed_tag``.
    """
    with locked_computed_tag(vessel_name, name) as tag:
        for each in FIELDS:
            setattr(tag, each, fields.get(each, getattr(tag, each)))
        store(tag)
    return tag


def delete_computed_tag(vessel_name: str, name: str) -> None:
    """Delete a computed tag.

    Raises:
        UnknownBatchError: there is no such vessel, or the vessel has no such computed tag.
    """
    with locked_computed_tag(vessel_name, name) as tag:
        tag.delete()


@contextmanager
def locked_computed_tag(vessel_name: str, name: str) -> Iterator[ComputedTag]:
    """Lock the vessel of a computed tag for a change. Opens a transaction."""
    with locked_vessel(vessel_name) as vessel:
        tag = vessel.computed_tags.filter(name=name).first()
        if tag is None:
            raise unknown(vessel, name)
        yield tag


def unknown(vessel: Vessel, name: str) -> UnknownBatchError:
    """Return the error for a name that no computed tag of the vessel has."""
    return UnknownBatchError(
        f"{vessel.name} has no computed tag {name!r}; GET /vessels/{vessel.name}/computed-tags lists them"
    )


def store(tag: ComputedTag) -> None:
    """Check a computed tag and store it."""
    check_name(tag)
    checked_expression(tag.expression)
    try:
        tag.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise BatchInputError(messages[0], field) from error
    tag.save()


def check_name(tag: ComputedTag) -> None:
    """Check that nothing else of the vessel has the name."""
    if tag.name in SOFT_SENSORS:
        raise BatchInputError(f"{tag.name!r} is a soft sensor; choose another name", "name")
    others = ComputedTag.objects.filter(vessel=tag.vessel, name=tag.name).exclude(pk=tag.pk)
    if others.exists():
        raise BatchConflictError(
            f"name: {tag.vessel.name} has a computed tag {tag.name!r}; choose another name"
        )


def checked_expression(text: str) -> Expression:
    """Return the expression.

    Raises:
        BatchInputError: the text is no expression, has no tag, or names a tag that does not exist.
    """
    try:
        expression = parse(text)
    except ExpressionError as error:
        raise BatchInputError(str(error), "expression") from error
    if not expression.tags:
        raise BatchInputError("expected at least one tag, as {demo1.o2}", "expression")
    known = set(Tag.objects.filter(name__in=expression.tags).values_list("name", flat=True))
    for name in expression.tags:
        if name not in known:
            raise BatchInputError(f"unknown tag {name!r}; GET /tags lists them", "expression")
    return expression


def computed_tag_json(tag: ComputedTag) -> dict[str, Any]:
    """Return the JSON object of a computed tag, with the tags in its expression."""
    expression = expression_of(tag)
    tags = list(expression.tags) if expression else []
    return {name: getattr(tag, name) for name in FIELDS} | {"tags": tags}
