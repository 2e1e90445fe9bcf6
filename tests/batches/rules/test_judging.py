"""The first minute at which a rule holds."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.batches.rules.judging import first_minute
from monitoring.batches.rules.rule import BatchRule

MINUTE_US = 60_000_000
NAN = float("nan")
ABOVE = BatchRule("feed_rate", "above", 0, for_s=180)
FALL = BatchRule("weight", "falls_percent", 20, within_s=180)


def found(rule: BatchRule, values: list[float], **options: Any) -> int | None:
    """Return the number of the first minute."""
    start_us = np.arange(len(values)) * MINUTE_US
    minute = first_minute(rule, start_us, np.array(values, dtype=float), from_us=0, **options)
    return None if minute is None else minute // MINUTE_US


@pytest.mark.parametrize(
    ("values", "minute"),
    [
        ([0, 1, 1, 1, 1], 1),
        ([0, 1, 1, 0, 1, 1, 1], 4),
        ([0, 1, 1, 0, 1, 1], None),
        ([1, 1, 1], 0),
        ([0, 1, 1, NAN, 1], 1),  # a gap neither counts nor contradicts
        ([0, 1, 1, NAN, NAN], None),
        ([1, 1, *[NAN] * 9, 1], 0),
        ([1, 1, *[NAN] * 10, 1, 1, 1], 12),  # after a long gap the time starts anew
        ([NAN] * 5, None),
        ([], None),
    ],
)
def test_above_for_three_minutes(values: list[float], minute: int | None) -> None:
    assert found(ABOVE, values) == minute
    assert found(BatchRule("ph", "below", 0, for_s=121), [-value for value in values]) == minute


@pytest.mark.parametrize(
    ("values", "minute"),
    [
        ([10, 10, 10, 8], 3),
        ([10, 9.5, 9, 8.5, 8], None),  # slower than within 3 minutes
        ([10, 9.5, 9, 8], 3),
        ([10, NAN, NAN, 7], 3),
        ([10, NAN, NAN, NAN, 7], None),
        ([5, 10, 9, 8, 7], 3),
        ([-10, -20], None),
        ([0, 0], None),
    ],
)
def test_a_fall_of_a_fifth_within_three_minutes(values: list[float], minute: int | None) -> None:
    assert found(FALL, values) == minute


@pytest.mark.parametrize(
    ("values", "minute"), [([1] * 9, None), ([1, 1, 0, 1, 1, 1], 3), ([1, *[NAN] * 15, 1, 1, 1], None)]
)
def test_a_change_needs_a_minute_in_which_the_rule_was_false(values: list[float], minute: int | None) -> None:
    assert found(ABOVE, values, needs_change=True) == minute


@given(st.lists(st.sampled_from([0.0, 1.0, NAN]), max_size=40), st.integers(0, 5))
def test_the_arrays_agree_with_a_loop(values: list[float], minutes: int) -> None:
    rule = BatchRule("feed_rate", "above", 0, for_s=minutes * 60)
    assert found(rule, values) == looped(values, max(1, minutes))


def looped(values: list[float], minutes: int) -> int | None:
    begin = last = None
    count = 0
    for minute, value in enumerate(values):
        if np.isnan(value):
            continue
        if not value or (last is not None and minute - last > 10):
            begin, count = None, 0
        if value:
            begin, count = (minute if begin is None else begin), count + 1
            if count >= minutes:
                return begin
        last = minute
    return None
