"""Readings that stop coming are noticed by the clock, or by the reading that ends the silence."""

from monitoring.domain.monitor import TagMonitor
from tests.domain.detectors.signals import microseconds, wave

SECOND = 1_000_000


def monitor_of(count: int) -> TagMonitor:
    monitor = TagMonitor("fermenter_temp", "°C")
    monitor.take(microseconds(count), wave(count).tolist())
    return monitor


def test_the_clock_tells_while_it_lasts():
    monitor = monitor_of(100)
    assert monitor.look(99 * SECOND + 9 * SECOND) == []
    (event,) = monitor.look(99 * SECOND + 14 * SECOND)
    assert (event.detector, event.start_us, event.end_us) == ("missing", 100 * SECOND, None)
    assert event.explanation == "no reading of fermenter_temp for 14 s; one normally comes every 1 s"
    assert monitor.open_events == [event]


def test_the_next_reading_ends_it_and_alone_tells_it_too():
    looked, only_read = monitor_of(100), monitor_of(100)
    looked.look(120 * SECOND)
    ended = [monitor.take([200 * SECOND], [37.5])[-1] for monitor in (looked, only_read)]
    assert [(event.start_us, event.end_us) for event in ended] == [(100 * SECOND, 200 * SECOND)] * 2
    assert looked.open_events == only_read.open_events == []


def test_a_tag_that_always_comes_rarely_is_not_missed():
    monitor = TagMonitor("tag")
    times = [second * 60 * SECOND for second in range(100)]
    monitor.take(times, wave(100).tolist())
    assert monitor.look(times[-1] + 500 * SECOND) == []
    assert monitor.look(times[-1] + 700 * SECOND)


def test_a_silence_is_no_fault_of_what_comes_after():
    monitor = monitor_of(9000)
    times = [time + 3600 * SECOND for time in microseconds(600, start=9000)]
    told = monitor.take(times, (wave(9600)[9000:] + 1.5).tolist())
    assert {event.detector for event in told} == {"missing"}


def test_the_end_tells_how_long_it_was():
    monitor = monitor_of(100)
    monitor.look(112 * SECOND)
    *_, event = monitor.take([119 * SECOND], [37.5])
    assert event.explanation.startswith("no reading of fermenter_temp for 20 s")
