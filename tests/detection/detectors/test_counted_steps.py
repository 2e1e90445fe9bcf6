"""Counted steps answer as sorted floats do."""

from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.detection.detectors.counted_steps import CountedSteps, counted_steps, no_steps, used_from
from monitoring.detection.detectors.sorted_values import SortedValues
from monitoring.detection.monitor import TagMonitor
from tests.detection.detectors.signals import microseconds

scales = st.sampled_from([1.0, 10.0, 100.0, 1e6])
origins = st.sampled_from([0.0, 20.0, -273.15, 101325.0, 1e9])


def made(values: list[float], offset: float, expected: float | None = None) -> CountedSteps:
    counted = counted_steps(np.array(values), offset, expected)
    assert counted is not None
    return counted


@given(scales, origins, st.lists(st.integers(-300, 300), min_size=12, max_size=150), st.data())
def test_all_answers_are_those_of_sorted_floats(scale, offset, steps, data):
    values = [(step + round(offset * scale)) / scale - offset for step in steps]
    split = data.draw(st.integers(10, len(values)))
    ours, floats = made(values[:split], offset), SortedValues(values[:split])
    for oldest, value in zip(values, values[split:], strict=False):
        position = ours.find(value)
        if position is None:
            ours = made(ours.values().tolist(), offset, value)
            position = ours.find(value)
        assert position is not None
        low, high, _ = bounds = ours.bounds or ours.measure(2)
        assert bounds == floats.measure(2)
        if low < value <= high:
            assert ours.distance(value, position) == floats.distance(value, floats.find(value))
        ours.add(value, position)
        floats.add(value, floats.find(value))
        ours.remove(oldest)
        floats.remove(oldest)
    assert ours.values().tolist() == floats.values().tolist()
    assert (ours.bounds or ours.measure(2)) == floats.measure(2)


@given(st.lists(st.integers(-1000, 1000), max_size=50), st.integers(-1000, 1000), origins)
def test_an_expected_value_has_a_place(steps, step, offset):
    values = [(number + round(offset * 10)) / 10 - offset for number in [*steps, step]]
    ours = counted_steps(np.array(values[:-1]), offset, values[-1])
    if ours is not None:
        assert ours.find(values[-1]) is not None
        assert ours.values().tolist() == sorted(values[:-1])


@pytest.mark.parametrize(
    "values",
    [[1 / 3], [0.0, 0.5, 2**0.5], [1e300], [0.0, 3000.0], [0.0, 1.0, 1e-9]],
    ids=["third", "root", "huge", "far", "fine"],
)
def test_values_off_the_steps_or_far_from_each_other_are_not_counted(values):
    assert counted_steps(np.array(values), 0.0) is None


def test_no_value_is_found_among_none():
    assert no_steps().find(0.0) is None
    assert no_steps().values().tolist() == []
    assert made([], 20.0).find(0.0) is None


def test_a_signal_that_rises_finds_room_for_its_next_steps():
    ours = made([0.0, 1.0], 0.0)
    assert ours.find(2.0) is None
    ours = made([0.0, 1.0], 0.0, 2.0)
    assert ours.find(60.0) is not None
    assert ours.find(-1.0) is None


def test_a_value_may_occur_more_often_than_a_byte_counts():
    ours = made([1.0] * 255 + [2.0] * 255, 0.0)
    for _ in range(300):
        ours.add(1.0, (0, 0))
    for _ in range(255):
        ours.remove(2.0)
    assert ours.values().tolist() == [1.0] * 555
    assert made(ours.values().tolist(), 0.0).values().tolist() == [1.0] * 555


@given(st.sampled_from("BH"), st.integers(0, 400), st.integers(0, 400), st.integers(1, 255))
def test_the_next_value_is_found_across_any_gap(kind, before, after, count):
    counts = array(kind, [0] * before + [count if kind == "B" else 256 * count] + [0] * after)
    assert used_from(counts, 0, 1) == used_from(counts, len(counts) - 1, -1) == before


def test_steps_are_counted_again_once_a_value_between_steps_is_gone():
    monitor = TagMonitor("tag")
    values = np.round(np.random.default_rng(1).normal(50, 1, 16_001), 2)
    values[100] = 50 + 1 / 3
    forms = []
    for start, stop in ((0, 100), (100, 8000), (8000, 16_001)):
        monitor.update(microseconds(stop - start, start=start), values[start:stop].tolist())
        forms.append(type(monitor.bank.novelty.values))
    assert forms == [CountedSteps, SortedValues, CountedSteps]
    assert monitor.bank.novelty.values.values() == pytest.approx(np.sort(values[-8000:] - values[0]))


def test_a_restored_monitor_counts_steps():
    values = np.round(np.random.default_rng(1).normal(50, 1, 300), 2).tolist()
    monitor, other = TagMonitor("tag"), TagMonitor("tag")
    monitor.update(microseconds(300), values)
    other.restore(monitor.dump())
    assert isinstance(other.bank.novelty.values, CountedSteps)
    assert other.bank.novelty.values.values().tolist() == monitor.bank.novelty.values.values().tolist()
