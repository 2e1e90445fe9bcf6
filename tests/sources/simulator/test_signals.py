"""The simulated sensors: pure functions of seed, tag and time, with labelled faults."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.alarms.condition import Above, Below, Memory, Side, Timing, take_value
from monitoring.alarms.definition import deadband_of
from monitoring.kernel.tag_definition import DEFAULT_TAGS, DefaultTag
from monitoring.sources.simulator.signals import Signal, simulate

DAY = 86_400
START = 1_800_000_001
TIMING = Timing(10_000_000, 10_000_000, 10_000_000)

every_tag = pytest.mark.parametrize("tag", DEFAULT_TAGS, ids=lambda tag: tag.definition.name)


def one_day(tag: DefaultTag) -> Signal:
    return simulate(tag, seed=1, start=START, stop=START + DAY)


@every_tag
def test_it_has_one_reading_a_second_at_whole_seconds(tag: DefaultTag) -> None:
    assert one_day(tag).second.tolist() == list(range(START, START + DAY))


@given(st.integers(0, 5000), st.integers(0, 1500))
def test_the_same_second_always_has_the_same_reading(offset: int, length: int) -> None:
    tag = DEFAULT_TAGS[0]
    whole = simulate(tag, seed=7, start=START, stop=START + 7000)
    part = simulate(tag, seed=7, start=START + offset, stop=START + offset + length)
    assert part.value.tolist() == whole.value[offset : offset + length].tolist()
    assert part.fault.tolist() == whole.fault[offset : offset + length].tolist()


def test_another_seed_or_tag_or_time_is_another_signal() -> None:
    temp, ph, _ = DEFAULT_TAGS
    base = simulate(temp, seed=1, start=START, stop=START + 100).value
    assert not np.array_equal(base, simulate(temp, seed=2, start=START, stop=START + 100).value)
    assert not np.array_equal(base, simulate(temp, seed=1, start=START + 600, stop=START + 700).value)
    assert not np.array_equal(base, simulate(ph, seed=1, start=START, stop=START + 100).value)


@every_tag
def test_it_never_leaves_the_valid_range(tag: DefaultTag) -> None:
    value = one_day(tag).value
    assert tag.definition.valid_min <= value.min() <= value.max() <= tag.definition.valid_max


@every_tag
def test_the_normal_signal_stays_in_its_band_and_uses_most_of_it(tag: DefaultTag) -> None:
    signal = one_day(tag)
    normal = signal.value[signal.fault == ""]
    assert tag.profile.low <= normal.min() <= normal.max() <= tag.profile.high
    assert np.ptp(normal) > 0.8 * (tag.profile.high - tag.profile.low)


@every_tag
def test_about_the_promised_share_is_faulty(tag: DefaultTag) -> None:
    share = np.mean(one_day(tag).fault != "")
    assert share == pytest.approx(tag.profile.fault_rate, rel=0.15)


@every_tag
def test_excursions_cross_each_limit_and_normal_readings_never_do(tag: DefaultTag) -> None:
    signal = one_day(tag)
    below = signal.value < tag.definition.lower_limit
    above = signal.value > tag.definition.upper_limit
    assert below[signal.fault == "below_limit"].all()
    assert above[signal.fault == "above_limit"].all()
    assert below.any()
    assert above.any()
    assert (signal.fault[below | above] != "").all()


@every_tag
def test_a_day_has_six_lasting_excursions_and_no_other_alarms(tag: DefaultTag) -> None:
    midnight = START // DAY * DAY
    signal = simulate(tag, seed=1, start=midnight, stop=midnight + DAY)
    assert (signal.fault == "lasting").sum() == 6 * 90
    limits: list[Side] = [
        Above(tag.definition.upper_limit or 0, deadband_of(tag.definition)),
        Below(tag.definition.lower_limit or 0, deadband_of(tag.definition)),
    ]
    begins = []
    for side in limits:
        memory, last = Memory(), None
        for second, value in zip((signal.second * 1_000_000).tolist(), signal.value.tolist(), strict=True):
            memory, changes = take_value(memory, side, TIMING, at_us=second, value=value, last_us=last)
            last = second
            begins += [change.at_us // 1_000_000 for change in changes if change.is_active]
    assert len(begins) == 6
    assert (signal.fault[np.array(begins) - midnight] == "lasting").all()


def test_no_time_at_all_is_no_reading() -> None:
    assert simulate(DEFAULT_TAGS[0], seed=1, start=START, stop=START).value.size == 0
