"""All detectors of a tag together: laws that hold whatever the signal is."""

import math
import zlib
from itertools import pairwise

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.detection.detectors.packed_ring import in_chunks
from monitoring.detection.monitor import DetectionSettings, StateError, TagMonitor
from tests.detection.detectors.signals import events_of, level, microseconds, wave

FAULTY = np.concatenate([wave(4000), np.full(60, 41.0), wave(2500)])
cuts = st.lists(st.integers(0, len(FAULTY)), max_size=6).map(lambda inner: [0, *sorted(inner), len(FAULTY)])


@settings(max_examples=8)
@given(cuts)
def test_how_readings_are_grouped_changes_nothing(cuts):
    whole, parts = TagMonitor("tag"), TagMonitor("tag")
    times = microseconds(len(FAULTY))
    told = whole.update(times, FAULTY.tolist())
    again = [e for a, b in pairwise(cuts) for e in parts.update(times[a:b], FAULTY[a:b].tolist())]
    assert told == again
    assert whole.dump() == parts.dump()


@settings(max_examples=8)
@given(st.integers(0, len(FAULTY)))
def test_a_restart_anywhere_changes_nothing(cut):
    through, before, after = TagMonitor("tag"), TagMonitor("tag"), TagMonitor("tag")
    times, values = microseconds(len(FAULTY)), FAULTY.tolist()
    told = through.update(times, values)
    first = before.update(times[:cut], values[:cut])
    after.restore(before.dump())
    assert first + after.update(times[cut:], values[cut:]) == told


def test_a_late_reading_is_left_out():
    times, values = microseconds(2000), wave(2000).tolist()
    punctual, disturbed = TagMonitor("tag"), TagMonitor("tag")
    punctual.update(times, values)
    disturbed.update(times[:1500], values[:1500])
    disturbed.update([times[700], times[1499]], [1e6, -1e6])
    disturbed.update(times[1500:], values[1500:])
    assert disturbed.dump() == punctual.dump()


@pytest.mark.parametrize("signal", [wave, level, lambda length: np.cumsum(level(length) - 50)])
def test_a_state_takes_at_most_100_kb(signal):
    monitor = TagMonitor("tag")
    monitor.update(microseconds(20_000), signal(20_000).tolist())
    assert len(monitor.dump()) <= 100_000


@pytest.mark.parametrize("saved", [b"", b"nonsense", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_what_is_no_state_is_refused_and_harms_nothing(saved):
    monitor = TagMonitor("tag")
    monitor.update(microseconds(100), wave(100).tolist())
    before = monitor.dump()
    with pytest.raises(StateError):
        monitor.restore(saved)
    assert monitor.dump() == before


def test_a_state_of_another_version_is_refused(monkeypatch):
    saved = TagMonitor("tag").dump()
    monkeypatch.setattr("monitoring.detection.monitor.VERSION", 999)
    with pytest.raises(StateError, match="expected 999"):
        TagMonitor("tag").restore(saved)


def test_a_state_of_version_1_goes_on_without_new_learning():
    times, values = microseconds(3000), wave(3000).tolist()
    monitor, later = TagMonitor("tag"), TagMonitor("tag")
    monitor.update(times, values)
    state = monitor.bank.state()
    spike = monitor.bank.STATE.index("spike")
    state[spike] = state[spike][:-2]
    later.restore(zlib.compress(msgpack.packb([1, state])))
    found = later.update(microseconds(1, start=3000), [60.0])
    assert [event.kind for event in found] in (["spike"], ["never seen"])


def test_a_state_of_version_3_goes_on_as_if_nothing_had_happened():
    """Version 3 has the blocks in one piece each, and the ring in zlib streams."""
    times, values = microseconds(len(FAULTY)), FAULTY.tolist()
    through, later = TagMonitor("tag"), TagMonitor("tag")
    through.update(times[:3500], values[:3500])
    state, course, ring = through.bank.state(), through.bank.course, through.bank.novelty.ring
    forecaster = state[through.bank.STATE.index("course")]
    for name in ("blocks", "block_times"):
        forecaster[course.STATE.index(name)] = getattr(course, name).values().tobytes()
    state[through.bank.STATE.index("novelty")][0] = in_chunks(ring.values().tobytes())
    later.restore(zlib.compress(msgpack.packb([3, state])))
    assert later.update(times[3500:], values[3500:]) == through.update(times[3500:], values[3500:])
    assert later.bank.course.harmonics == through.bank.course.harmonics


@settings(max_examples=30)
@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=40), st.integers(0, 40)
)
def test_no_value_makes_nonsense(strange, repeated):
    monitor = TagMonitor("tag")
    values = [*level(700).tolist(), *strange, *[strange[-1]] * repeated, *level(500).tolist()]
    told = monitor.update(microseconds(len(values)), values)
    assert all(math.isfinite(event.score) for event in told)
    assert 0 <= monitor.novelty < 1
    assert not any("nan" in event.explanation for event in told)


@pytest.mark.parametrize("value", [0.0, 37.0, -1e300, 5e-324])
def test_a_constant_signal_is_never_an_error(value):
    assert events_of(np.full(12_000, value)) == []


@pytest.mark.parametrize("scale", [2.0**-20, 2.0**20, -1.0])
@pytest.mark.parametrize("offset", [0.0, 1024.0])
def test_unit_and_zero_of_the_signal_change_nothing(scale, offset):
    values = np.concatenate([wave(3000), [60.0], wave(1500), np.full(40, 38.0), wave(600)])
    told = [(e.detector, e.start_us, e.end_us) for e in events_of(values)]
    assert told
    assert [(e.detector, e.start_us, e.end_us) for e in events_of(scale * values + offset * scale)] == told


def test_what_is_off_finds_nothing():
    values = wave(3400)
    values[3000:3012] = values[3000]
    assert [e.detector for e in events_of(values)] == ["stuck"]
    assert events_of(values, settings=DetectionSettings(off=frozenset({"stuck", "saturation"}))) == []


def test_sensitivity_finds_less_or_more():
    values = wave(4000)
    values[3500] += 0.15 * 6
    finds = [bool(events_of(values, settings=DetectionSettings(sensitivity=s))) for s in (0.25, 1.5)]
    assert finds == [False, True]


def test_an_event_whose_detector_is_switched_off_is_none_any_more_and_others_begin_their_own():
    values = np.concatenate([level(4000), level(1, seed=2) + 15, level(60, seed=3), level(600, seed=4) + 5])
    times = microseconds(len(values))
    before = TagMonitor("tag")
    (open_event,) = before.update(times[:4010], values[:4010].tolist())
    others = frozenset({open_event.detector})
    after = TagMonitor("tag", settings=DetectionSettings(off=others))
    after.restore(before.dump())
    assert after.open_events == []
    told = after.update(times[4010:], values[4010:].tolist())
    assert told
    assert not others & {event.detector for event in told}
    assert min(event.start_us for event in told) >= times[4061]
