"""Acts of people that keep alarms quiet, and their ends: shelve, suppress by design, take out of service."""

from datetime import UTC, datetime, timedelta

from monitoring.alarms.acts import AlarmInputError, NotPermittedError, writing_alarm
from monitoring.alarms.kinds import Priority
from monitoring.alarms.state_machine import Act, NotAllowedError, Suppression, describe, state_of
from monitoring.alarms.writing import Alarm, AlarmWriter
from monitoring.kernel.actor import Actor
from monitoring.kernel.clock import iso_or_none

LONGEST_SHELF_MIN = 720
LONGEST_CRITICAL_SHELF_MIN = 60


def shelve(
    pk: int,
    *,
    minutes: int,
    reason: str,
    actor: Actor,
    may_shelve_critical: bool,
    is_one_shot: bool = False,
) -> None:
    """Keep an alarm quiet for some minutes; a one-shot shelf also ends with the alarm's condition.

    Raises:
        UnknownAlarmError: no alarm has this id.
        NotPermittedError: the alarm is critical, and the person no engineer.
        AlarmInputError: the shelf is too long for this alarm.
        NotAllowedError: the alarm is out of service, or suppressed by design.
    """
    with writing_alarm(pk) as (alarm, writer):
        is_critical = alarm.definition.priority == Priority.CRITICAL
        if is_critical and not may_shelve_critical:
            raise NotPermittedError(
                "Only an engineer may shelve a critical alarm. Acknowledge it, or ask one."
            )
        longest = longest_shelf_min(alarm)
        if not 1 <= minutes <= longest:
            raise AlarmInputError(f"expected 1 to {longest} minutes for this alarm, got {minutes}", "minutes")
        until = writer.now + timedelta(minutes=minutes)
        begin(alarm, writer, Act.SHELVE, actor, reason=reason, until=until, is_one_shot=is_one_shot)


def longest_shelf_min(alarm: Alarm) -> int:
    """Return the longest shelf of an alarm in minutes."""
    is_critical = alarm.definition.priority == Priority.CRITICAL
    limit = LONGEST_CRITICAL_SHELF_MIN if is_critical else LONGEST_SHELF_MIN
    return min(alarm.definition.longest_shelf_min, limit)


def unshelve(pk: int, *, actor: Actor, reason: str = "") -> None:
    """End a shelf before its time; a condition that still holds annunciates.

    Raises:
        UnknownAlarmError: no alarm has this id.
        NotAllowedError: the alarm is not shelved.
    """
    with writing_alarm(pk) as (alarm, writer):
        if alarm.state.suppression != Suppression.SHELVED:
            raise NotAllowedError(f"There is no shelf to end: {describe(state_of(alarm.status))}.")
        writer.act(alarm, Act.RELEASE, actor, reason=reason, value=alarm.state.value)


def suppress(pk: int, *, reason: str, actor: Actor, until: datetime | None = None) -> None:
    """Suppress an alarm by design, for example while the plant is cleaned; until a time, or until the return.

    Raises:
        UnknownAlarmError: no alarm has this id.
        AlarmInputError: the end is not in the future.
        NotAllowedError: the alarm is out of service.
    """
    silence(pk, Act.SUPPRESS, reason=reason, actor=actor, until=until)


def take_out_of_service(pk: int, *, reason: str, actor: Actor, until: datetime | None = None) -> None:
    """Take an alarm out of service, for example while the sensor is repaired.

    Raises:
        UnknownAlarmError: no alarm has this id.
        AlarmInputError: the end is not in the future.
        NotAllowedError: the alarm is out of service already.
    """
    silence(pk, Act.TAKE_OUT, reason=reason, actor=actor, until=until)


def silence(pk: int, act: Act, *, reason: str, actor: Actor, until: datetime | None) -> None:
    """Apply an act that suppresses, with reason and end."""
    if until is not None and until <= datetime.now(UTC):
        raise AlarmInputError("expected a time in the future; leave it out for no end", "until")
    with writing_alarm(pk) as (alarm, writer):
        begin(alarm, writer, act, actor, reason=reason, until=until)


def return_to_service(pk: int, *, actor: Actor, reason: str = "") -> None:
    """End a suppression by design or a time out of service; a condition that still holds annunciates.

    Raises:
        UnknownAlarmError: no alarm has this id.
        NotAllowedError: the alarm is in service, or shelved.
    """
    with writing_alarm(pk) as (alarm, writer):
        if alarm.state.suppression == Suppression.SHELVED:
            raise NotAllowedError("The alarm is shelved: end the shelf instead (unshelve).")
        writer.act(alarm, Act.RELEASE, actor, reason=reason, value=alarm.state.value)


def begin(
    alarm: Alarm,
    writer: AlarmWriter,
    act: Act,
    actor: Actor,
    *,
    reason: str,
    until: datetime | None,
    is_one_shot: bool = False,
) -> None:
    """Apply an act that suppresses; store who did so, when, why and until when."""
    if not alarm.in_force.is_enabled:
        raise NotAllowedError(
            "The alarm is disabled, or its tag or vessel is not in use: there is nothing to keep quiet."
        )
    state = alarm.state
    changes = {"until": [iso_or_none(state.suppressed_until), iso_or_none(until)]}
    done = writer.act(alarm, act, actor, reason=reason, is_one_shot=is_one_shot, changes=changes)
    if not done.is_recorded:
        raise NotAllowedError(
            "The alarm is suppressed by design already: return it first, or take it out of service."
        )
    state.suppressed_at, state.suppressed_until = writer.now, until
    state.suppressed_by, state.suppression_reason = actor.by, reason
