"""The statistical rule equals its plain definition, however readings are grouped."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitoring.ingest.columns import segment_of
from monitoring.ingest.rules.rolling_sigma import RollingSigma
from tests.ingest.plain_rule import by_the_rule

RULE = RollingSigma()
NOTHING_BEFORE = np.empty(0)

signals = st.one_of(
    st.lists(st.floats(30, 50), max_size=130),
    st.lists(st.sampled_from([36.0, 37.0, 38.0, 40.0]), max_size=130),
    st.lists(st.integers(-3, 3).map(lambda step: 37 + step * 1e-6), max_size=130),
    st.lists(st.integers(-3, 3).map(lambda step: 37 + step * 3e-8), max_size=130),
    st.lists(st.sampled_from([0.0, 0.0, 0.0, 1e-9]), max_size=130),
    st.floats(30, 50).flatmap(lambda value: st.lists(st.just(value), max_size=70)),
)


def plainly_found(values: list[float]) -> list[bool]:
    """What the contract's sentence says, reading by reading."""
    return by_the_rule(values, -math.inf, math.inf)


def found(values: list[float]) -> list[bool]:
    (verdict,) = RULE.score(segment_of(NOTHING_BEFORE, np.array(values, dtype=float)))
    return verdict.found.tolist()


@given(signals)
@example([37.0] * 60 + [37.5])
@example([36.0, 38.0] * 30 + [40.0, 40.0000001])
def test_a_batch_is_judged_as_its_readings_one_by_one(values: list[float]) -> None:
    assert found(values) == plainly_found(values)


@given(signals, st.lists(st.integers(0, 130), max_size=8))
def test_any_grouping_gives_the_same_bits(values: list[float], cuts: list[int]) -> None:
    (whole,) = RULE.score(segment_of(NOTHING_BEFORE, np.array(values, dtype=float)))
    edges = sorted({0, len(values), *(cut for cut in cuts if cut < len(values))})
    for start, stop in pairwise(edges):
        history = np.array(values[max(0, start - 50) : start], dtype=float)
        (part,) = RULE.score(segment_of(history, np.array(values[start:stop], dtype=float)))
        assert part.found.tolist() == whole.found[start:stop].tolist()
        assert part.lower.tobytes() == whole.lower[start:stop].tobytes()
        assert part.upper.tobytes() == whole.upper[start:stop].tobytes()


@given(signals)
@example([37.0] * 60 + [37.5])
def test_one_value_alone_is_judged_with_the_same_bits(values: list[float]) -> None:
    (verdict,) = RULE.score(segment_of(NOTHING_BEFORE, np.array(values, dtype=float)))
    for index, value in enumerate(values):
        violations = RULE.violations(value, np.array(values[:index], dtype=float))
        bands = [(violation.lower, violation.upper) for violation in violations]
        assert bands == [(verdict.lower[index], verdict.upper[index])] * bool(verdict.found[index])


@given(st.lists(st.floats(30, 50), min_size=11, max_size=60))
def test_it_agrees_with_exact_arithmetic_off_the_line(values: list[float]) -> None:
    exact = [Fraction(value) for value in values]
    window, value = exact[-51:-1], exact[-1]
    mean = sum(window) / len(window)
    variance = sum((one - mean) ** 2 for one in window) / len(window)
    distance = float((value - mean) ** 2 - 9 * variance)
    if abs(distance) > 1e-9 and math.sqrt(variance) > 1e-6:
        assert found(values)[-1] == (distance > 0)


def test_nine_earlier_measurements_are_too_few_and_ten_are_enough() -> None:
    wave = [36.0, 38.0] * 5
    assert not found([*wave[:9], 49.0])[-1]
    assert found([*wave, 49.0])[-1]


def test_a_value_on_the_line_is_inside() -> None:
    wave = [36.0, 38.0] * 25  # mean 37 and sigma 1, both exact
    assert not found([*wave, 40.0])[-1]
    assert not found([*wave, 34.0])[-1]
    assert found([*wave, np.nextafter(40.0, 41)])[-1]
    assert found([*wave, np.nextafter(34.0, 33)])[-1]


def test_the_fifty_first_earlier_measurement_no_longer_counts() -> None:
    wave = [36.0, 38.0] * 25
    assert found([*wave, 41.0])[-1]
    assert found([1000.0, *wave, 41.0])[-1]
    assert not found([1000.0, *wave[1:], 41.0])[-1]


def test_earlier_anomalies_stay_in_the_window() -> None:
    wave = [36.0, 38.0] * 25
    assert found([*wave, 41.0])[-1]
    assert not found([*wave, 50.0, 41.0])[-1]


MICRO = [3.00e-7, 3.01e-7] * 5


@pytest.mark.parametrize(
    ("before", "value", "expected"),
    [
        (MICRO, 9e-7, True),
        ([value * 1e6 for value in MICRO], 0.9, True),
        (MICRO, 3.005e-7, False),
        ([50.0] * 20, 99.0, True),
        ([50.0] * 20, 50.0, False),
        ([50.0] * 20, 50.0001, True),
        ([37.1] * 50, math.nextafter(37.1, 38), True),
        ([0.0] * 20, 0.0, False),
        ([0.0] * 20, -0.0, False),
        ([0.0] * 20, 1e-300, True),
        ([50.0] * 9, 99.0, False),
        ([-50.0] * 10, -50.1, True),
    ],
)
def test_any_other_value_than_a_constant_is_found_in_any_unit(
    before: list[float], value: float, expected: bool
) -> None:
    assert found([*before, value])[-1] is expected


@pytest.mark.parametrize(("step", "value", "expected"), [(2e-8, 37 + 5e-8, True), (1e-6, 37 + 2e-6, False)])
def test_sigma_below_a_billionth_of_the_largest_magnitude_is_constant(
    step: float, value: float, expected: bool
) -> None:
    wave = [37 - step, 37 + step] * 25  # sigma equals the step
    assert found([*wave, value])[-1] is expected


def test_what_lies_within_a_window_that_is_constant_up_to_rounding_is_not_another_value() -> None:
    wave = [37 - 1e-9, 37 + 1e-9] * 25
    assert not found([*wave, 37.0])[-1]
    assert not found([*wave, 37 + 1e-9])[-1]


@given(signals, st.integers(-400, 200))
@example([3.00e-7, 3.01e-7] * 6 + [9e-7], -600)
def test_a_unit_that_differs_by_a_power_of_two_changes_no_flag(values: list[float], exponent: int) -> None:
    scaled = [math.ldexp(value, exponent) for value in values]
    assert found(scaled) == found(values)


@given(
    st.lists(st.integers(0, 1000), min_size=11, max_size=70),
    st.sampled_from([1e-12, 1e-6, 1e-3, 0.3, 1e3, 1e6, 1e12]),
)
def test_a_unit_that_differs_by_any_factor_changes_no_flag_off_the_line(
    counts: list[int], factor: float
) -> None:
    values = [float(count) for count in counts]
    (verdict,) = RULE.score(segment_of(NOTHING_BEFORE, np.array(values)))
    is_near = np.minimum(abs(verdict.lower - values), abs(verdict.upper - values)) < 1e-6
    is_exact = verdict.lower == verdict.upper  # constant windows: equal values stay equal
    same = np.array(found([value * factor for value in values])) == verdict.found
    assert (same | (is_near & ~is_exact)).all()


def test_the_band_is_mean_and_three_sigma_of_the_window() -> None:
    (verdict,) = RULE.score(segment_of(np.array([36.0, 38.0] * 25), np.array([40.5])))
    assert (verdict.lower[0], verdict.upper[0]) == (34.0, 40.0)


def test_the_band_of_a_constant_window_is_its_value() -> None:
    (verdict,) = RULE.score(segment_of(np.array([37.1] * 30), np.array([37.2])))
    assert (verdict.lower[0], verdict.upper[0]) == (37.1, 37.1)


def test_the_band_is_open_where_the_rule_finds_nothing_by_definition() -> None:
    (verdict,) = RULE.score(segment_of(NOTHING_BEFORE, np.array([37.0])))
    assert (verdict.lower[0], verdict.upper[0]) == (-math.inf, math.inf)
