"""The outcome of a message by a mapping, before the mapping is stored."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.sources.config import MappingRule
from monitoring.sources.pointers import pointer_text
from monitoring.sources.preview import Preview, preview, value_of

PIOREACTOR = MappingRule("pioreactor/{unit}/{run}/od/{name}", "{unit}.{name}", "/od", factor=2, offset=1)
TIMED = MappingRule("r1", "a", "/od", time_pointer="/at", time_format="iso")


def test_parts_of_the_address_name_the_tag_and_the_pointer_finds_the_value() -> None:
    raw = json.dumps({"od": 0.5, "timestamp": "2026-01-31T12:00:00Z"})
    assert preview(PIOREACTOR, "pioreactor/r1/x/od/od1", raw) == Preview("r1.od1", 2.0)
    assert preview(PIOREACTOR, "pioreactor/r1.2/x/od/od1#/od", raw) == Preview("r1_2.od1", 2.0)
    assert preview(PIOREACTOR, "pioreactor/r1/x/od/od1#/angle", raw) is None
    assert preview(MappingRule("r1#/od", ""), "r1", raw) == Preview("", 0.5)
    assert preview(PIOREACTOR, "pioreactor/r1/x/temperature/od1", raw) is None
    assert preview(PIOREACTOR, "pioreactor/r1/x/y/od/od1", raw) is None


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ("21.5", "The payload has no /od."),
        ("{", "The payload is not JSON"),
        ('{"od": "high"}', "Expected a number, not 'high'."),
        ('{"od": NaN}', "The value is nan"),
        ('{"od": null}', "The value is null"),
        ("[" * 100_000, "The payload is not JSON"),
    ],
)
def test_a_message_without_a_number_says_why(raw: str, problem: str) -> None:
    outcome = preview(PIOREACTOR, "pioreactor/r1/x/od/od1", raw)
    assert outcome is not None
    assert (outcome.tag, outcome.value) == ("r1.od1", None)
    assert problem in outcome.problem


def test_the_time_of_a_message_counts_unless_the_source_uses_the_time_of_receipt() -> None:
    assert preview(TIMED, "r1", '{"od": 1, "at": "2026-01-31T12:00:00Z"}') == Preview("a", 1.0)
    assert preview(TIMED, "r1", '{"od": 1}') == Preview("a", problem="The payload has no /at.")
    assert preview(TIMED, "r1", '{"od": 1}', uses_receive_time=True) == Preview("a", 1.0)


def test_a_draft_that_is_no_pattern_matches_nothing() -> None:
    assert preview(MappingRule("{a}/{a}", "{a}"), "x/x", "1") is None
    unknown = preview(MappingRule("{a}", "{b}"), "x", "1")
    assert unknown == Preview("{b}", problem="The address has no part {b}. Its parts: {a}.")
    assert preview(MappingRule("x", "t", "od"), "x", "1") == Preview(
        "t", problem="Start a JSON pointer with '/', as in /od."
    )


@given(st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8))
def test_a_number_is_found_under_any_key(number: float, key: str) -> None:
    rule = MappingRule("a", "a", pointer_text([key, "1"]))
    assert value_of(rule, json.dumps({key: ["x", number]})) == number
    assert value_of(MappingRule("a", "a"), f" {number!r} ") == number
