"""Numbers as an operator reads them."""

from typing import Any

import pytest

from monitoring.kernel.number_format import AGE, DURATION, LEAD, Words, duration, span_text
from tests.page_cases import cases

WORDS = Words("agitator_rpm", "rpm")


@pytest.mark.parametrize(
    ("value", "told"),
    [(160.2, "160 rpm"), (0.0312, "0.031 rpm"), (-2.0, "-2 rpm"), (5.2e9, "5200000000 rpm")],
)
def test_a_difference_has_two_digits_that_say_something(value, told):
    assert WORDS.reach(value) == told


def test_a_value_has_five_and_a_tag_without_unit_none():
    assert Words("ratio", "").amount(37.123456) == "37.123"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.25, "0.25 s"), (14, "14 s"), (119, "119 s"), (540, "9 min"), (11_600, "3.22 h"), (259_200, "3 d")],
)
def test_a_time_is_as_short_as_it_is_exact_enough(seconds, told):
    assert duration(seconds) == told


@pytest.mark.parametrize("case", cases("durations.json", "spans"))
def test_durations_have_the_units_that_matter_as_on_the_page(case: dict[str, Any]) -> None:
    for name, formats in (("duration", DURATION), ("age", AGE), ("lead", LEAD)):
        assert span_text(case["seconds"], formats) == case[name]
