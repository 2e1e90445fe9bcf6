"""Readings that stop coming are noticed by the clock, or by the reading that ends the silence."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.detection.monitor import TagMonitor
from tests.detection.detectors.signals import microseconds, wave

SECOND = 1_000_000


def monitor_of(count: int) -> TagMonitor:
    monitor = TagMonitor("fermenter_temp", "°C")
    monitor.update(microseconds(count), wave(count).tolist())
    return monitor


def test_the_clock_tells_while_it_lasts():
    monitor = monitor_of(100)
    assert monitor.check_silence(99 * SECOND + 9 * SECOND) == []
    (event,) = monitor.check_silence(99 * SECOND + 14 * SECOND)
    assert (event.detector, event.start_us, event.end_us) == ("missing", 100 * SECOND, None)
    assert event.explanation == "no reading of fermenter_temp for 14 s; one normally comes every 1 s"
    assert monitor.open_events == [event]


def test_the_next_reading_ends_it_and_alone_tells_it_too():
    looked, only_read = monitor_of(100), monitor_of(100)
    looked.check_silence(120 * SECOND)
    ended = [monitor.update([200 * SECOND], [37.5])[-1] for monitor in (looked, only_read)]
    assert [(event.start_us, event.end_us) for event in ended] == [(100 * SECOND, 200 * SECOND)] * 2
    assert looked.open_events == only_read.open_events == []


def test_a_tag_that_always_comes_rarely_is_not_missed():
    monitor = TagMonitor("tag")
    times = [second * 60 * SECOND for second in range(100)]
    monitor.update(times, wave(100).tolist())
    assert monitor.check_silence(times[-1] + 500 * SECOND) == []
    assert monitor.check_silence(times[-1] + 700 * SECOND)


def test_a_silence_is_no_fault_of_what_comes_after():
    monitor = monitor_of(9000)
    times = [time + 3600 * SECOND for time in microseconds(600, start=9000)]
    told = monitor.update(times, (wave(9600)[9000:] + 1.5).tolist())
    assert {event.detector for event in told} == {"missing"}


def test_the_end_tells_how_long_it_was():
    monitor = monitor_of(100)
    monitor.check_silence(112 * SECOND)
    *_, event = monitor.update([119 * SECOND], [37.5])
    assert event.explanation.startswith("no reading of fermenter_temp for 20 s")


def test_readings_that_only_came_late_end_it_when_the_clock_last_found_none():
    monitor = monitor_of(100)
    monitor.check_silence(115 * SECOND)
    monitor.check_silence(200 * SECOND)
    (event,) = monitor.update(microseconds(101, start=100), wave(201)[100:].tolist())
    assert (event.start_us, event.end_us) == (100 * SECOND, 200 * SECOND)
    assert event.explanation.startswith("no reading of fermenter_temp for 101 s")
    assert monitor.open_events == []


@settings(max_examples=20)
@given(st.integers(100, 300), st.lists(st.integers(0, 300), max_size=4))
def test_late_readings_end_it_alike_however_they_are_grouped_and_after_restarts(first, inner):
    whole, parts = monitor_of(100), monitor_of(100)
    for monitor in (whole, parts):
        monitor.check_silence(240 * SECOND)
    times, values = microseconds(300, start=first), wave(600)[first : first + 300].tolist()
    told = []
    for a, b in pairwise([0, *sorted(inner), 300]):
        told += parts.update(times[a:b], values[a:b])
        saved, parts = parts.dump(), TagMonitor("fermenter_temp", "°C")
        parts.restore(saved)
    assert told == whole.update(times, values)
    assert whole.open_events == []
    assert whole.dump() == parts.dump()


def test_a_reading_that_is_left_out_ends_nothing():
    monitor = monitor_of(100)
    monitor.check_silence(120 * SECOND)
    assert monitor.update([99 * SECOND], [37.5]) == []
    assert [event.detector for event in monitor.open_events] == ["missing"]


def test_sentence_and_score_grow_with_the_silence():
    monitor = monitor_of(100)
    told = [monitor.check_silence((99 + silence) * SECOND)[-1] for silence in (14, 15, 16)]
    assert [event.score for event in told] == [1.4, 1.5, 1.6]
    assert [event.explanation.split(";")[0][-4:] for event in told] == ["14 s", "15 s", "16 s"]


def test_readings_that_are_always_delivered_by_the_minute_are_soon_not_missed():
    monitor, found = TagMonitor("tag"), []
    for minute in range(200):
        end = (minute + 1) * 60
        monitor.update(microseconds(60, start=end - 60), wave(end)[-60:].tolist())
        found += [minute for second in range(1, 60) if monitor.check_silence((end + second) * SECOND)]
    assert max(found) < 30


def test_readings_that_come_ever_more_rarely_are_one_event():
    monitor = monitor_of(1000)
    seconds = np.cumsum(np.linspace(20, 60, 20)).astype(int) + 999
    told = monitor.update([int(second) * SECOND for second in seconds], wave(1020)[1000:].tolist())
    assert {event.start_us for event in told} == {1000 * SECOND}
    assert told[-1].end_us > 1200 * SECOND


def test_a_silence_much_later_is_another_event():
    monitor = monitor_of(1000)
    told = monitor.update(microseconds(500, start=1100), wave(1600)[1100:].tolist())
    told += monitor.update([1800 * SECOND], [37.5])
    assert {event.start_us for event in told} == {1000 * SECOND, 1600 * SECOND}


def test_a_hole_in_what_came_late_is_an_event_of_its_own():
    monitor = monitor_of(100)
    monitor.check_silence(200 * SECOND)
    told = monitor.update(microseconds(20, start=100), wave(120)[100:].tolist())
    told += monitor.update([150 * SECOND], [37.5])
    ended = {(e.start_us // SECOND, e.end_us // SECOND) for e in told if e.end_us is not None}
    assert ended == {(100, 200), (120, 150)}
