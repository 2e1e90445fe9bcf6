"""Growth and rate of counters."""

import json
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.history.counters import growth, rate_per_hour

CASES = json.loads((Path(__file__).parents[1] / "js" / "cases" / "counters.json").read_text())
steps = st.lists(st.integers(0, 1000), min_size=1, max_size=40)
values = st.lists(st.integers(0, 1000), min_size=1, max_size=40)


@given(steps, st.integers(0, 10**6))
def test_without_a_restart_it_is_the_last_value_less_the_first(added: list[int], start: int) -> None:
    assert growth(accumulate(added, initial=start)) == sum(added)


@given(st.lists(st.tuples(st.integers(0, 1000), steps), min_size=1, max_size=5))
def test_after_each_restart_it_grows_from_zero(runs: list[tuple[int, list[int]]]) -> None:
    """Each run begins below the end of the one before: otherwise the values show no restart."""
    shown, grown = list[int](), 0
    for start, added in runs:
        first = start % shown[-1] if shown and shown[-1] else start
        is_restart = bool(shown) and first < shown[-1]
        run = list(accumulate(added, initial=first))
        grown += run[-1] if is_restart else run[-1] - (shown[-1] if shown else first)
        shown += run
    assert growth(shown) == grown


@given(values, st.integers(0, 39))
def test_it_adds_up_and_is_never_negative(found: list[int], cut: int) -> None:
    assert growth(found) == growth(found[: cut + 1]) + growth(found[cut:])
    assert growth(found) >= 0


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_rate_is_that_of_the_page(case: dict[str, Any]) -> None:
    points = [(time, value) for time, value in case["points"]]
    assert rate_per_hour(points) == (None if case["rate"] is None else pytest.approx(case["rate"]))
