"""What settings would have found."""

import random

import pytest

from monitoring.detection.backtest.compare import EventSpan, SettingsComparison
from monitoring.detection.monitor import DetectionSettings

SECOND = 1_000_000
START = 1_800_000_000 * SECOND
NOISE = random.Random(1)
QUIET = [37 + NOISE.gauss(0, 0.1) for _ in range(600)]
PRESENT = DetectionSettings()
BLIND = DetectionSettings(off=frozenset({"stuck", "saturation"}))


def times(values: list[float]) -> list[int]:
    return [START + place * SECOND for place in range(len(values))]


def found(values: list[float], *settings: DetectionSettings, start: int = 0, end: int) -> list:
    """By each of the settings: which detectors find an event, and whether it lasts; bounds in s."""
    span = EventSpan(START + start * SECOND, START + end * SECOND)
    test = SettingsComparison("t", "", settings, span)
    test.update(times(values), values)
    return [[(event.detector, event.is_open) for event in events] for events in test.finish()]


def test_each_of_the_settings_finds_its_own() -> None:
    values = [*QUIET, *[37.0] * 60, *QUIET[:60]]
    assert found(values, BLIND, PRESENT, end=len(values)) == [[], [("stuck", False)]]


def test_the_same_settings_twice_find_the_same() -> None:
    values = [*QUIET, *[37.0] * 60]
    tried, present = found(values, DetectionSettings(), PRESENT, end=len(values))
    assert tried == present == [("stuck", True)]


@pytest.mark.parametrize("kind", ["setpoint", "discrete", "counter"])
def test_of_a_tag_that_is_not_analog_only_silence_is_an_event(kind: str) -> None:
    values = [*QUIET, *[37.0] * 60, *QUIET[:60], *[45.0] * 30]
    of_kind = DetectionSettings(kind=kind)
    assert found(values, of_kind, PRESENT, end=len(values))[0] == []
    assert found(values, PRESENT, end=len(values)) != [[]]
    assert found(values, of_kind, end=len(values) + 600) == [[("missing", True)]]


def test_what_was_over_before_the_span_does_not_count_and_what_lasts_into_it_does() -> None:
    values = [*QUIET, *[37.0] * 60, *QUIET[:60]]
    assert found(values, PRESENT, start=680, end=len(values)) == [[]]
    assert found(values, PRESENT, start=640, end=len(values)) == [[("stuck", False)]]


def test_readings_that_stopped_before_the_end_are_missing() -> None:
    assert found(QUIET, PRESENT, end=len(QUIET)) == [[]]
    assert found(QUIET, PRESENT, end=len(QUIET) + 600) == [[("missing", True)]]


def test_only_readings_of_the_span_are_counted() -> None:
    test = SettingsComparison("t", "", [PRESENT], EventSpan(START + 500 * SECOND, START + 599 * SECOND))
    for place in range(0, 600, 50):
        test.update(times(QUIET)[place : place + 50], QUIET[place : place + 50])
    assert test.readings == 100
