"""Kinds of alarm conditions, priorities and classes."""

from enum import StrEnum


class Kind(StrEnum):
    """The condition of an alarm. Event and system alarms append a name: ``EVENT:stuck``, ``SYSTEM:disk``."""

    HIGH_HIGH = "HH"
    HIGH = "H"
    LOW = "L"
    LOW_LOW = "LL"
    DEVIATION = "DEV"
    RISING = "ROC+"
    FALLING = "ROC-"
    BAD = "BAD"
    DISCRETE = "DISCRETE"
    GROUP_BAD = "GROUP_BAD"
    BATCH = "BATCH"
    EVENT = "EVENT:"
    SYSTEM = "SYSTEM:"


class Priority(StrEnum):
    """The urgency of an operator's action, after ISA-18.2."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


RANK = {Priority.CRITICAL: 0, Priority.HIGH: 1, Priority.MEDIUM: 2, Priority.LOW: 3}
HIGH_KINDS = frozenset({Kind.HIGH_HIGH, Kind.HIGH})
LOW_KINDS = frozenset({Kind.LOW_LOW, Kind.LOW})
SECOND_LIMITS = frozenset({Kind.HIGH_HIGH, Kind.LOW_LOW})
LIMIT_KINDS = HIGH_KINDS | LOW_KINDS
# Conditions of a tag's own values; the others follow the clock, events or the system.
VALUE_KINDS = LIMIT_KINDS | {Kind.DEVIATION, Kind.RISING, Kind.FALLING, Kind.DISCRETE}
