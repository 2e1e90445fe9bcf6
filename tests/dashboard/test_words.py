"""Numbers, times and reasons in words."""

from datetime import UTC, datetime
from typing import Any

import pytest

from monitoring.dashboard import words
from monitoring.history.measurements import Reason
from monitoring.kernel.number_format import NumberFormat
from tests.page_cases import cases


@pytest.mark.parametrize("case", cases("numbers.json", "names"))
def test_a_line_may_break_between_the_parts_of_a_name(case: dict[str, Any]) -> None:
    assert words.name_parts(case["name"]) == case["parts"]


@pytest.mark.parametrize("case", cases("numbers.json", "reasons"))
def test_reasons(case: dict[str, Any]) -> None:
    reason, text = Reason(case["reason"], case["lower"], case["upper"]), case["text"]
    assert words.reasons_text([reason], NumberFormat(2, 2)) == text
    assert words.reasons_text([reason, reason], NumberFormat(2, 2)) == f"{text}; {text}"


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
