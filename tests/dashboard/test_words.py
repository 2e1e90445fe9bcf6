"""Numbers, times and reasons in words."""

from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitoring.dashboard import words
from monitoring.history.measurements import Reason
from monitoring.kernel.tag_definition import DEFAULT_TAGS, TagDefinition


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


@pytest.mark.parametrize(
    ("value", "text"),
    [(37.128, "37.13"), (1e20, "100000000000000000000.00"), (1e21, "1e+21"), (-1.5e100, "-1.5e+100")],
)
def test_values_are_written_as_the_scripts_do(value: float, text: str) -> None:
    assert words.value_text(value, 2) == text
    assert words.short(1e100, 6) == "1e+100"


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason("above_limit", 35, 45), "above the limit 45"),
        (Reason("below_limit", 35.5, None), "below the limit 35.5"),
        (Reason("rolling_3sigma", 36.1, 38.904), "outside rolling mean ± 3σ (36.1 to 38.9)"),
        (Reason("rolling_3sigma", 50.0, 50.0), "constant before, at 50"),
        (Reason("stuck_sensor", None, None), "stuck sensor"),
    ],
)
def test_reasons(reason: Reason, text: str) -> None:
    assert words.reasons_text([reason], 2) == text
    assert words.reasons_text([reason, reason], 2) == f"{text}; {text}"


@pytest.mark.parametrize(
    ("kind", "text"), [("stuck", "Stuck"), ("step_up", "Step up"), ("step up", "Step up"), ("", "")]
)
def test_kinds(kind: str, text: str) -> None:
    assert words.kind_text(kind) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (3_599, "59 min"),
        (11_520, "3 h 12 min"),
        (93_600, "1 d 2 h"),
    ],
)
def test_durations_have_the_units_that_matter(seconds: float, text: str) -> None:
    assert words.duration_text(seconds) == text


def test_a_time_has_its_date_unless_that_is_todays_and_its_year_unless_that_is_this_one() -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert words.moment_text(now, now) == "03:04:05 UTC"
    assert words.moment_text(now.replace(day=1), now) == "1 Jan 03:04:05 UTC"
    assert words.moment_text(now.replace(year=2024), now) == "2 Jan 2024 03:04:05 UTC"
