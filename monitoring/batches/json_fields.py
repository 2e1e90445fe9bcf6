"""Check the JSON fields of vessels, recipes and batches: rules, constants, header. Pure."""

import math
import re
from collections.abc import Mapping
from typing import Any

from monitoring.batches.errors import BatchInputError
from monitoring.batches.soft_sensors.constants import constant_error
from monitoring.batches.vessel_roles import OTHER, ROLES

MOMENTS = ("start", "inoculation", "end")
FUNCTIONS = ("measured", "setpoint", "output")
DAY_S = 24 * 3600
LONGEST_S = 30 * DAY_S  # of the time after which a rule counts
CONDITIONS = ("above", "below", "falls_percent")
NUMBERS = {
    "above": (-1e100, 1e100),
    "below": (-1e100, 1e100),
    "for_s": (0, DAY_S),
    "falls_percent": (0.1, 100),
    "within_s": (60, DAY_S),
    "after_s": (0, LONGEST_S),
}
# The further numbers that a condition needs.
NEEDS = {"above": "for_s", "below": "for_s", "falls_percent": "within_s"}
START = "rules.start"
RULE_FIELDS = frozenset({"role", "function", *NUMBERS})
MOST_ENTRIES = 50
LONGEST_TEXT = 500
FIELD_NAME = re.compile(r"[^\x00-\x1f\ud800-\udfff]{1,64}")
TEXT = re.compile(rf"[^\x00\ud800-\udfff]{{0,{LONGEST_TEXT}}}", re.DOTALL)
EXAMPLE = '{"role": "feed_rate", "above": 0, "for_s": 180}'


def checked_rules(rules: Any) -> dict[str, dict[str, Any]]:
    """Return the rules of a vessel by moment, without those that are null.

    Raises:
        BatchInputError: a moment is unknown or a rule is invalid.
    """
    given = checked_object(rules, "rules")
    for moment in given:
        if moment not in MOMENTS:
            raise BatchInputError(f"expected rules for {', '.join(MOMENTS)}, got {moment[:40]!r}", "rules")
    return {
        moment: checked_rule(rule, f"rules.{moment}") for moment, rule in given.items() if rule is not None
    }


def checked_rule(rule: Any, field: str) -> dict[str, Any]:
    """Return a rule: a role's tag above or below a value for some time, or falling by percent within a time.

    The rule for the start may name the recipe of the batches.

    Raises:
        BatchInputError: the rule has another form; the message shows an example.
    """
    given = checked_object(rule, field)
    recipe = {"recipe"} if field == START else set()
    if unknown := set(given) - RULE_FIELDS - recipe:
        raise BatchInputError(f"{min(unknown)[:40]!r} is unknown; expected a rule as {EXAMPLE}", field)
    if not is_text(given.get("recipe", "")):
        raise BatchInputError("expected 'recipe' to be the name of a recipe", field, "recipe")
    check_channel(given, field)
    stated = [name for name in CONDITIONS if name in given]
    if len(stated) != 1:
        raise BatchInputError(f"expected one of {', '.join(CONDITIONS)}, as in {EXAMPLE}", field)
    wanted = {stated[0], NEEDS[stated[0]]}
    for name in NUMBERS:
        if name in given and name not in wanted | {"after_s"}:
            raise BatchInputError(f"{name!r} does not go with {stated[0]!r}", field)
        if name in given or name in wanted:
            check_number(given.get(name), name, field)
    return given


def check_channel(rule: Mapping[str, Any], field: str) -> None:
    """Check role and function of a rule.

    Raises:
        BatchInputError: one is unknown.
    """
    role = rule.get("role")
    if not isinstance(role, str) or role not in ROLES or role == OTHER:
        raise BatchInputError(f"expected 'role' to be one of {', '.join(known_roles())}", field, "role")
    if rule.get("function", FUNCTIONS[0]) not in FUNCTIONS:
        raise BatchInputError(f"expected 'function' to be one of {', '.join(FUNCTIONS)}", field, "function")


def known_roles() -> list[str]:
    """Return the roles that rules and formulas can refer to."""
    return [name for name in ROLES if name != OTHER]


def check_number(value: Any, name: str, field: str) -> None:
    """Check a number of a rule.

    Raises:
        BatchInputError: it is missing, no number, or out of range.
    """
    lowest, highest = NUMBERS[name]
    if not is_finite(value) or not lowest <= value <= highest:
        raise BatchInputError(f"expected {name!r} to be a number from {lowest:g} to {highest:g}", field, name)


def checked_constants(constants: Any) -> dict[str, float]:
    """Return the constants of a vessel: numbers by the names that soft sensors know.

    Raises:
        BatchInputError: a name is unknown, or a value out of range.
    """
    given = checked_object(constants, "constants")
    for name, value in given.items():
        if (error := constant_error(name, value)) is not None:
            raise BatchInputError(error, "constants")
    return given


def checked_header(header: Any) -> dict[str, Any]:
    """Return the further fields of a batch: texts, numbers, yes or no, or nothing, by name.

    Raises:
        BatchInputError: a name or a value is invalid.
    """
    given = checked_object(header, "header")
    for name, value in given.items():
        if not FIELD_NAME.fullmatch(name):
            raise BatchInputError(
                f"expected names of 1 to 64 characters, got {name[:40]!a}", "header", "name"
            )
        if not (value is None or isinstance(value, bool) or is_finite(value) or is_text(value)):
            raise BatchInputError(
                f"expected {name[:40]!a} to be a text of up to {LONGEST_TEXT} characters or a number",
                "header",
                "value",
            )
    return given


def checked_object(value: Any, field: str) -> dict[str, Any]:
    """Return a copy of a JSON object.

    Raises:
        BatchInputError: it is another value, or too large.
    """
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise BatchInputError("expected an object", field)
    if len(value) > MOST_ENTRIES:
        raise BatchInputError(f"expected at most {MOST_ENTRIES} entries", field)
    return dict(value)


def is_text(value: Any) -> bool:
    """Return whether the value is a text that every database can store."""
    return isinstance(value, str) and TEXT.fullmatch(value) is not None


def is_finite(value: Any) -> bool:
    """Return whether the value is a number that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False
