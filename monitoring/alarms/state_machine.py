"""The states of an alarm and the transitions between them, after ISA-18.2. Knows no database.

The state is stored as orthogonal fields; ``state_of`` derives the one state that people see.
"""

from dataclasses import dataclass, replace
from enum import StrEnum


class State(StrEnum):
    """States after ISA-18.2; the two latched states say that a reset is due."""

    NORMAL = "NORM"
    UNACKNOWLEDGED = "UNACK"
    ACKNOWLEDGED = "ACKED"
    RETURNED = "RTNUN"
    LATCHED_UNACKNOWLEDGED = "LTUNA"
    LATCHED_ACKNOWLEDGED = "LTACK"
    SHELVED = "SHLVD"
    SUPPRESSED = "DSUPR"
    OUT_OF_SERVICE = "OOSRV"


class Suppression(StrEnum):
    """Why an alarm does not annunciate."""

    NONE = ""
    SHELVED = "shelved"
    BY_DESIGN = "suppressed"
    OUT_OF_SERVICE = "out_of_service"


class Act(StrEnum):
    """A cause of a transition: the condition, a person or a timer."""

    ACTIVE = "active"
    RETURN = "return"
    ACKNOWLEDGE = "acknowledge"
    RESET = "reset"
    SHELVE = "shelve"
    SUPPRESS = "suppress"
    TAKE_OUT = "out_of_service"
    RELEASE = "release"
    REALARM = "realarm"
    DISABLE = "disable"


class NotAllowedError(Exception):
    """The state does not allow the act; the message has the remedy."""


@dataclass(frozen=True, slots=True)
class Status:
    """The orthogonal fields of an alarm. ``is_acknowledged`` is true where nothing waits for a person."""

    is_active: bool = False
    is_acknowledged: bool = True
    is_latched: bool = False
    suppression: Suppression = Suppression.NONE
    is_one_shot: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """The part of a definition that transitions depend on."""

    is_latching: bool = False
    needs_acknowledgement: bool = True


@dataclass(frozen=True, slots=True)
class Transition:
    """The status after an act. ``annunciates``: tell people, as a new occurrence.

    ``is_recorded`` is false if nothing has changed.
    """

    status: Status
    annunciates: bool = False
    is_recorded: bool = True


SUPPRESSED_STATES = {
    Suppression.SHELVED: State.SHELVED,
    Suppression.BY_DESIGN: State.SUPPRESSED,
    Suppression.OUT_OF_SERVICE: State.OUT_OF_SERVICE,
}


def state_of(status: Status) -> State:
    """Return the state that people see."""
    if status.suppression:
        return SUPPRESSED_STATES[status.suppression]
    if status.is_active:
        return State.ACKNOWLEDGED if status.is_acknowledged else State.UNACKNOWLEDGED
    if status.is_latched:
        return State.LATCHED_ACKNOWLEDGED if status.is_acknowledged else State.LATCHED_UNACKNOWLEDGED
    return State.NORMAL if status.is_acknowledged else State.RETURNED


def transition(status: Status, act: Act, rules: Rules, *, is_one_shot: bool = False) -> Transition:
    """Return the status after the act. ``is_one_shot`` ends a shelf with the condition.

    Raises:
        NotAllowedError: the state does not allow the act.
    """
    return TRANSITIONS[act](status, rules, is_one_shot)


def annunciated(status: Status, rules: Rules) -> Transition:
    """Return the active status that asks for a person, if the rules want a person."""
    return Transition(
        replace(status, is_active=True, is_latched=False, is_acknowledged=not rules.needs_acknowledgement),
        annunciates=True,
    )


def becomes_active(status: Status, rules: Rules, _: bool) -> Transition:
    if status.is_active:
        return Transition(status, is_recorded=False)
    if status.suppression:
        return Transition(replace(status, is_active=True))
    return annunciated(status, rules)


def returns(status: Status, rules: Rules, _: bool) -> Transition:
    if not status.is_active:
        return Transition(status, is_recorded=False)
    if status.suppression:
        ended = replace(status, is_active=False)
        if status.suppression is Suppression.SHELVED and status.is_one_shot:
            ended = replace(ended, suppression=Suppression.NONE, is_one_shot=False)
        return Transition(ended)
    return Transition(replace(status, is_active=False, is_latched=rules.is_latching))


def is_acknowledged(status: Status, rules: Rules, _: bool) -> Transition:
    state = state_of(status)
    if status.suppression or state is State.NORMAL:
        raise NotAllowedError(f"There is nothing to acknowledge: {describe(state)}.")
    if status.is_acknowledged:
        return Transition(status, is_recorded=False)
    return Transition(replace(status, is_acknowledged=True))


def is_reset(status: Status, rules: Rules, _: bool) -> Transition:
    state = state_of(status)
    if state is State.LATCHED_UNACKNOWLEDGED:
        raise NotAllowedError("Acknowledge the alarm before the reset.")
    if state is not State.LATCHED_ACKNOWLEDGED:
        raise NotAllowedError(f"There is nothing to reset: {describe(state)}.")
    return Transition(replace(status, is_latched=False))


def is_shelved(status: Status, rules: Rules, is_one_shot: bool) -> Transition:
    if status.suppression not in {Suppression.NONE, Suppression.SHELVED}:
        raise NotAllowedError(f"Only an alarm in service can be shelved: {describe(state_of(status))}.")
    return Transition(suppressed(status, Suppression.SHELVED, is_one_shot=is_one_shot))


def is_suppressed(status: Status, rules: Rules, _: bool) -> Transition:
    if status.suppression is Suppression.OUT_OF_SERVICE:
        raise NotAllowedError("The alarm is out of service: return it to service first.")
    if status.suppression is Suppression.BY_DESIGN:
        return Transition(status, is_recorded=False)
    return Transition(suppressed(status, Suppression.BY_DESIGN))


def is_taken_out(status: Status, rules: Rules, _: bool) -> Transition:
    if status.suppression is Suppression.OUT_OF_SERVICE:
        raise NotAllowedError("The alarm is out of service already.")
    return Transition(suppressed(status, Suppression.OUT_OF_SERVICE))


def is_released(status: Status, rules: Rules, _: bool) -> Transition:
    if not status.suppression:
        raise NotAllowedError(f"There is nothing to end: {describe(state_of(status))}.")
    free = replace(status, suppression=Suppression.NONE, is_one_shot=False)
    return annunciated(free, rules) if status.is_active else Transition(free)


def asks_again(status: Status, rules: Rules, _: bool) -> Transition:
    if state_of(status) is not State.ACKNOWLEDGED:
        return Transition(status, is_recorded=False)
    return annunciated(status, rules)


def is_disabled(status: Status, rules: Rules, _: bool) -> Transition:
    return Transition(Status(), is_recorded=status != Status())


def suppressed(status: Status, by: Suppression, *, is_one_shot: bool = False) -> Status:
    """Return the status while suppressed. What waited for a person counts as seen."""
    return replace(status, suppression=by, is_one_shot=is_one_shot, is_acknowledged=True, is_latched=False)


def describe(state: State) -> str:
    """Return the state as the end of a sentence."""
    return DESCRIPTIONS[state]


TRANSITIONS = {
    Act.ACTIVE: becomes_active,
    Act.RETURN: returns,
    Act.ACKNOWLEDGE: is_acknowledged,
    Act.RESET: is_reset,
    Act.SHELVE: is_shelved,
    Act.SUPPRESS: is_suppressed,
    Act.TAKE_OUT: is_taken_out,
    Act.RELEASE: is_released,
    Act.REALARM: asks_again,
    Act.DISABLE: is_disabled,
}
DESCRIPTIONS = {
    State.NORMAL: "the alarm is normal",
    State.UNACKNOWLEDGED: "the alarm is active and not acknowledged",
    State.ACKNOWLEDGED: "the alarm is active and acknowledged",
    State.RETURNED: "the alarm has returned to normal and is not acknowledged",
    State.LATCHED_UNACKNOWLEDGED: "the alarm is latched and not acknowledged",
    State.LATCHED_ACKNOWLEDGED: "the alarm is latched and waits for a reset",
    State.SHELVED: "the alarm is shelved",
    State.SUPPRESSED: "the alarm is suppressed by design",
    State.OUT_OF_SERVICE: "the alarm is out of service",
}
