"""Rules as the formulas read them."""

import pytest

from monitoring.batches.errors import BatchInputError
from monitoring.batches.rules.rule import BatchRule, VesselRules, parse_rule, parse_rules


def test_a_vessel_has_a_rule_for_each_moment() -> None:
    inoculation = {"role": "dissolved_oxygen", "below": 95, "for_s": 599.5, "after_s": 3600}
    assert parse_rules(
        {
            "start": {"role": "weight", "above": 5, "for_s": 60, "recipe": "fed-batch"},
            "inoculation": inoculation,
            "end": {"role": "weight", "falls_percent": 20, "within_s": 600, "function": "setpoint"},
        }
    ) == VesselRules(
        start=BatchRule("weight", "above", 5, for_s=60, recipe="fed-batch"),
        inoculation=BatchRule("dissolved_oxygen", "below", 95, for_s=600, after_s=3600),
        end=BatchRule("weight", "falls_percent", 20, function="setpoint", within_s=600),
    )
    assert parse_rules({}) == parse_rules({"end": None}) == VesselRules()


def test_only_the_start_has_a_recipe() -> None:
    feed = {"role": "feed_rate", "above": 0, "for_s": 180}
    with pytest.raises(BatchInputError, match="'recipe' is unknown"):
        parse_rule(feed | {"recipe": "fed-batch"}, "rules.end")
    with pytest.raises(BatchInputError, match="the name of a recipe"):
        parse_rule(feed | {"recipe": 5}, "rules.start")
