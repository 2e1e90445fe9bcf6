"""Rules for the moments of a batch, as the formulas read them. No database.

A rule is ``{"role": "feed_rate", "above": 0, "for_s": 180}`` (or ``below``), or ``{"role": "weight",
"falls_percent": 20, "within_s": 600}``; see ``json_fields.checked_rule``. Optional: ``function`` (measured,
setpoint, output); ``after_s``, the least time after the moment before; and ``recipe`` for the batches that a
rule starts.
"""

import math
from dataclasses import dataclass
from typing import Any

from monitoring.batches.json_fields import CONDITIONS, FUNCTIONS, checked_rule, checked_rules


@dataclass(frozen=True, slots=True)
class BatchRule:
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

    start: BatchRule | None = None
    inoculation: BatchRule | None = None
    end: BatchRule | None = None


def parse_rules(value: Any) -> VesselRules:
    """Return the rules of a vessel from its JSON.

    Raises:
        BatchInputError: the JSON is no object of rules.
    """
    return VesselRules(
        **{name: parse_rule(rule, f"rules.{name}") for name, rule in checked_rules(value).items()}
    )


def parse_rule(value: Any, field: str) -> BatchRule:
    """Return the rule of a JSON object. ``field`` names it in errors. Times are whole seconds, rounded up.

    Raises:
        BatchInputError: the value is no rule.
    """
    given = checked_rule(value, field)
    condition = next(name for name in CONDITIONS if name in given)
    return BatchRule(
        role=given["role"],
        condition=condition,
        limit=float(given[condition]),
        function=given.get("function", FUNCTIONS[0]),
        recipe=given.get("recipe", ""),
        **{name: math.ceil(given.get(name, 0)) for name in ("for_s", "within_s", "after_s")},
    )
