"""Rules, constants and headers are JSON of a fixed form."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.batches.errors import BatchInputError
from monitoring.batches.json_fields import checked_constants, checked_header, checked_rule, checked_rules

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "rule",
    [
        {"role": "feed_rate", "above": 0.0, "for_s": 180},
        {"role": "dissolved_oxygen", "function": "measured", "below": 95, "for_s": 600, "after_s": 60},
        {"role": "weight", "falls_percent": 20, "within_s": 600},
    ],
)
def test_a_rule_of_a_known_form_stays_as_given(rule: dict[str, Any]) -> None:
    assert checked_rules({"start": rule, "end": None}) == {"start": rule}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ([], "an object"),
        ({}, "'role'"),
        ({"role": "other", "above": 0, "for_s": 1}, "'role'"),
        ({"role": "ph", "function": "x", "above": 0, "for_s": 1}, "'function'"),
        ({"role": "ph", "for_s": 1}, "one of above"),
        ({"role": "ph", "above": 0, "below": 1, "for_s": 1}, "one of above"),
        ({"role": "ph", "above": 0}, "'for_s'"),
        ({"role": "ph", "above": True, "for_s": 1}, "'above'"),
        ({"role": "ph", "falls_percent": 0, "within_s": 60}, "'falls_percent'"),
        ({"role": "ph", "above": 0, "for_s": 1, "within_s": 60}, "does not go with"),
        ({"role": "ph", "above": 0, "for_s": 1, "value": 3}, "'value' is unknown"),
    ],
)
def test_a_wrong_rule_is_answered_with_the_expected_form(rule: Any, expected: str) -> None:
    with pytest.raises(BatchInputError, match=expected):
        checked_rule(rule, "rules.end")


@given(JSON)
def test_any_json_is_accepted_or_refused(value: Any) -> None:
    for check in (checked_rules, checked_constants, checked_header):
        with suppress(BatchInputError):
            assert isinstance(check(value), dict)


@pytest.mark.parametrize("header", [{"": 1}, {"a": "\x00"}, {"a": "\ud800"}, {"a": []}, {"a": 10**400}])
def test_a_header_holds_what_every_database_can_store(header: dict[str, Any]) -> None:
    with pytest.raises(BatchInputError):
        checked_header(header)
