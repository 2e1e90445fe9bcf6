"""Alarm definitions are created, changed and disabled, each time as a version with author and reason."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from monitoring.alarms.acts import writing_alarm, writing_alarms
from monitoring.alarms.definition_rules import (
    DefinitionError,
    check_condition,
    check_kind,
)
from monitoring.alarms.kinds import LIMIT_KINDS, RANK, Priority
from monitoring.alarms.resolving import resolved_now
from monitoring.alarms.state_machine import Act, Suppression
from monitoring.alarms.suppression import LONGEST_SHELF_MIN, longest_shelf_min
from monitoring.alarms.writing import Alarm, AlarmWriter, load_alarms
from monitoring.detection.detectors.settings import DETECTORS
from monitoring.kernel.actor import Actor
from monitoring.live.changes import newest_id
from monitoring.models import AlarmDefinition, AlarmDefinitionVersion

# The fields that people may change; tag, group and kind are the identity of a definition.
CHANGEABLE = (
    *("setpoint", "deadband", "on_delay_s", "off_delay_s", "target", "target_tag", "window_s"),
    *("settle_s", "priority", "alarm_class", "consequence", "action", "respond_within_s", "is_latching"),
    *("needs_acknowledgement", "longest_shelf_min", "realarm_after_s", "is_enabled"),
)


class DefinitionExistsError(Exception):
    """The tag has an alarm of this kind already; the message names its id."""


def create(definition: AlarmDefinition, *, reason: str, actor: Actor) -> None:
    """Store a new definition of a tag as version 1.

    Raises:
        DefinitionError: a field is invalid.
        DefinitionExistsError: the tag has an alarm of this kind already.
    """
    check_kind(definition.kind, DETECTORS)
    with writing_alarms() as (_, writer):
        refuse_second(definition)
        check(definition)
        definition.version = 1
        definition.save(force_insert=True)
        alarm = load_alarms([definition])[definition.pk]
        changes = {
            name: [None, value] for name, value in shown(definition).items() if value not in (None, "")
        }
        put_in_force(alarm, writer, actor, reason=reason, act="define", changes=changes)


def refuse_second(definition: AlarmDefinition) -> None:
    """Check that the tag has no alarm of this kind yet.

    Raises:
        DefinitionExistsError: the tag has one.
    """
    same = AlarmDefinition.objects.filter(tag=definition.tag, kind=definition.kind).first()
    if same is not None:
        raise DefinitionExistsError(
            f"{definition.tag} has an alarm {definition.kind} already: change it, PATCH"
            f" /alarm-definitions/{same.pk}"
        )


def change(pk: int, wanted: Mapping[str, Any], *, reason: str, actor: Actor) -> AlarmDefinition:
    """Change fields of ``CHANGEABLE``; return the definition. Equal values make no new version.

    Raises:
        UnknownAlarmError: no definition has this id.
        DefinitionError: a field is invalid.
    """
    with writing_alarm(pk) as (alarm, writer):
        definition, before = alarm.definition, shown(alarm.definition)
        rank = RANK[Priority(definition.priority)]
        for name in CHANGEABLE:
            if name in wanted:
                setattr(definition, name, wanted[name])
        after = shown(definition)
        changes = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
        if not changes:
            return definition
        check(definition)
        definition.version += 1
        definition.save()
        put_in_force(alarm, writer, actor, reason=reason, act="redefine", changes=changes)
        follow_up(alarm, writer, actor, rank_before=rank, reason=reason)
    return definition


def follow_up(alarm: Alarm, writer: AlarmWriter, actor: Actor, *, rank_before: int, reason: str) -> None:
    """End the alarm of a disabled definition; ask again for an active alarm with a higher priority."""
    if not alarm.definition.is_enabled:
        alarm.state.outside_since = alarm.state.inside_since = None
        writer.note(alarm)
        writer.act(alarm, Act.DISABLE, actor, reason=reason)
    elif RANK[Priority(alarm.definition.priority)] < rank_before:
        shorten_shelf(alarm, writer)
        writer.act(alarm, Act.REALARM, actor, reason=reason, value=alarm.state.value)


def shorten_shelf(alarm: Alarm, writer: AlarmWriter) -> None:
    """End a shelf as early as the new priority demands."""
    state = alarm.state
    if state.suppression == Suppression.SHELVED and state.suppressed_until is not None:
        latest = writer.now + timedelta(minutes=longest_shelf_min(alarm))
        state.suppressed_until = min(state.suppressed_until, latest)
        writer.note(alarm)


def put_in_force(
    alarm: Alarm, writer: AlarmWriter, actor: Actor, *, reason: str, act: str, changes: dict[str, Any]
) -> None:
    """Store the version, in force for measurements stored from now on, and the line of the journal."""
    alarm.in_force = resolved_now(alarm.definition)
    AlarmDefinitionVersion.objects.create(
        definition=alarm.definition,
        version=alarm.definition.version,
        from_id=newest_id(),
        at=writer.now,
        by=actor.by,
        reason=reason,
        fields=alarm.in_force.as_json(),
    )
    writer.record(alarm, act, actor, reason=reason, changes=changes)


def check(definition: AlarmDefinition) -> None:
    """Check a definition with what follows from the tag, and beside the tag's other alarms.

    Raises:
        DefinitionError: a field is invalid.
    """
    wanted = resolved_now(definition)
    tag = definition.tag.definition() if definition.tag else None
    check_condition(wanted, tag, limits_beside(definition))
    if wanted.target_tag is not None and wanted.target_tag == definition.tag_id:
        raise DefinitionError("expected another tag: a tag never deviates from itself", "target_tag")
    if definition.alarm_class not in dict(AlarmDefinition.CLASSES):
        raise DefinitionError(f"expected one of {', '.join(dict(AlarmDefinition.CLASSES))}", "alarm_class")
    if not 1 <= definition.longest_shelf_min <= LONGEST_SHELF_MIN:
        raise DefinitionError(f"expected 1 to {LONGEST_SHELF_MIN} minutes", "longest_shelf_min")


def limits_beside(definition: AlarmDefinition) -> dict[str, float]:
    """Return the setpoints of the tag's other enabled alarms at limits, by kind."""
    if definition.tag is None:
        return {}
    rows = AlarmDefinition.objects.select_related("tag").filter(
        tag=definition.tag, kind__in=LIMIT_KINDS, is_enabled=True
    )
    found = {row.kind: resolved_now(row).setpoint for row in rows.exclude(kind=definition.kind)}
    return {kind: setpoint for kind, setpoint in found.items() if setpoint is not None}


def shown(definition: AlarmDefinition) -> dict[str, Any]:
    """Return the fields that people may change, as values for the journal."""
    found = {name: getattr(definition, name) for name in CHANGEABLE}
    target = definition.target_tag
    return {**found, "target_tag": target.name if target else None}
