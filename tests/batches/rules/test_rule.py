"""Rules as JSON: what is accepted, and the errors that lead to it."""

from typing import Any

import pytest

from monitoring.batches.errors import BatchInputError
from monitoring.batches.rules.rule import Rule, VesselRules, parse_rule, parse_rules

FEED = {"role": "feed_rate", "above": 0, "for_s": 180}


def test_a_vessel_has_a_rule_for_each_moment() -> None:
    assert parse_rules(
        {
            "start": {"role": "weight", "above": 5, "recipe": "fed-batch"},
            "inoculation": {"role": "dissolved_oxygen", "below": 95, "for_s": 600, "after_s": 3600},
            "end": {"role": "weight", "falls_percent": 20, "within_s": 600},
        }
    ) == VesselRules(
        start=Rule("weight", "above", 5, recipe="fed-batch"),
        inoculation=Rule("dissolved_oxygen", "below", 95, for_s=600, after_s=3600),
        end=Rule("weight", "falls_percent", 20, within_s=600),
    )
    assert parse_rules({}) == parse_rules({"end": None}) == VesselRules()


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"role": "feed"}, "role", "one of temperature, ph"),
        ({"role": "other"}, "role", "one of temperature, ph"),
        ({"function": "goal"}, "function", "measured, setpoint, output"),
        ({"below": 3}, "", "exactly one of above, below and falls_percent"),
        ({"above": "high"}, "above", "a number"),
        ({"above": True}, "above", "a number"),
        ({"above": float("nan")}, "above", "a number"),
        ({"above": 10**400}, "above", "a number"),
        ({"for_s": -1}, "for_s", "whole seconds from 0 to 86400"),
        ({"for_s": 1.5}, "for_s", "whole seconds"),
        ({"within_s": 60}, "within_s", "belongs to falls_percent"),
        ({"after": 60}, "after", "unknown field; expected any of above, after_s"),
        ({"recipe": "fed-batch"}, "recipe", "unknown field"),
    ],
)
def test_an_error_names_the_field_and_what_is_expected(
    change: dict[str, Any], field: str, expected: str
) -> None:
    with pytest.raises(BatchInputError, match=expected) as error:
        parse_rule(FEED | change, "rules.end")
    assert error.value.field == f"rules.end.{field}".rstrip(".")


@pytest.mark.parametrize(
    ("rule", "field", "expected"),
    [
        ({"falls_percent": 0, "within_s": 600}, "falls_percent", "at most 100"),
        ({"falls_percent": 20}, "within_s", "from 60 to 86400"),
        ({"falls_percent": 20, "within_s": 600, "for_s": 60}, "for_s", "belongs to above or below"),
    ],
)
def test_a_fall_needs_a_time_within_which_it_happens(rule: dict[str, Any], field: str, expected: str) -> None:
    with pytest.raises(BatchInputError, match=expected) as error:
        parse_rule({"role": "weight", **rule}, "rules.end")
    assert error.value.field == f"rules.end.{field}"


@pytest.mark.parametrize("value", [None, [], {"begin": FEED}, "x"])
def test_rules_are_an_object_of_moments(value: Any) -> None:
    with pytest.raises(BatchInputError, match="any of start, inoculation, end"):
        parse_rules(value)


def test_a_rule_is_an_object_and_the_recipe_of_a_start_a_text() -> None:
    with pytest.raises(BatchInputError, match="such as"):
        parse_rules({"end": 5})
    with pytest.raises(BatchInputError, match="a text"):
        parse_rules({"start": FEED | {"recipe": 5}})
