"""Puts alarms into the database as the evaluator and people do."""

from datetime import UTC, datetime, timedelta
from typing import Any

from monitoring.alarms.definition import InForce
from monitoring.alarms.following import missing_of_vessels, write_some
from monitoring.alarms.state_machine import Act
from monitoring.alarms.writing import AlarmWriter, alarm_transaction, load_alarms
from monitoring.kernel.actor import Actor
from monitoring.kernel.clock import to_micros
from monitoring.models import AlarmDefinition, AlarmDefinitionVersion, Tag, Vessel

ANNA = Actor("anna", via="api")


def define(tag: str = "fermenter_temp", kind: str = "H", **fields: Any) -> AlarmDefinition:
    """An alarm of the tag with its version in force; the setpoint is that of the temperature unless given.

    A migration may have made one of the tag's limits already.
    """
    found, _ = AlarmDefinition.objects.update_or_create(
        tag=Tag.objects.get(name=tag), kind=kind, defaults={"setpoint": 45, "priority": "medium", **fields}
    )
    shared = {name: getattr(found, name) for name in ("setpoint", "priority", "is_latching")}
    AlarmDefinitionVersion.objects.update_or_create(
        definition=found,
        version=1000,
        defaults={
            "from_id": 0,
            "at": datetime.now(UTC) - timedelta(days=40),
            "by": "test",
            "reason": "test",
            "fields": InForce(kind, **shared).as_json(),
        },
    )
    return found


def act(
    definition: AlarmDefinition,
    *acts: Act,
    at: datetime | None = None,
    value: float | None = None,
    by: Actor = ANNA,
    **how: Any,
) -> None:
    """What the condition, a person or a timer does to the alarm, one after the other."""
    moment = at or datetime.now(UTC)
    with alarm_transaction():
        alarm, writer = load_alarms([definition])[definition.pk], AlarmWriter(moment)
        for each in acts:
            writer.act(alarm, each, by, at_us=to_micros(moment), value=value, **how)
        writer.save()


def define_of_vessel(vessel: Vessel) -> AlarmDefinition:
    """The alarm of the vessel's batches, with its version in force, as the evaluator makes it."""
    (waiting,) = missing_of_vessels([vessel], ())
    write_some(iter([waiting]), position=0, now=datetime.now(UTC) - timedelta(days=40))
    return waiting.definition
