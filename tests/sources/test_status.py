"""The figures of a source's status."""

import pytest

from monitoring.sources.backoff import PAUSES_S, Backoff
from monitoring.sources.session import State
from monitoring.sources.status import StatusMeter, clock_sentence


class Clock:
    """A clock that a test turns on."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_rate_is_that_of_ten_seconds(clock: Clock) -> None:
    meter = StatusMeter(clock)
    for _ in range(20):
        meter.stored(50, rejected=1, newest_us=None, lag_ms=None)
        clock.now += 1
    assert meter.figures().rate == 50
    clock.now += 20
    assert meter.figures().rate == 0


def test_lag_and_offset_are_medians_of_a_minute(clock: Clock) -> None:
    meter = StatusMeter(clock)
    meter.stored(1, rejected=0, newest_us=7, lag_ms=9_000.0)
    clock.now += 61
    for lag_ms in (1.0, 2.0, 50.0):
        meter.stored(1, rejected=0, newest_us=5, lag_ms=lag_ms)
        meter.observe_clock(-lag_ms)
    figures = meter.figures()
    assert (figures.lag_ms, figures.clock_offset_ms, figures.newest_us) == (2.0, -2.0, 7)


def test_counts_are_those_since_the_last_that_were_written(clock: Clock) -> None:
    meter = StatusMeter(clock)
    meter.stored(5, rejected=2, newest_us=None, lag_ms=None)
    figures = meter.figures()
    meter.stored(1, rejected=0, newest_us=None, lag_ms=None)
    meter.written(figures)
    assert (meter.figures().readings, meter.figures().rejected) == (1, 0)


def test_the_last_error_stays_when_the_source_is_connected_again(clock: Clock) -> None:
    meter = StatusMeter(clock)
    meter.set_state(State.FAILED, "refused")
    meter.set_state(State.CONNECTED, "broker 2.0")
    figures = meter.figures()
    assert (figures.state, figures.error) == (State.CONNECTED, "refused")


@pytest.mark.parametrize(
    ("offset_ms", "expected"),
    [
        (None, ""),
        (1_999.0, ""),
        (2_001.0, "2 s ahead of"),
        (-5_000.0, "5 s behind"),
        (301_000.0, "rejected as in the future"),
        (-301_000.0, "come late"),
    ],
)
def test_a_wrong_clock_is_a_sentence(offset_ms: float | None, expected: str) -> None:
    sentence = clock_sentence(offset_ms)
    assert expected in sentence
    assert bool(sentence) is bool(expected)


def test_a_notice_is_shown_until_it_is_withdrawn(clock: Clock) -> None:
    meter = StatusMeter(clock)
    meter.notice("a", "Broker forgets.")
    meter.notice("b", "")
    assert meter.figures().notices == ("Broker forgets.",)
    meter.notice("a", "")
    assert meter.figures().notices == ()


def test_pauses_grow_and_are_short_again_after_a_long_run() -> None:
    backoff = Backoff()
    for expected_s in (*PAUSES_S, PAUSES_S[-1]):
        assert backoff.next_pause_s(lasted_s=0.1) == pytest.approx(expected_s, rel=0.2)
    assert backoff.next_pause_s(lasted_s=60) == pytest.approx(1.0, rel=0.2)
