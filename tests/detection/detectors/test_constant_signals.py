"""A signal without any noise: each change is told for what it is, at its second, in a true sentence."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.detection.monitor import DetectionSettings
from monitoring.kernel.arrays import FloatArray
from tests.detection.detectors.signals import events_of, level, seconds_of

HOUR = 3600
CHANGE_BY_NOTHING = re.compile(r"(by|take|to) 0 °C|up to 0(?![.\d])|0 times")


def constant(*stretches: tuple[float, int]) -> FloatArray:
    """Values, each so many times."""
    values, counts = zip(*stretches, strict=True)
    return np.repeat(values, counts).astype(float)


def two_levels(length: int) -> FloatArray:
    """A resolution of 0.1: half of the readings are one step up."""
    return np.asarray(50 + 0.1 * np.random.default_rng(1).integers(0, 2, length), dtype=np.float64)


@pytest.mark.parametrize("seconds", [HOUR, HOUR + 1, HOUR + 5, 24 * HOUR])
@pytest.mark.parametrize("value", [99.0, 1.0, 50.001])
def test_one_other_reading_is_a_spike_to_it_at_its_second(seconds, value):
    (event,) = events_of(constant((50, seconds), (value, 1), (50, 400)))
    assert (event.detector, event.kind, *seconds_of(event)) == ("spike", "spike", seconds, seconds)
    assert event.explanation == f"fermenter_temp spiked to {value:g} °C; it was constant at 50 °C"


@pytest.mark.parametrize("base", [0.0, -20.0, 37.1, 1e9])
@settings(max_examples=10)
@given(
    start=st.integers(2500, 2600), spike=st.lists(st.integers(-100, 100).filter(bool), min_size=1, max_size=3)
)
def test_a_spike_of_up_to_three_readings_is_one_spike_at_any_level(base, start, spike):
    values = constant((base, start + 500))
    values[start : start + len(spike)] += spike
    (event,) = events_of(values)
    assert (event.kind, *seconds_of(event)) == ("spike", start, start + len(spike) - 1)


def test_the_same_spike_is_told_again_when_it_comes_again():
    values = constant((50, HOUR), (99, 1), (50, 600), (99, 1), (50, 600), (99, 1), (50, 600))
    events = events_of(values)
    assert [seconds_of(event)[0] for event in events] == [3600, 4201, 4802]
    assert {event.kind for event in events} == {"spike"}


@pytest.mark.parametrize(
    ("value", "kind", "amount"),
    [(60.0, "step up", "10"), (49.0, "step down", "1"), (50.25, "step up", "0.25")],
)
def test_a_change_that_lasts_is_a_step_by_its_whole_amount(value, kind, amount):
    (event,) = events_of(constant((50, HOUR), (value, 600)))
    assert (event.kind, seconds_of(event)[0]) == (kind, HOUR)
    direction = kind.removeprefix("step ")
    assert event.explanation == (
        f"fermenter_temp went {direction} by {amount} °C within 8 s; before, it was constant"
    )


def test_setpoints_are_steps_until_such_a_step_is_usual():
    events = events_of(constant((50, HOUR), (60, HOUR), (40, HOUR), (45, HOUR)))
    assert [event.kind for event in events] == ["step up", "step down"]
    assert [seconds_of(event)[0] for event in events] == [3600, 7200]
    assert " by 20 °C" in events[1].explanation


def test_a_spike_after_a_setpoint_is_one_to_its_value():
    *_, event = events_of(constant((50, HOUR), (60, HOUR), (99, 1), (60, 400)))
    assert (event.kind, *seconds_of(event)) == ("spike", 7200, 7200)
    assert event.explanation.startswith("fermenter_temp jumped to 99 °C; 60 °C was expected")


@pytest.mark.parametrize("length", [1, 3])
def test_a_spike_on_two_levels_is_no_noise(length):
    values = two_levels(4200)
    values[HOUR : HOUR + length] = 99
    event = next(event for event in events_of(values) if seconds_of(event)[0] == HOUR)
    assert event.kind in {"spike", "never seen"}
    assert event.explanation.startswith(("fermenter_temp is at 99 °C", "fermenter_temp jumped to 99 °C"))


def test_noise_on_two_levels_is_noise():
    values = two_levels(4200)
    values[HOUR:] += np.random.default_rng(2).normal(0, 0.3, 600)
    event = next(event for event in events_of(values) if seconds_of(event)[0] >= HOUR)
    assert event.kind == "noise up"


def test_what_calculating_with_a_constant_leaves_is_no_change():
    jitter = np.random.default_rng(1).random(2 * HOUR) < 0.01
    kinds = {event.kind for event in events_of(np.where(jitter, np.nextafter(37.1, 38), 37.1))}
    assert not kinds & {"spike", "step up", "step down", "never seen"}


def test_without_the_spike_detector_a_spike_is_a_value_never_seen():
    off = DetectionSettings(off=frozenset({"spike"}))
    (event,) = events_of(constant((50, HOUR), (99, 1), (50, 400)), settings=off)
    assert (event.kind, seconds_of(event)[0]) == ("never seen", HOUR)
    assert event.explanation == "fermenter_temp is at 99 °C; of late it was always 50 °C"


CHANGES = {
    "spike": constant((99, 1), (50, 400)),
    "spikes": constant((99, 2), (50, 5), (1, 3), (50, 400)),
    "step": constant((51, 400)),
    "ramp": np.concatenate([np.linspace(50, 60, 600), constant((60, 400))]),
    "noise": level(1200),
    "tiny": constant((50 + 1e-7, 400)),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("before", [constant((50, HOUR)), np.r_[level(300), constant((50, 900))]])
def test_no_sentence_speaks_of_a_change_by_nothing(change, before):
    for event in events_of(np.concatenate([before, CHANGES[change]])):
        assert not CHANGE_BY_NOTHING.search(event.explanation), event
