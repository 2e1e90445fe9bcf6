"""The values of an alarm definition that are in force, and those that follow from the tag. No database."""

from dataclasses import asdict, dataclass
from typing import Any

from monitoring.alarms.condition import Timing
from monitoring.alarms.kinds import Kind, Priority
from monitoring.alarms.state_machine import Rules
from monitoring.kernel.clock import SECOND_US
from monitoring.kernel.tag_definition import TagDefinition

DEADBAND_SHARE = 0.02  # of the width between the tag's limits


@dataclass(frozen=True, slots=True)
class InForce:
    """A version of a definition, with setpoint and deadband resolved to numbers of the tag's unit.

    ``setpoint`` is None for conditions that compare no value, and while the limit to follow is not set: then
    nothing is outside.
    """

    kind: str
    setpoint: float | None = None
    deadband: float = 0.0
    on_delay_s: float = 10.0
    off_delay_s: float = 10.0
    target: float | None = None
    target_tag: int | None = None
    window_s: float | None = None
    settle_s: float | None = None
    priority: str = Priority.MEDIUM
    is_latching: bool = False
    needs_acknowledgement: bool = True
    realarm_after_s: int | None = None
    is_enabled: bool = True
    stale_after_s: float = 10.0

    def as_json(self) -> dict[str, Any]:
        """Return the values for the table of versions."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "InForce":
        """Return the values of a stored version; a field that the version lacks takes the default."""
        known = cls.__dataclass_fields__
        return cls(**{name: value for name, value in stored.items() if name in known})

    @property
    def timing(self) -> Timing:
        """Return the delays in microseconds."""
        return Timing(
            round(self.on_delay_s * SECOND_US),
            round(self.off_delay_s * SECOND_US),
            round(self.stale_after_s * SECOND_US),
        )

    @property
    def rules(self) -> Rules:
        """Return the part that the state machine needs."""
        return Rules(self.is_latching, self.needs_acknowledgement)


def limit_of(kind: str, tag: TagDefinition) -> float | None:
    """Return the tag's limit that a definition without a setpoint follows."""
    if kind == Kind.HIGH:
        return tag.upper_limit
    return tag.lower_limit if kind == Kind.LOW else None


def deadband_of(tag: TagDefinition) -> float:
    """Return the deadband of a definition without one: 2 % of the width between the limits.

    Without both limits the end of the valid range takes the place of a limit.
    """
    low = tag.valid_min if tag.lower_limit is None else tag.lower_limit
    high = tag.valid_max if tag.upper_limit is None else tag.upper_limit
    return (high - low) * DEADBAND_SHARE
