"""The statistical rule equals its plain definition, however readings are grouped."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitoring.domain.detectors.base import run_of
from monitoring.domain.detectors.rolling_sigma import RollingSigma

RULE = RollingSigma()
NOTHING_BEFORE = np.empty(0)

signals = st.one_of(
    st.lists(st.floats(30, 50), max_size=130),
    st.lists(st.sampled_from([36.0, 37.0, 38.0, 40.0]), max_size=130),
    st.lists(st.integers(-3, 3).map(lambda step: 37 + step * 1e-6), max_size=130),
    st.floats(30, 50).flatmap(lambda value: st.lists(st.just(value), max_size=70)),
)


def found(values: list[float]) -> list[bool]:
    (verdict,) = RULE.score(run_of(NOTHING_BEFORE, np.array(values, dtype=float)))
    return verdict.found.tolist()


def plainly_found(values: list[float], place: int) -> bool:
    """The contract's sentence, for one reading."""
    window = np.array(values[max(0, place - 50) : place])
    if len(window) < 10:
        return False
    mean, sigma = np.mean(window), np.std(window)
    if sigma < 1e-6:
        return False
    return bool(values[place] < mean - 3 * sigma or values[place] > mean + 3 * sigma)


@given(signals)
@example([37.0] * 60 + [37.5])
@example([36.0, 38.0] * 30 + [40.0, 40.0000001])
def test_a_batch_is_judged_as_its_readings_one_by_one(values: list[float]) -> None:
    assert found(values) == [plainly_found(values, place) for place in range(len(values))]


@given(signals, st.lists(st.integers(0, 130), max_size=8))
def test_any_grouping_gives_the_same_bits(values: list[float], cuts: list[int]) -> None:
    (whole,) = RULE.score(run_of(NOTHING_BEFORE, np.array(values, dtype=float)))
    edges = sorted({0, len(values), *(cut for cut in cuts if cut < len(values))})
    for start, stop in pairwise(edges):
        history = np.array(values[max(0, start - 50) : start], dtype=float)
        (part,) = RULE.score(run_of(history, np.array(values[start:stop], dtype=float)))
        assert part.found.tolist() == whole.found[start:stop].tolist()
        assert part.lower.tobytes() == whole.lower[start:stop].tobytes()
        assert part.upper.tobytes() == whole.upper[start:stop].tobytes()


@given(st.lists(st.floats(30, 50), min_size=11, max_size=60))
def test_it_agrees_with_exact_arithmetic_off_the_line(values: list[float]) -> None:
    exact = [Fraction(value) for value in values]
    window, value = exact[-51:-1], exact[-1]
    mean = sum(window) / len(window)
    variance = sum((one - mean) ** 2 for one in window) / len(window)
    distance = float((value - mean) ** 2 - 9 * variance)
    if abs(distance) > 1e-9 and abs(math.sqrt(variance) - 1e-6) > 1e-12:
        assert found(values)[-1] == (distance > 0 and math.sqrt(variance) >= 1e-6)


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


def test_a_constant_signal_finds_nothing() -> None:
    assert not any(found([37.1] * 60 + [37.2]))


@pytest.mark.parametrize(("step", "expected"), [(0.99e-6, False), (1.01e-6, True)])
def test_sigma_below_the_floor_finds_nothing(step: float, expected: bool) -> None:
    wave = [37 - step, 37 + step] * 25  # sigma equals the step
    assert found([*wave, 37.5])[-1] is expected


def test_the_band_is_mean_and_three_sigma_of_the_window() -> None:
    (verdict,) = RULE.score(run_of(np.array([36.0, 38.0] * 25), np.array([40.5])))
    assert (verdict.lower[0], verdict.upper[0]) == (34.0, 40.0)


def test_the_band_is_open_where_the_rule_finds_nothing_by_definition() -> None:
    (verdict,) = RULE.score(run_of(NOTHING_BEFORE, np.array([37.0])))
    assert (verdict.lower[0], verdict.upper[0]) == (-math.inf, math.inf)
