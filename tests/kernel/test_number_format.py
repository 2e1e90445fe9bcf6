"""Numbers as an operator reads them."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.kernel.number_format import (
    AGE,
    AS_TYPED,
    DURATION,
    LEAD,
    NumberFormat,
    Words,
    automatic_format,
    duration,
    format_for,
    span_text,
)
from tests.page_cases import cases

WORDS = Words("agitator_rpm", "rpm")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        *((160.2, "160 rpm"), (0.0312, "0.031 rpm"), (-2.0, "-2 rpm"), (5.2e9, "5.2e9 rpm"), (-0.0, "0 rpm")),
        *((12_345.6, "12,000 rpm"), (3e-7, "3e-7 rpm"), (math.inf, "inf rpm"), (-math.inf, "-inf rpm")),
    ],
)
def test_a_difference_has_two_digits_that_say_something(value, told):
    assert WORDS.reach(value) == told


def test_a_value_has_five_and_a_tag_without_unit_none():
    assert Words("ratio", "").amount(37.123456) == "37.123"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        *((0.25, "0.25 s"), (9.96, "10 s"), (0.00001, "0.00001 s"), (14, "14 s"), (119, "119 s")),
        *((540, "9 min"), (11_600, "3 h 13 min"), (259_200, "3 d"), (403_488_000, "12 years 9 months")),
    ],
)
def test_a_time_is_in_words(seconds, told):
    assert duration(seconds) == told


@pytest.mark.parametrize("case", cases("numbers.json", "values"))
def test_values_are_written_as_the_scripts_do(case: dict[str, Any]) -> None:
    number = NumberFormat(case["decimals"], case["mostDecimals"])
    assert number.text(case["value"]) == case["text"]
    assert number.trimmed(case["value"]) == case["trimmed"]


def test_no_limit_is_a_dash() -> None:
    assert AS_TYPED.trimmed(None) == "-"


@pytest.mark.parametrize(
    ("values", "decimals", "texts"),
    [
        # The digits of the values, whatever the valid range: one value shows how fine it is.
        ([0.35], None, ["0.35"]),
        ([6.61], None, ["6.61"]),
        ([3e-7], None, ["3e-7"]),
        ([-302.4], None, ["-302.4"]),
        ([2.3e9], None, ["2.3e9"]),
        ([-0.0004], None, ["-0.0004"]),
        ([37.0], None, ["37.00"]),
        ([1e17, 1e17 - 16], None, ["1e17", "1e17"]),
        ([1234.5], None, ["1,234.5"]),
        # Many values show it better; all of them have the same decimals.
        ([37.12, 37.1] * 5, None, ["37.12", "37.10"] * 5),
        ([300.0, 301.0] * 5, None, ["300", "301"] * 5),
        ([0.0, 1.0] * 5, None, ["0", "1"] * 5),
        ([0.0] * 10, None, ["0"] * 10),
        ([math.pi * 100] * 10, None, ["314.2"] * 10),
        ([37.12345] * 10, None, ["37.12"] * 10),
        ([3.51321e-7] * 10, None, ["3.513e-7"] * 10),
        # One value far out does not coarsen the others.
        ([37.12] * 9 + [4000.0], None, ["37.12"] * 9 + ["4,000.00"]),
        # A person has set the number of decimals.
        ([0.35, 1234.5], 0, ["0", "1,235"]),
        ([0.35], 4, ["0.3500"]),
        ([-0.0004], 1, ["0.0"]),
    ],
)
def test_decimals_follow_the_values_or_the_tag(
    values: list[float], decimals: int | None, texts: list[str]
) -> None:
    number = format_for(decimals, values)
    assert [number.text(value) for value in values] == texts


@pytest.mark.parametrize(
    ("bounds", "decimals", "most"),
    [
        ((35, 45), 2, 2),
        ((6, 8), 2, 3),
        ((250, 650), 1, 1),
        ((None, None), 2, 3),
        ((None, 0), 2, 3),
        ((0, 5e9), 0, 0),
    ],
)
def test_before_the_first_value_the_limits_show_how_large_values_are(
    bounds: tuple[float | None, float | None], decimals: int, most: int
) -> None:
    assert automatic_format([], bounds) == NumberFormat(decimals, most)


def test_a_value_finer_than_those_before_shows_its_digits() -> None:
    whole = automatic_format([300.0] * 50)
    assert [whole.text(value) for value in (302.4, 0.35, -0.0004, 1e-9)] == [
        "302.4",
        "0.35",
        "-0.0004",
        "1e-9",
    ]


def test_computed_values_have_the_decimals_of_measured_ones() -> None:
    measured = format_for(None, [6.61, 6.6] * 5)
    assert [measured.uniform.text(value) for value in (6.61234, 0.0301)] == ["6.61", "0.03"]
    assert NumberFormat(1, None).uniform == NumberFormat(1, None)
    assert format_for(None, [0.0, 1.0] * 5).uniform.text(0.4667) == "0.47"


def test_the_width_is_that_of_the_longest_text() -> None:
    assert NumberFormat(2, 2).width([35, 1045.5]) == 7  # 1,045.50
    assert NumberFormat(1, 1).width([-302.4, 7]) == 5
    assert NumberFormat(0, None).width([]) == 1


@given(st.lists(st.floats(-1e300, 1e300), max_size=60), st.none() | st.integers(0, 10))
def test_every_value_has_a_short_text_that_is_near_to_it(values: list[float], decimals: int | None) -> None:
    number = format_for(decimals, values)
    for value in values:
        text = number.text(value)
        assert len(text) <= 22
        assert not text.startswith("-") or float(text.replace(",", "")) < 0
        if decimals is None:
            assert float(text.replace(",", "")) == pytest.approx(value, rel=0.021)


@pytest.mark.parametrize("case", cases("durations.json", "spans"))
def test_durations_have_the_units_that_matter_as_on_the_page(case: dict[str, Any]) -> None:
    for name, formats in (("duration", DURATION), ("age", AGE), ("lead", LEAD)):
        assert span_text(case["seconds"], formats) == case[name]
