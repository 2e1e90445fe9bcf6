"""Make, change and rename vessels, and bind tags to them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from monitoring.batches.errors import BatchConflictError, BatchInputError, UnknownBatchError
from monitoring.batches.finding import find_vessel, locked_vessel
from monitoring.batches.json_fields import FUNCTIONS, checked_constants, checked_rules
from monitoring.batches.vessel_roles import OTHER, ROLES
from monitoring.database.write_lock import write_lock
from monitoring.kernel.actor import Actor
from monitoring.kernel.clock import iso_utc
from monitoring.models import Tag, Vessel, VesselName, VesselTag

CHANGEABLE = (
    "title",
    "description",
    "area",
    "working_volume_l",
    "is_active",
    "rules",
    "constants",
    "uses_forest",
)
RESERVED = ("add", "of-groups")  # addresses beside those of vessels
BINDING_FIELDS = ("role", "function", "tolerance", "is_shared", "begin", "end")


def make_vessel(
    name: str,
    *,
    title: str = "",
    description: str = "",
    area: str = "",
    working_volume_l: float | None = None,
    is_active: bool = True,
    rules: Mapping[str, Any] | None = None,
    constants: Mapping[str, Any] | None = None,
    uses_forest: bool = False,
    actor: Actor,
) -> Vessel:
    """Make a vessel.

    Raises:
        BatchInputError: a field is invalid.
        BatchConflictError: another vessel has the name, or had it.
    """
    del actor  # the audit trail records the caller
    vessel = Vessel(
        name=name,
        title=title,
        description=description,
        area=area,
        working_volume_l=working_volume_l,
        is_active=is_active,
        rules=dict(rules or {}),
        constants=dict(constants or {}),
        uses_forest=uses_forest,
        made_at=datetime.now(UTC),
    )
    with naming():
        check_name(name)
        store_vessel(vessel)
    return vessel


def change_vessel(name: str, changes: Mapping[str, Any], *, actor: Actor) -> Vessel:
    """Change fields of ``CHANGEABLE``, and the ``name``; fields that are left out stay.

    Raises:
        UnknownBatchError, BatchInputError: no such vessel; a field is invalid.
        BatchConflictError: another vessel has the name, or had it.
    """
    new_name = changes.get("name", name)
    with naming() if new_name != name else nullcontext():
        present = rename_vessel(name, new_name, actor=actor).name if new_name != name else name
        with locked_vessel(present) as vessel:
            for field in CHANGEABLE:
                if field in changes:
                    setattr(vessel, field, changes[field])
            store_vessel(vessel)
    return vessel


def change_rule(name: str, moment: str, rule: Mapping[str, Any] | None, *, actor: Actor) -> Vessel:
    """Set the rule for a moment of the batches (None: no rule); the rules of the other moments stay.

    A rule is removed even if another one is invalid.

    Raises:
        UnknownBatchError, BatchInputError: no such vessel; the moment or a rule is invalid.
    """
    with locked_vessel(name) as vessel:
        if rule is None:
            vessel.rules.pop(moment, None)
            vessel.save()
            return vessel
        return change_vessel(vessel.name, {"rules": {**vessel.rules, moment: rule}}, actor=actor)


@contextmanager
def rule_as_seen(name: str, moment: str, *seen: str) -> Iterator[None]:
    """Lock a vessel whose rule for a moment is still one of ``seen`` (see ``rule_as_json``), for acts inside.

    Raises:
        UnknownBatchError: there is no such vessel.
        BatchConflictError: the rule is another one by now.
    """
    with locked_vessel(name) as vessel:
        if rule_as_json(vessel.rules.get(moment)) not in seen:
            raise BatchConflictError(
                f"the rule for {moment} of {vessel.name} has changed since this page was opened."
                " Open the page again, then repeat"
            )
        yield


def rule_as_json(rule: Mapping[str, Any] | None) -> str:
    """Return a rule (None: no rule) as a text that is the same for equal rules."""
    return json.dumps(rule, sort_keys=True)


def rename_vessel(name: str, new_name: str, *, actor: Actor) -> Vessel:
    """Give a vessel another name; the former name stays reserved, and its addresses lead to the vessel.

    Raises:
        UnknownBatchError, BatchInputError: no such vessel; the name is invalid.
        BatchConflictError: another vessel has the name, or had it.
    """
    del actor
    with naming():
        vessel = find_vessel(name)
        if vessel.name == new_name:
            return vessel
        check_name(new_name, but=vessel)
        vessel.former_names.filter(name=new_name).delete()
        VesselName.objects.create(vessel=vessel, name=vessel.name)
        vessel.name = new_name
        store_vessel(vessel)
    return vessel


@contextmanager
def naming() -> Iterator[None]:
    """Lock the names of all vessels: the unique columns alone let a name be a present and a former one.

    Raises:
        BatchConflictError: the first two vessels got the same name at once.
    """
    try:
        with write_lock(), transaction.atomic():
            list(Vessel.objects.select_for_update().order_by("pk").values_list("pk"))
            yield
    except IntegrityError as error:
        raise BatchConflictError("another vessel has got this name just now: choose another one") from error


def check_name(name: str, *, but: Vessel | None = None) -> None:
    """Check that no other vessel has or had the name.

    Raises:
        BatchInputError: the name is part of another address.
        BatchConflictError: one has or had.
    """
    if name in RESERVED:
        raise BatchInputError(f"{name!r} is part of another address: choose another name", "name")
    others = Vessel.objects.exclude(pk=but.pk) if but else Vessel.objects.all()
    found = others.filter(Q(name=name) | Q(former_names__name=name)).first()
    if found is None:
        return
    if found.name == name:
        raise BatchConflictError(f"there is a vessel {name} already: choose another name")
    raise BatchConflictError(
        f"{name} is a former name of vessel {found.name}, whose addresses stay: choose another name"
    )


def store_vessel(vessel: Vessel) -> None:
    """Check and store the fields of a vessel.

    Raises:
        BatchInputError: a field is invalid.
    """
    check_fields(vessel)
    vessel.save()


def check_fields(vessel: Vessel) -> None:
    """Check the fields of a vessel, each for itself.

    Raises:
        BatchInputError: a field is invalid.
    """
    vessel.rules, vessel.constants = checked_rules(vessel.rules), checked_constants(vessel.constants)
    try:
        vessel.full_clean(validate_unique=False)
    except ValidationError as error:
        raise first_problem(error) from error


def first_problem(error: ValidationError) -> BatchInputError:
    """Return the first message of a model's check, with the field."""
    field, messages = next(iter(error.message_dict.items()))
    return BatchInputError(" ".join(messages), field)


def bind(
    vessel: str,
    tag_name: str,
    role: str,
    function: str = "measured",
    *,
    begin: datetime | None = None,
    end: datetime | None = None,
    is_shared: bool = False,
    tolerance: float | None = None,
    actor: Actor,
) -> VesselTag:
    """Bind a tag to a vessel in a role, from ``begin`` (None: always) until ``end`` (None: open).

    Raises:
        UnknownBatchError: no such vessel.
        BatchInputError: no such tag, role or function; the end is not after the begin.
        BatchConflictError: the tag is bound at that time, or the role has another tag then.
    """
    del actor
    with locked_vessel(vessel) as row:
        binding = VesselTag(
            vessel=row,
            tag=locked_tag(tag_name),
            role=role,
            function=function,
            begin=begin,
            end=end,
            is_shared=is_shared,
            tolerance=tolerance,
        )
        store_binding(binding)
    return binding


def locked_tag(name: str) -> Tag:
    """Lock a tag, so that only one vessel binds it at a time.

    Raises:
        BatchInputError: no tag has this name.
    """
    tag = Tag.objects.select_for_update(no_key=True).filter(name=name).first()
    if tag is None:
        raise BatchInputError(f"unknown tag {name!r}; GET /tags lists them", "tag")
    return tag


def change_binding(vessel: str, pk: int, changes: Mapping[str, Any], *, actor: Actor) -> VesselTag:
    """Change fields of ``BINDING_FIELDS``; with ``end``, the tag is free for another vessel from then on.

    Raises:
        UnknownBatchError, BatchInputError, BatchConflictError: as for ``bind``.
    """
    del actor
    with locked_vessel(vessel) as row:
        binding = find_binding(row, pk)
        locked_tag(binding.tag.name)
        for field in BINDING_FIELDS:
            if field in changes:
                setattr(binding, field, changes[field])
        store_binding(binding)
    return binding


def unbind(vessel: str, pk: int, *, actor: Actor) -> None:
    """Delete a binding that was a mistake: past batches lose the tag, too. To move a tag, set the end.

    Raises:
        UnknownBatchError: no such vessel or binding.
    """
    del actor
    with locked_vessel(vessel) as row:
        find_binding(row, pk).delete()


def find_binding(vessel: Vessel, pk: int) -> VesselTag:
    """Return the binding of a vessel.

    Raises:
        UnknownBatchError: the vessel has none with this id.
    """
    found = vessel.bindings.select_related("tag").filter(pk=pk).first()
    if found is None:
        raise UnknownBatchError(f"vessel {vessel.name} has no binding {pk}; GET /vessels/{vessel.name}/tags")
    return found


def store_binding(binding: VesselTag) -> None:
    """Check and store a binding of a locked vessel and a locked tag.

    Raises:
        BatchInputError, BatchConflictError: as for ``check_binding``.
    """
    check_binding(binding)
    binding.save()


def check_binding(binding: VesselTag) -> None:
    """Check the fields of a binding, and that tag and role are free at that time.

    Raises:
        BatchInputError: a field is invalid.
        BatchConflictError: the tag is bound at that time, or the role has another tag then.
    """
    if binding.role not in ROLES:
        raise BatchInputError(f"expected one of {', '.join(ROLES)}", "role")
    if binding.function not in FUNCTIONS:
        raise BatchInputError(f"expected one of {', '.join(FUNCTIONS)}", "function")
    if binding.begin is not None and binding.end is not None and binding.end <= binding.begin:
        raise BatchInputError("expected a time after 'begin', or none for an open end", "end")
    try:
        binding.full_clean(validate_unique=False)
    except ValidationError as error:
        raise first_problem(error) from error
    check_tag_is_free(binding)
    check_role_is_free(binding)


def check_tag_is_free(binding: VesselTag) -> None:
    """Check that no other binding of the tag has a common time, unless both are shared by vessels.

    Raises:
        BatchConflictError: one has; the message names it.
    """
    others = at_the_same_time(binding).filter(tag=binding.tag_id)
    if binding.is_shared:
        others = others.filter(Q(is_shared=False) | Q(vessel=binding.vessel_id))
    found = others.select_related("vessel").first()
    if found is not None:
        raise BatchConflictError(
            f"tag {binding.tag.name} is bound to vessel {found.vessel.name} as {in_words(found)}:"
            " end that binding first, or mark both as shared"
        )


def check_role_is_free(binding: VesselTag) -> None:
    """Check that the vessel has no other tag for role and function at a common time.

    Raises:
        BatchConflictError: it has one; the message names it.
    """
    if binding.role == OTHER:
        return
    others = at_the_same_time(binding).filter(vessel=binding.vessel_id)
    same = others.filter(role=binding.role, function=binding.function)
    found = same.select_related("tag").first()
    if found is not None:
        raise BatchConflictError(
            f"vessel {binding.vessel.name} has tag {found.tag.name} as {in_words(found)}:"
            " end that binding first, or choose another role"
        )


def at_the_same_time(binding: VesselTag) -> QuerySet[VesselTag]:
    """Return the other bindings that have a time in common with this one."""
    others = VesselTag.objects.exclude(pk=binding.pk)
    if binding.end is not None:
        others = others.filter(Q(begin=None) | Q(begin__lt=binding.end))
    if binding.begin is not None:
        others = others.filter(Q(end=None) | Q(end__gt=binding.begin))
    return others


def in_words(binding: VesselTag) -> str:
    """Return role, function and time of a binding, for a message."""
    since = f" from {iso_utc(binding.begin)}" if binding.begin else ""
    until = f" until {iso_utc(binding.end)}" if binding.end else ""
    return f"{binding.role} ({binding.function}){since}{until}"
