"""Rules for the moments of a batch, read from JSON; errors tell what was expected. No database.

A rule is ``{"role": "feed_rate", "above": 0, "for_s": 180}`` (or ``below``), or ``{"role": "weight",
"falls_percent": 20, "within_s": 600}``. Optional: ``function`` (measured, setpoint, output); ``after_s``, the
least time after the moment before; and ``recipe`` for the batches that a rule starts.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from monitoring.batches.errors import BatchInputError
from monitoring.batches.vessel_roles import OTHER, ROLES

DAY_S = 86_400
LONGEST_AFTER_S = 90 * DAY_S
CONDITIONS = ("above", "below", "falls_percent")
FUNCTIONS = ("measured", "setpoint", "output")
MOMENTS = ("start", "inoculation", "end")
FIELDS = {"role", "function", *CONDITIONS, "for_s", "within_s", "after_s"}
EXAMPLE = '{"role": "feed_rate", "above": 0, "for_s": 180}'


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition on the minute means of the tag in a role.

    ``condition`` "above" or "below": the mean is beyond ``limit`` for ``for_s``. "falls_percent": the mean is
    ``limit`` percent below the highest mean of the ``within_s`` before.
    """

    role: str
    condition: str
    limit: float
    function: str = "measured"
    for_s: int = 0
    within_s: int = 0
    after_s: int = 0
    recipe: str = ""


@dataclass(frozen=True, slots=True)
class VesselRules:
    """The rules of a vessel; None: a person sets the moment."""

    start: Rule | None = None
    inoculation: Rule | None = None
    end: Rule | None = None


def parse_rules(value: Any) -> VesselRules:
    """Return the rules of a vessel from its JSON.

    Raises:
        BatchInputError: the JSON is no object of rules; the error names the field.
    """
    if not isinstance(value, dict) or set(value) - set(MOMENTS):
        raise BatchInputError(f"expected an object with a rule for any of {', '.join(MOMENTS)}", "rules")
    found = {name: parse_rule(rule, f"rules.{name}") for name, rule in value.items() if rule is not None}
    return VesselRules(**found)


def parse_rule(value: Any, field: str) -> Rule:
    """Return the rule of a JSON object. ``field`` names it in errors.

    Raises:
        BatchInputError: the value is no rule; the error names the part, as in "rules.start.for_s".
    """
    if not isinstance(value, dict):
        raise BatchInputError(f"expected a rule such as {EXAMPLE}", field)
    is_start = field == "rules.start"
    check_fields(value, FIELDS | ({"recipe"} if is_start else set()), field)
    condition = condition_of(value, field)
    return Rule(
        role=choice(value, "role", [role for role in ROLES if role != OTHER], field),
        condition=condition,
        limit=limit_of(value, condition, field),
        function=choice({"function": "measured", **value}, "function", FUNCTIONS, field),
        for_s=seconds(value, "for_s", 0, DAY_S, field),
        within_s=seconds(value, "within_s", 60 if condition == "falls_percent" else 0, DAY_S, field),
        after_s=seconds(value, "after_s", 0, LONGEST_AFTER_S, field),
        recipe=text(value, "recipe", field),
    )


def check_fields(value: dict[str, Any], known: Collection[str], field: str) -> None:
    """Check that a rule has no unknown field.

    Raises:
        BatchInputError: it has; the error names the field and the known ones.
    """
    unknown = sorted(set(value) - set(known))
    if unknown:
        raise BatchInputError(
            f"unknown field; expected any of {', '.join(sorted(known))}", f"{field}.{unknown[0]}"
        )


def condition_of(value: dict[str, Any], field: str) -> str:
    """Return the name of the condition.

    Raises:
        BatchInputError: the rule has none or several, or a time that belongs to another condition.
    """
    named = [name for name in CONDITIONS if name in value]
    if len(named) != 1:
        raise BatchInputError("expected exactly one of above, below and falls_percent", field)
    misplaced = "for_s" if named[0] == "falls_percent" else "within_s"
    if misplaced in value:
        other = "above or below" if misplaced == "for_s" else "falls_percent"
        raise BatchInputError(f"{misplaced} belongs to {other}: leave it out", f"{field}.{misplaced}")
    return named[0]


def limit_of(value: dict[str, Any], condition: str, field: str) -> float:
    """Return the limit of the condition.

    Raises:
        BatchInputError: no finite number; a fall outside 0 to 100 percent.
    """
    limit = value[condition]
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not is_finite(limit):
        raise BatchInputError("expected a number", f"{field}.{condition}")
    if condition == "falls_percent" and not 0 < limit <= 100:
        raise BatchInputError(
            "expected a fall of more than 0 and at most 100 percent", f"{field}.{condition}"
        )
    return float(limit)


def is_finite(number: float) -> bool:
    """Return whether the number is a finite float; an integer may be too large for one."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def seconds(value: dict[str, Any], name: str, least: int, most: int, field: str) -> int:
    """Return a number of whole seconds; 0 if absent and not required.

    Raises:
        BatchInputError: no integer from ``least`` to ``most``.
    """
    found = value.get(name, 0)
    if isinstance(found, bool) or not isinstance(found, int) or not least <= found <= most:
        raise BatchInputError(f"expected whole seconds from {least} to {most}", f"{field}.{name}")
    return found


def choice(value: dict[str, Any], name: str, choices: Collection[str], field: str) -> str:
    """Return one of the choices.

    Raises:
        BatchInputError: another value; the error lists the choices.
    """
    found = value.get(name)
    if not isinstance(found, str) or found not in choices:
        raise BatchInputError(f"expected one of {', '.join(choices)}", f"{field}.{name}")
    return found


def text(value: dict[str, Any], name: str, field: str) -> str:
    """Return a text; empty if absent.

    Raises:
        BatchInputError: no text.
    """
    found = value.get(name, "")
    if not isinstance(found, str):
        raise BatchInputError("expected a text", f"{field}.{name}")
    return found
