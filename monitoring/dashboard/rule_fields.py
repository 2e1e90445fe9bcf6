"""The fields of a rule that finds a moment of a batch, in the forms of vessels and recipes.

The rule is checked where it is stored (``json_fields.checked_rule``). This module finds the field of an
error, and words what to enter.
"""

import math
from collections.abc import Collection, Mapping
from typing import Any

from django import forms

from monitoring.batches.errors import BatchInputError
from monitoring.batches.json_fields import CONDITIONS, NEEDS, NUMBERS, known_roles
from monitoring.batches.vessel_roles import ROLES
from monitoring.dashboard.batch_words import FUNCTION_WORDS, sentence
from monitoring.models import TagFunction

MINUTE_S = 60
LARGEST_WHOLE = 1e15  # below, a float holds each whole number
CONDITION_WORDS = {"above": "is above", "below": "is below", "falls_percent": "falls by (%)"}
# The field of a rule's number or name.
FIELDS = {
    **dict.fromkeys(CONDITIONS, "limit"),
    "for_s": "minutes",
    "within_s": "minutes",
    "after_s": "after",
    "role": "role",
    "function": "function",
    "recipe": "recipe",
}
PLACEHOLDER = ("", "choose")
UNBOUND = "without a tag: bind one"


def number_field(label: str, help_text: str, longest_s: float | None = None) -> forms.FloatField:
    """Return the field for a number; ``longest_s`` is the most that the rule allows, shown in minutes."""
    attrs = {"step": "any"} | ({} if longest_s is None else {"min": 0, "max": f"{longest_s / MINUTE_S:g}"})
    return forms.FloatField(
        required=False, label=label, help_text=help_text, widget=forms.NumberInput(attrs=attrs)
    )


class RuleFields(forms.Form):
    """The fields of a rule. Subclasses set the choices of ``role`` and ``condition``."""

    role = forms.ChoiceField(required=False, label="Tag in the role")
    function = forms.ChoiceField(
        required=False,
        choices=list(FUNCTION_WORDS.items()),
        initial=TagFunction.MEASURED,
        label="Of this role",
    )
    condition = forms.ChoiceField(choices=list(CONDITION_WORDS.items()), label="Condition")
    limit = number_field("Value", "In the unit of the tag; of a fall, percent.")
    minutes = number_field(
        "For, or within (min)", "Above, below: for so long. A fall: within so long.", NUMBERS["for_s"][1]
    )
    after = number_field(
        "Not before (min)", "After the moment before. Empty: at any time.", NUMBERS["after_s"][1]
    )

    def rule(self) -> dict[str, Any] | None:
        """Return the rule that a valid form gives, not checked yet; None without a condition."""
        data = self.cleaned_data
        if not (condition := data["condition"]):
            return None
        rule = {
            "role": data["role"],
            condition: whole(data["limit"]),
            NEEDS[condition]: seconds_of(data["minutes"], MINUTE_S),
        }
        function = data["function"] if data["function"] != TagFunction.MEASURED else ""
        names = {"function": function, "recipe": data.get("recipe", "")}
        after_s = seconds_of(data["after"], MINUTE_S)
        further = {} if after_s is None else {"after_s": after_s}
        return rule | further | {name: value for name, value in names.items() if value}

    def add_rule_error(self, error: BatchInputError) -> None:
        """Show an error of the rule beside its field."""
        field = FIELDS.get(error.part)
        if field in self.fields:
            self.add_error(field, rule_words(error))
        else:
            self.add_error("condition", sentence(error))


def rule_initial(rule: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the content of the form for a stored rule."""
    if not rule:
        return {}
    condition = next((name for name in CONDITIONS if name in rule), "")
    return {
        "role": rule.get("role", ""),
        "function": rule.get("function", TagFunction.MEASURED),
        "condition": condition,
        "limit": rule.get(condition),
        "minutes": shown(rule.get(NEEDS.get(condition, "")), MINUTE_S),
        "after": shown(rule.get("after_s"), MINUTE_S),
        "recipe": rule.get("recipe", ""),
    }


def rule_words(error: BatchInputError) -> str:
    """Return what to enter in the field of an error, in the unit of the form."""
    if error.part == "role":
        return "Choose the role of the tag to look at."
    if error.part in ("above", "below"):
        return "Enter a value, in the unit of the tag."
    if error.part in NUMBERS:
        lowest, highest = NUMBERS[error.part]
        unit, name = (1, "percent") if error.part == "falls_percent" else (MINUTE_S, "minutes")
        return f"Enter {name} from {lowest / unit:g} to {highest / unit:g}."
    return sentence(error)


def role_choices(bound: Collection[str] | None = None) -> list[Any]:
    """Return the roles with their units; those of ``bound`` first, as a group, if given."""
    titles = {name: f"{ROLES[name].title} ({ROLES[name].unit})" for name in known_roles()}
    if bound is None:
        return [PLACEHOLDER, *titles.items()]
    groups = {
        "with a tag of the vessel": [pair for pair in titles.items() if pair[0] in bound],
        UNBOUND: [pair for pair in titles.items() if pair[0] not in bound],
    }
    return [PLACEHOLDER, *(group for group in groups.items() if group[1])]


def seconds_of(value: float | None, unit_s: int) -> float | None:
    """Return a time in ``unit_s`` as whole seconds; an infinite one stays, to be refused."""
    if value is None:
        return None
    seconds = value * unit_s
    return round(seconds) if math.isfinite(seconds) else seconds


def shown(seconds: Any, unit_s: int) -> float | None:
    """Return seconds in ``unit_s`` for a form, exact to the second; None if there are none."""
    return None if seconds is None else whole(round(seconds / unit_s, 6))


def whole(value: float | None) -> float | None:
    """Return a whole number as such, so that it reads and is stored as entered."""
    return int(value) if value is not None and abs(value) < LARGEST_WHOLE and value == int(value) else value
