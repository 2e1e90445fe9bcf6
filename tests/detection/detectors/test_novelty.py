"""The distance from all that was seen, and its graded score."""

import numpy as np
import pytest

from monitoring.detection.monitor import DetectionSettings, TagMonitor
from tests.detection.detectors.signals import level, microseconds


def grades(values: list[float]) -> list[float]:
    monitor = TagMonitor("tag")
    graded = []
    for time_us, value in zip(microseconds(len(values)), values, strict=True):
        monitor.update([time_us], [value])
        graded.append(monitor.novelty)
    return graded


def test_nothing_is_new_before_fifty_values():
    assert grades([*range(50)]) == [0.0] * 50


def test_outside_of_all_values_counts_one_and_a_half_times_its_distance():
    values = [float(number) for number in range(101)]
    *_, grade = grades([*values, 200.0])
    assert grade == pytest.approx(1.5 / (1 + 1.5))


def test_a_gap_of_the_values_is_new_too():
    values = [*[0.0, 1.0] * 60, *[10.0, 11.0] * 60]
    *_, grade = grades([*values, 5.5])
    novelty = (10 - 5.5) / 11
    assert 0.25 * novelty < grade / (1 - grade) <= novelty


def test_only_the_newest_thing_of_a_hundred_is_news():
    graded = grades([*level(500).tolist(), 80.0, *level(98, seed=2).tolist(), 75.0])
    assert graded[500] > 0.5
    assert graded[501:] == [0.0] * 99


def test_what_was_forgotten_is_new_again():
    values = np.concatenate([np.full(1, 90.0), level(9000)])
    *_, grade = grades([*values.tolist(), 90.0])
    assert grade > 0.5


def test_the_sentence_tells_what_was_seen_before_the_value():
    values = level(1000)
    monitor = TagMonitor("tag", settings=DetectionSettings(off=frozenset({"spike", "step"})))
    (event,) = monitor.update(microseconds(1001), [*values.tolist(), 90.0])
    seen = f"between {values.min():.5g} and {values.max():.5g}"
    assert event.explanation == f"tag is at 90; of late it was {seen}"
