"""A table of cases and sentences: no sentence refutes itself by numbers that look alike."""

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.detection.detectors.drift import Drift
from monitoring.detection.detectors.noise import Noise
from monitoring.detection.detectors.novelty import Novelty
from monitoring.detection.detectors.rate import Rate
from monitoring.detection.detectors.sentences import change_and_usual, times_text, value_and_range
from monitoring.detection.detectors.spike import Spike
from monitoring.detection.detectors.step import Step
from monitoring.detection.monitor import DetectionSettings
from monitoring.kernel.number_format import Words
from monitoring.kernel.tag_definition import DEFAULT_TAGS
from monitoring.sources.simulator.signals import simulate
from tests.detection.detectors.signals import events_of, level, seconds_of

WORDS = Words("temp", "°C")


def forecaster(**values: float) -> Any:
    defaults = {
        "origin": 0.0,
        "value": 0.0,
        "residual": 0.0,
        "interval": 1.0,
        "lower_limit": -np.inf,
        "upper_limit": np.inf,
    }
    return SimpleNamespace(**{**defaults, **values})


def told(detector: Any, allowed: float, course: Any) -> str:
    detector.allowed = allowed
    return str(detector.explain(course, WORDS)[1])


def window(detector: Any, residual: float, allowed: float) -> str:
    detector.present = (residual,) * 4
    return told(detector, allowed, forecaster())


def spike(value: float, expected: float, allowed: float, **limits: float) -> str:
    return told(Spike(), allowed, forecaster(value=value, residual=value - expected, **limits))


def rate(change: float, allowed: float) -> str:
    detector = Rate()
    detector.blocks = (0.0, change * 8)
    return told(detector, allowed * 8, forecaster())


def noise(times: float) -> str:
    detector = Noise()
    detector.long.mean, detector.long.residual = 1.0, times ** (2 / 3) - 1
    return str(detector.explain(forecaster(), WORDS)[1])


def novelty(value: float, low: float, high: float) -> str:
    detector = Novelty()
    detector.seen = low, high
    return str(detector.explain(forecaster(value=value), WORDS)[1])


def number(text: str) -> float:
    return float(text.split()[0].replace(",", ""))


TABLE = [
    (window(Drift(), -2.84, 2.81), "temp has drifted down by 2.84 °C within 2 min; up to 2.81 °C is usual"),
    (window(Drift(), 2.84, 1.2), "temp has drifted up by 2.8 °C within 2 min; up to 1.2 °C is usual"),
    (window(Step(), 57.3, 57.1), "temp went up by 57.3 °C within 8 s; up to 57.1 °C is usual"),
    (window(Step(), -0.10004, 0.10001), "temp went down by 0.10004 °C within 8 s; up to 0.10001 °C is usual"),
    (window(Step(), 10, 0), "temp went up by 10 °C within 8 s; before, it was constant"),
    (rate(0.571, 0.568), "temp rises by 0.571 °C a second; up to 0.568 °C a second is usual"),
    (spike(42, 41.5, 0.4), "temp jumped to 42 °C; 41.5 °C was expected, give or take 0.4 °C"),
    (
        spike(49.29, 37.47, 0.86, upper_limit=45),
        "temp jumped to 49.29 °C, above its limit of 45 °C; 37.47 °C was expected, give or take 0.86 °C",
    ),
    (
        spike(34.9996, 36, 0.5, lower_limit=35),
        "temp jumped to 34.9996 °C, below its limit of 35 °C; 36 °C was expected, give or take 0.5 °C",
    ),
    (spike(1e9 + 3, 1e9, 0), "temp spiked to 1000000003 °C; it was constant at 1000000000 °C"),
    (spike(100, 99.134, 0.8651), "temp jumped to 100 °C; 99.134 °C was expected, give or take 0.865 °C"),
    (noise(1.004), "temp scatters 1.004 times as much as usual (over the last 64 readings)"),
    (noise(2.04), "temp scatters 2 times as much as usual (over the last 64 readings)"),
    (novelty(49.2901, 30, 49.29), "temp is at 49.2901 °C; of late it was between 30 °C and 49.29 °C"),
    (novelty(99, 50, 50), "temp is at 99 °C; of late it was always 50 °C"),
]


@pytest.mark.parametrize(("sentence", "expected"), TABLE)
def test_the_sentence_of_each_case(sentence: str, expected: str) -> None:
    assert sentence == expected


@given(st.floats(1e-9, 1e9), st.floats(1.000001, 1000))
def test_a_change_never_looks_like_the_usual(usual: float, score: float) -> None:
    told_change, told_usual = change_and_usual(WORDS, usual * score, usual)
    assert number(told_change) > number(told_usual)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.floats(1.001, 1000), st.sampled_from([-1, 1]))
def test_a_value_is_too_far_from_its_forecast_by_the_printed_numbers(
    expected: float, allowed: float, score: float, sign: int
) -> None:
    value = expected + sign * allowed * score
    reached, forecast, reach = map(number, value_and_range(WORDS, value, expected, allowed))
    assert abs(reached - forecast) > reach


@given(st.floats(1e-3, 1e3).filter(lambda times: abs(times - 1) > 1e-9))
def test_a_factor_is_never_1(times: float) -> None:
    assert times_text(times) != "1"


def test_excursions_of_the_demo_are_told_with_the_limit_that_they_leave() -> None:
    """Two hours of each simulated tag: excursions were swallowed as usual before."""
    found = excursions = 0
    for tag in DEFAULT_TAGS:
        limits = tag.definition
        start = 1_760_000_000
        signal = simulate(tag, seed=0, start=start, stop=start + 7200)
        settings = DetectionSettings(lower_limit=limits.lower_limit, upper_limit=limits.upper_limit)
        events = events_of(signal.value, settings=settings)
        spans = [(start_s, np.inf if end_s is None else end_s) for start_s, end_s in map(seconds_of, events)]
        outside = np.flatnonzero((signal.value < limits.lower_limit) | (signal.value > limits.upper_limit))
        late = outside[outside > 1800]
        excursions += len(late)
        found += sum(any(begin <= second <= end for begin, end in spans) for second in late)
        assert sum("its limit of" in event.explanation for event in events) >= len(events) / 2
        for event in events:
            for went, usual in re.findall(r"by ([\d.]+) .*up to ([\d.]+)", event.explanation):
                assert float(went) > float(usual)
    assert excursions > 500
    assert found > 0.95 * excursions


def test_a_jump_far_beyond_the_scatter_is_told_in_spite_of_heavy_tails() -> None:
    """A tail of middling outliers is usual; what is many times the scatter is not."""
    random = np.random.default_rng(5)
    values = level(12_000)
    at = random.choice(np.arange(2000, 11_000), 60, replace=False)
    values[at] += random.choice([-1, 1], 60) * random.uniform(4.1, 6, 60)
    values[[5000, 7000]] += 45
    values[11_500] += 50
    starts = [event.start_us // 1_000_000 for event in events_of(values) if event.score > 1]
    assert {5000, 7000, 11_500} <= set(starts)


def test_pulses_that_come_all_day_become_usual() -> None:
    values = level(40_000)
    values[3000::200] += 60
    events = events_of(values)
    assert 20 <= len(events) <= 40
    assert max(event.start_us for event in events) < 20_000e6
