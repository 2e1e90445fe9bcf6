"""The values of a definition in force now: setpoint and deadband follow from the tag where they are empty."""

from typing import Any, Protocol

from monitoring.alarms.definition import InForce, deadband_of, limit_of
from monitoring.alarms.definition_rules import COMPARED_BY_SIZE
from monitoring.alarms.kinds import LIMIT_KINDS
from monitoring.kernel.tag_definition import STALE_AFTER_S, TagDefinition
from monitoring.models import AlarmDefinition

# The columns of a definition that ``resolved`` reads.
RESOLVED = (
    *("kind", "setpoint", "deadband", "on_delay_s", "off_delay_s", "target", "target_tag_id", "window_s"),
    *("settle_s", "priority", "is_latching", "needs_acknowledgement", "realarm_after_s", "is_enabled"),
)
SIZE_DEADBAND_SHARE = 0.1  # of the setpoint of a deviation or slope


class Resolvable(Protocol):
    """A definition as an instance of the model, or as a row of the columns RESOLVED."""

    kind: Any
    setpoint: Any
    deadband: Any
    on_delay_s: Any
    off_delay_s: Any
    target: Any
    target_tag_id: Any
    window_s: Any
    settle_s: Any
    priority: Any
    is_latching: Any
    needs_acknowledgement: Any
    realarm_after_s: Any
    is_enabled: Any


def resolved(definition: Resolvable, tag: TagDefinition | None, *, is_vessel_active: bool = True) -> InForce:
    """Return the values of a definition in force now; a setpoint that follows a limit as a number."""
    setpoint = definition.setpoint
    if setpoint is None and tag is not None:
        setpoint = limit_of(definition.kind, tag)
    return InForce(
        kind=definition.kind,
        setpoint=setpoint,
        deadband=deadband_in_force(definition, setpoint, tag),
        on_delay_s=definition.on_delay_s,
        off_delay_s=definition.off_delay_s,
        target=definition.target,
        target_tag=definition.target_tag_id,
        window_s=definition.window_s,
        settle_s=definition.settle_s,
        priority=definition.priority,
        is_latching=definition.is_latching,
        needs_acknowledgement=definition.needs_acknowledgement,
        realarm_after_s=definition.realarm_after_s,
        is_enabled=definition.is_enabled and is_vessel_active and (tag is None or tag.active),
        stale_after_s=float(tag.stale_after_s) if tag is not None else float(STALE_AFTER_S),
    )


def deadband_in_force(definition: Resolvable, setpoint: float | None, tag: TagDefinition | None) -> float:
    """Return the deadband; without one 2 % of the limits' width, or 10 % of a deviation or slope."""
    if definition.deadband is not None:
        return float(definition.deadband)
    if definition.kind in LIMIT_KINDS and tag is not None:
        return deadband_of(tag)
    return abs(setpoint or 0.0) * SIZE_DEADBAND_SHARE if definition.kind in COMPARED_BY_SIZE else 0.0


def resolved_now(definition: AlarmDefinition) -> InForce:
    """Return the values in force with the definition's tag and vessel as loaded."""
    return resolved(
        definition,
        definition.tag.definition() if definition.tag else None,
        is_vessel_active=definition.vessel is None or definition.vessel.is_active,
    )
