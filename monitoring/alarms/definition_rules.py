"""Rules of useful alarm definitions: an alarm that can occur, and can end. No database."""

import math
from collections.abc import Collection, Mapping

from monitoring.alarms.definition import InForce
from monitoring.alarms.kinds import HIGH_KINDS, LIMIT_KINDS, VALUE_KINDS, Kind, Priority
from monitoring.kernel.tag_definition import TagDefinition

LONGEST_DELAY_S = 86_400
LONGEST_WINDOW_S = 3_600
LONGEST_SETTLE_S = 3_600
SHORTEST_WINDOW_S = 2
SHORTEST_REALARM_S = 60
SLOPES = frozenset({Kind.RISING, Kind.FALLING})
COMPARED_BY_SIZE = SLOPES | {Kind.DEVIATION}
ASCENDING = (Kind.LOW_LOW, Kind.LOW, Kind.HIGH, Kind.HIGH_HIGH)
LIMITS = {Kind.HIGH: "upper", Kind.LOW: "lower"}


class DefinitionError(ValueError):
    """An invalid definition; ``field`` is the model's field, the message has the remedy."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


def check_kind(kind: str, detectors: Collection[str]) -> None:
    """Check the kind of a new definition of a tag. ``detectors`` are those whose events may be alarms.

    Raises:
        DefinitionError: there is no such kind, or only Fermon makes alarms of this kind.
    """
    name = kind.removeprefix(Kind.EVENT)
    known = [*sorted(VALUE_KINDS), Kind.BAD.value]
    if kind not in known and (name == kind or name not in detectors):
        raise DefinitionError(
            f"expected one of {', '.join(known)}, or EVENT: with one of {', '.join(detectors)}", "kind"
        )


def check_condition(wanted: InForce, tag: TagDefinition | None, others: Mapping[str, float]) -> None:
    """Check a definition with resolved numbers.

    ``others`` has the setpoints of the tag's other enabled alarms at limits, by kind.

    Raises:
        DefinitionError: a field is invalid, or contradicts the tag or another alarm.
    """
    check_numbers(wanted)
    if wanted.priority not in set(Priority):
        raise DefinitionError(f"expected one of {', '.join(Priority)}", "priority")
    check_fields_of_kind(wanted)
    if wanted.kind not in VALUE_KINDS:
        return
    if wanted.setpoint is None:
        if wanted.is_enabled:
            raise DefinitionError(missing_setpoint(wanted.kind), "setpoint")
    elif wanted.kind in COMPARED_BY_SIZE:
        check_size(wanted, wanted.setpoint)
    elif tag is not None:
        check_level(wanted, wanted.setpoint, tag)
        check_order(wanted, wanted.setpoint, others)


def check_numbers(wanted: InForce) -> None:
    """Check the delays, the deadband and the time of the re-alarm.

    Raises:
        DefinitionError: a number is out of range.
    """
    for field in ("on_delay_s", "off_delay_s"):
        if not 0 <= getattr(wanted, field) <= LONGEST_DELAY_S:  # NaN is not, either
            raise DefinitionError(f"expected 0 to {LONGEST_DELAY_S} seconds", field)
    if not 0 <= wanted.deadband < math.inf:
        raise DefinitionError("expected 0 or more, in the tag's unit", "deadband")
    for field in ("setpoint", "target"):
        if not math.isfinite(getattr(wanted, field) or 0):
            raise DefinitionError("expected a finite number", field)
    if wanted.realarm_after_s is not None and wanted.realarm_after_s < SHORTEST_REALARM_S:
        raise DefinitionError(f"expected {SHORTEST_REALARM_S} seconds or more, or none", "realarm_after_s")


def check_fields_of_kind(wanted: InForce) -> None:
    """Check that the fields of a kind are there, and those of other kinds are not.

    Raises:
        DefinitionError: a field is missing, or has no meaning for the kind.
    """
    kind = wanted.kind
    targets = [name for name in ("target", "target_tag") if getattr(wanted, name) is not None]
    if kind == Kind.DEVIATION and len(targets) != 1:
        raise DefinitionError("expected either a constant target, or a tag (target_tag)", "target")
    if kind != Kind.DEVIATION and targets:
        raise DefinitionError(f"only a deviation alarm (DEV) has a target, not {kind}", targets[0])
    check_settling(wanted)
    if kind in SLOPES:
        if wanted.window_s is None or not SHORTEST_WINDOW_S <= wanted.window_s <= LONGEST_WINDOW_S:
            raise DefinitionError(
                f"expected {SHORTEST_WINDOW_S} to {LONGEST_WINDOW_S} seconds over which the slope counts",
                "window_s",
            )
    elif wanted.window_s is not None:
        raise DefinitionError(
            f"only a rate-of-change alarm (ROC+, ROC-) has a window, not {kind}", "window_s"
        )
    if kind not in VALUE_KINDS and wanted.setpoint is not None:
        raise DefinitionError(f"{kind} compares no value: leave the setpoint out", "setpoint")


def check_settling(wanted: InForce) -> None:
    """Check the time after a move of the setpoint in which deviations do not count.

    Raises:
        DefinitionError: the time is out of range, or no setpoint can move.
    """
    if wanted.settle_s is None:
        return
    if wanted.kind != Kind.DEVIATION or wanted.target_tag is None:
        raise DefinitionError(
            "only a deviation (DEV) from a tag (target_tag) has a settling time", "settle_s"
        )
    if not 0 <= wanted.settle_s <= LONGEST_SETTLE_S:
        raise DefinitionError(f"expected 0 to {LONGEST_SETTLE_S} seconds", "settle_s")


def missing_setpoint(kind: str) -> str:
    """Return the message for a definition without a number to compare with."""
    if kind in LIMITS:
        limit = LIMITS[Kind(kind)]
        return f"missing, and the tag has no {limit} limit to follow: give a number, or set the tag's limit"
    return f"missing; {kind} needs a number to compare with"


def check_size(wanted: InForce, setpoint: float) -> None:
    """Check a setpoint that sizes are compared with: deviations and slopes.

    Raises:
        DefinitionError: setpoint or deadband are out of range.
    """
    if setpoint <= 0:
        raise DefinitionError(f"expected more than 0: {wanted.kind} compares the size", "setpoint")
    if wanted.deadband > setpoint:
        raise DefinitionError(
            f"expected at most the setpoint, {setpoint:g}: else the alarm never ends", "deadband"
        )


def check_level(wanted: InForce, setpoint: float, tag: TagDefinition) -> None:
    """Check a setpoint that values are compared with.

    Raises:
        DefinitionError: the value can never pass the setpoint, or never come back.
    """
    if not tag.valid_min <= setpoint <= tag.valid_max:
        raise DefinitionError(
            f"{setpoint:g} lies outside the valid range {tag.valid_min:g} to {tag.valid_max:g} of {tag.name}:"
            " such readings are rejected, so this alarm could never occur",
            "setpoint",
        )
    if wanted.kind not in LIMIT_KINDS:
        return
    is_high = wanted.kind in HIGH_KINDS
    room = setpoint - tag.valid_min if is_high else tag.valid_max - setpoint
    if wanted.deadband > room:
        raise DefinitionError(
            f"expected at most {room:g}: beyond that the valid range ends, and the alarm would never end",
            "deadband",
        )


def check_order(wanted: InForce, setpoint: float, others: Mapping[str, float]) -> None:
    """Check that LL < L < H < HH holds for the tag's enabled alarms.

    Raises:
        DefinitionError: the setpoint lies on the wrong side of another one.
    """
    if wanted.kind not in LIMIT_KINDS or not wanted.is_enabled:
        return
    place = ASCENDING.index(Kind(wanted.kind))
    for other, number in others.items():
        is_below = ASCENDING.index(Kind(other)) < place
        if (number >= setpoint) if is_below else (number <= setpoint):
            word = "more" if is_below else "less"
            raise DefinitionError(f"expected {word} than {number:g}, the setpoint of {other}", "setpoint")
