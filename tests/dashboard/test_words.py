"""Numbers, times and reasons in words."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitoring.dashboard import words
from monitoring.history.measurements import Reason
from monitoring.kernel.tag_definition import DEFAULT_TAGS, TagDefinition
from tests.page_cases import cases


@pytest.mark.parametrize(
    ("low", "high", "decimals", "digits"),
    [
        *((30, 50, 2, 4.5), (5, 9, 3, 4.5), (200, 700, 1, 4.5), (0, 20000, 0, 5), (-1, 1e-9, 3, 5.5)),
        *((-1e100, 1e100, 0, 7), (-1e308, 1e308, 0, 7), (0, 5e-324, 6, 7.5)),
    ],
)
def test_decimals_follow_the_valid_range(low: float, high: float, decimals: int, digits: float) -> None:
    tag = TagDefinition("x", "", low, high)
    assert (words.decimals_for(tag), words.digits_for(tag)) == (decimals, digits)


def test_default_tags_are_shown_as_fine_as_they_are_simulated() -> None:
    for default in DEFAULT_TAGS:
        assert words.decimals_for(default.definition) == default.profile.decimals


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_every_range_has_decimals_and_digits(one: float, other: float) -> None:
    assume(one != other)
    tag = TagDefinition("x", "", min(one, other), max(one, other))
    assert 0 <= words.decimals_for(tag) <= 6
    assert 0 < words.digits_for(tag) < 30


@pytest.mark.parametrize("case", cases("numbers.json", "values"))
def test_values_are_written_as_the_scripts_do(case: dict[str, Any]) -> None:
    assert words.value_text(case["value"], case["decimals"]) == case["text"]
    assert words.short(case["value"], case["decimals"]) == case["short"]


@pytest.mark.parametrize("case", cases("numbers.json", "reasons"))
def test_reasons(case: dict[str, Any]) -> None:
    reason, text = Reason(case["reason"], case["lower"], case["upper"]), case["text"]
    assert words.reasons_text([reason], 2) == text
    assert words.reasons_text([reason, reason], 2) == f"{text}; {text}"


@pytest.mark.parametrize(
    ("kind", "text"), [("stuck", "Stuck"), ("step_up", "Step up"), ("step up", "Step up"), ("", "")]
)
def test_kinds(kind: str, text: str) -> None:
    assert words.kind_text(kind) == text


def test_a_time_has_its_date_unless_that_is_todays_and_its_year_unless_that_is_this_one() -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert words.moment_text(now, now) == "03:04:05 UTC"
    assert words.moment_text(now.replace(day=1), now) == "1 Jan 03:04:05 UTC"
    assert words.moment_text(now.replace(year=2024), now) == "2 Jan 2024 03:04:05 UTC"
