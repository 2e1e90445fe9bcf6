"""Each fault is found, called by its name, and ends when it ends; a clean signal is silent."""

import re

import numpy as np
import pytest

from monitoring.lab.signal_families import FAMILIES
from tests.detection.detectors.signals import LEARNED_S, NOISE, events_of, level, seconds_of, wave

LASTS_S = 300
CLEAN = wave(LEARNED_S + LASTS_S + 1200)
DURING = slice(LEARNED_S, LEARNED_S + LASTS_S)


def changed(change) -> np.ndarray:
    values = CLEAN.copy()
    values[DURING] = change(values[DURING])
    return values


def one_spike(values):
    values[0] += 8 * NOISE
    return values


def more_noise(values):
    return values + np.random.default_rng(7).normal(0, NOISE * 3**0.5, len(values))


FAULTS = {  # change, detectors that may find it first, kind, within how many seconds, ends within
    "spike": (one_spike, {"spike"}, "spike", 0, 0),
    "step": (lambda values: values + 3 * NOISE, {"step", "spike"}, "step up", 12, 200),
    "drift": (
        lambda values: values - 0.01 * NOISE * np.arange(len(values)),
        {"drift"},
        "drift down",
        150,
        200,
    ),
    "stuck": (lambda values: np.full_like(values, values[0]), {"stuck"}, "stuck", 0, 1),
    "noise": (more_noise, {"noise", "spike"}, "noise up", 60, 150),
    "dropout": (lambda values: np.r_[np.zeros(5), values[5:]], {"novelty", "spike"}, None, 0, 300),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_named(name):
    change, detectors, kind, within_s, lasts_on_s = FAULTS[name]
    event, *others = events_of(changed(change))
    start, end = seconds_of(event)
    assert event.detector in detectors
    assert kind in {None, event.kind}
    assert 0 <= start - LEARNED_S <= within_s
    assert end is not None
    assert end <= LEARNED_S + (LASTS_S if name != "spike" else 0) + lasts_on_s
    assert not others


def test_a_signal_that_is_cut_off_is_found():
    cut = events_of(changed(lambda values: np.minimum(values, 36.5)))
    assert {event.detector for event in cut} & {"saturation", "stuck"}


def test_a_clean_signal_is_silent():
    assert events_of(CLEAN) == []


@pytest.mark.no_cover
@pytest.mark.parametrize("name", FAULTS)
def test_the_same_fault_is_found_again(name):
    change, *_ = FAULTS[name]
    values = wave(4 * 2700 + LEARNED_S)
    begins = [LEARNED_S + 2700 * number for number in range(4)]
    for begin in begins:
        during = slice(begin, begin + LASTS_S)
        values[during] = change(values[during])
    found = [seconds_of(event)[0] for event in events_of(values)]
    assert all(any(0 <= start - begin < LASTS_S for start in found) for begin in begins)


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("family", "at_most"),
    [
        ("white_noise", 1),
        ("heavy_tails", 3),
        ("setpoint_changes", 4),
        ("random_walk", 5),
        ("batch_sigmoid", 5),
        ("fed_batch", 5),
    ],
)
def test_a_legitimate_signal_cries_no_wolf(family, at_most):
    """Of a day's clean signal, the first hour left out."""
    told = events_of(FAMILIES[family](3, 86_400 // 2).values)
    assert sum(event.start_us >= 3_600_000_000 for event in told) <= at_most


def test_what_happens_again_and_again_is_no_news():
    values = level(30_000)
    for begin in range(3000, 30_000, 1500):
        values[begin : begin + 700] += 12
    assert 1 <= len(events_of(values)) <= 4


def test_the_sentence_says_what_was_usual_before_the_event():
    values = level(9000)
    values[6000:] += np.minimum(np.arange(3000) * 4.0, 40)
    said = [event.explanation for event in events_of(values) if event.kind == "step up"]
    assert said
    for sentence in said:
        went, usual = (float(number) for number in re.findall(r"(?:by|up to) ([0-9.]+)", sentence))
        assert went > usual
