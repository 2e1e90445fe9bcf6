"""The line about the data connection when the page is first painted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.dashboard.link import link_of, link_without_database
from monitoring.dashboard.words import moment_text, problem_lines
from tests.page_cases import cases

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize("case", cases("link.json", "links"))
def test_the_state_and_the_sentence_are_those_of_the_scripts(case: dict[str, Any]) -> None:
    age = case["newestAgeS"]
    newest = None if age is None else NOW - timedelta(seconds=age)
    link = link_of(newest, 300, NOW)
    time = moment_text(newest, NOW) if newest else ""
    assert (link.state, link.detail) == (case["state"], case["detail"].replace("{time}", time))


@pytest.mark.parametrize("case", cases("link.json", "failures"))
def test_without_the_database_the_line_tells_since_when(case: dict[str, Any]) -> None:
    link = link_without_database(NOW)
    assert (link.state, link.detail) == (case["kind"], case["detail"].replace("{time}", "12:00:00 UTC"))
    assert (link.word, link.icon) == ("Database away", "offline")


def test_the_first_problem_has_the_time_since_when() -> None:
    since = NOW - timedelta(days=1)
    assert problem_lines(["One.", "Two."], since, NOW) == ["One. Since 30 Jan 12:00:00 UTC.", "Two."]
    assert problem_lines(["One."], None, NOW) == ["One."]
    assert problem_lines([], since, NOW) == []
