"""The outcome of a message by a mapping, before the mapping is stored."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.sources.config import MappingRule
from monitoring.sources.preview import Preview, preview, value_of

PIOREACTOR = MappingRule("pioreactor/{unit}/{run}/od/{name}", "{unit}.{name}", "/od", factor=2, offset=1)


def test_parts_of_the_address_name_the_tag_and_the_pointer_finds_the_value() -> None:
    raw = json.dumps({"od": 0.5, "timestamp": "2026-01-31T12:00:00Z"})
    assert preview(PIOREACTOR, "pioreactor/r1/x/od/od1", raw) == Preview("r1.od1", 2.0)
    assert preview(PIOREACTOR, "pioreactor/r1/x/temperature/od1", raw) is None
    assert preview(PIOREACTOR, "pioreactor/r1/x/y/od/od1", raw) is None


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ("21.5", "the payload has nothing at 'od'"),
        ("{", "the payload is no JSON"),
        ('{"od": "high"}', "'high' is no number"),
        ('{"od": NaN}', "'nan' is no finite number"),
        ('{"od": null}', "'None' is no number"),
        ("[" * 100_000, "the payload is no JSON"),
    ],
)
def test_a_message_without_a_number_says_why(raw: str, problem: str) -> None:
    assert preview(PIOREACTOR, "pioreactor/r1/x/od/od1", raw) == Preview("r1.od1", problem=problem)


def test_an_address_with_one_part_twice_matches_nothing() -> None:
    assert preview(MappingRule("{a}/{a}", "{a}"), "x/x", "1") is None


@given(st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8))
def test_a_number_is_found_under_any_key(number: float, key: str) -> None:
    pointer = "/" + key.replace("~", "~0").replace("/", "~1") + "/1"
    assert value_of(json.dumps({key: ["x", number]}), pointer) == number
    assert value_of(f" {number!r} ", "") == number
    assert math.isfinite(number)
