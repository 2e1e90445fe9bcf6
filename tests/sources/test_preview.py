"""The outcome of a message by a mapping, before the mapping is stored."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.sources.config import MappingRule
from monitoring.sources.preview import Preview, preview

PIOREACTOR = MappingRule("pioreactor/{unit}/{run}/od/{name}", "{unit}.{name}", "/od", factor=2, offset=1)


def test_parts_of_the_address_name_the_tag_and_the_pointer_finds_the_value() -> None:
    raw = json.dumps({"od": 0.5, "timestamp": "2026-01-31T12:00:00Z"})
    assert preview(PIOREACTOR, "pioreactor/r1/x/od/od1", raw) == Preview("r1.od1", 2.0)
    assert preview(PIOREACTOR, "pioreactor/r1/x/temperature/od1", raw) is None
    assert preview(PIOREACTOR, "pioreactor/r1/x/y/od/od1", raw) is None


def test_a_point_has_the_value_alone() -> None:
    assert preview(PIOREACTOR, "pioreactor/r1/x/od/od1#/od", "0.5") == Preview("r1.od1", 2.0)
    assert preview(PIOREACTOR, "pioreactor/r1/x/od/od1#/angle", "0.5") is None
    assert preview(MappingRule("a#/od", "t"), "a#/od", "0.5") == Preview("t", 0.5)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ("21.5", r"The payload has no /od\."),
        ("{", "The payload is not JSON"),
        ('{"od": "high"}', "high"),
        ('{"od": NaN}', "nan: the device has none"),
        ("[" * 100_000, "The payload is not JSON"),
    ],
)
def test_a_message_without_a_number_says_why(raw: str, problem: str) -> None:
    found = preview(PIOREACTOR, "pioreactor/r1/x/od/od1", raw)
    assert found
    assert (found.tag, found.value) == ("r1.od1", None)
    assert re.search(problem, found.problem)


def test_a_draft_that_cannot_be_stored_has_no_value() -> None:
    assert preview(MappingRule("{a}/{a}", "{a}"), "x/x", "1") is None
    assert preview(MappingRule("{a}/x", "{b}"), "x/x", "1") == Preview(
        "{b}", problem="{b} is no part of the address."
    )
    found = preview(MappingRule("x", "t", "od"), "x", "1")
    assert found
    assert found.problem


@given(st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8))
def test_a_number_is_found_under_any_key(number: float, key: str) -> None:
    pointer = "/" + key.replace("~", "~0").replace("/", "~1") + "/1"
    assert preview(MappingRule("x", "t", pointer), "x", json.dumps({key: ["y", number]})) == Preview(
        "t", number
    )
