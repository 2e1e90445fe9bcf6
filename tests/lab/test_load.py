"""What a load test sends, when, and what becomes of it."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.lab.load.plan import FASTEST, LoadPlan, Request
from monitoring.lab.load.signals import Signals
from monitoring.lab.load.tags import MOST_TAGS, definition_of, name_of
from monitoring.lab.load.tally import Tally, latency

PLANS = st.builds(
    LoadPlan,
    tags=st.integers(1, 60),
    hz=st.sampled_from((0.1, 0.5, 1, 2, 3, 10)),
    seconds=st.integers(1, 25),
    batch=st.integers(1, 25),
    lanes=st.integers(1, 5),
)


def readings(requests: list[Request]) -> list[tuple[int, int]]:
    """Each reading's tag and time."""
    return [
        pair
        for request in requests
        for pair in zip(request.tag.tolist(), request.offset_us.tolist(), strict=True)
    ]


@given(PLANS)
def test_each_tag_has_each_of_its_readings_once(plan: LoadPlan) -> None:
    sent = readings([request for lane in range(plan.lanes) for request in plan.paced(lane)])
    assert len(set(sent)) == len(sent)
    counts = np.bincount([tag for tag, _ in sent], minlength=plan.tags)
    assert set(counts) <= {int(plan.seconds * plan.hz), int(np.ceil(plan.seconds * plan.hz))}


@given(PLANS)
def test_a_reading_is_due_once_it_is_measured_and_within_the_same_time_step(plan: LoadPlan) -> None:
    for lane in range(plan.lanes):
        due = [request.due_s for request in plan.paced(lane)]
        assert due == sorted(due)
        for request in plan.paced(lane):
            late_s = request.due_s - request.offset_us / 1e6
            assert -1e-6 <= late_s.min() <= late_s.max() < min(1, 1 / plan.hz) + 1e-6


def test_requests_are_spread_over_the_second() -> None:
    plan = LoadPlan(tags=10, hz=1, seconds=2, batch=5, lanes=1)
    assert [request.due_s for request in plan.paced(0)] == [0, 0.5, 1, 1.5]
    assert readings(list(plan.paced(0)))[::5] == [(0, 0), (5, 0), (0, 1_000_000), (5, 1_000_000)]


def test_a_slow_tag_has_the_whole_second_in_which_it_is_due() -> None:
    slow = LoadPlan(tags=4, hz=0.5, seconds=2, batch=1, lanes=1)
    assert [request.due_s for request in slow.paced(0)] == [0, 0.5, 1, 1.5]
    assert readings(list(slow.paced(0))) == [(0, 0), (1, 0), (2, 1_000_000), (3, 1_000_000)]


@given(PLANS)
def test_a_burst_goes_on_in_the_order_of_time_and_never_repeats_itself(plan: LoadPlan) -> None:
    sent = readings([request for lane in range(plan.lanes) for request in islice(plan.burst(lane), 5)])
    assert len(set(sent)) == len(sent)
    for tag in range(plan.tags):
        times = [time_us for one, time_us in sent if one == tag]
        assert times == sorted(times)


def test_a_bursts_times_do_not_overtake_the_clock() -> None:
    plan = LoadPlan(tags=100, hz=1, seconds=1, batch=1000, lanes=2)
    second = list(islice(plan.burst(0), FASTEST // 1000))
    assert max(request.offset_us.max() for request in second) <= 1_000_000


@pytest.mark.parametrize("time_s", [0, 450, 1_790_000_000])
def test_signals_stay_within_limits_and_move(time_s: int) -> None:
    tag = np.arange(300)
    signals = Signals(300)
    values = signals.values(tag, np.full(300, time_s * 1_000_000))
    limits = [(definition_of(place).lower_limit, definition_of(place).upper_limit) for place in tag.tolist()]
    assert all(low <= value <= high for value, (low, high) in zip(values, limits, strict=True))
    later = signals.values(tag, np.full(300, (time_s + 300) * 1_000_000))
    assert np.mean(values != later) > 0.9


def test_names_are_in_order_and_as_long_as_one_another() -> None:
    assert name_of(0) == "load.00001"
    assert [name_of(place) for place in range(11)] == sorted(name_of(place) for place in range(11))
    assert len(name_of(MOST_TAGS - 1)) <= 64


@given(st.lists(st.floats(0, 100), min_size=1))
def test_percentiles_are_measured_and_not_too_low(seconds: list[float]) -> None:
    found = latency(seconds)
    assert set(found) <= set(seconds)
    assert list(found) == sorted(found)
    assert found.highest == max(seconds)
    assert sum(one <= found.p95 for one in seconds) >= 0.95 * len(seconds)


def test_without_an_answer_there_is_no_percentile() -> None:
    assert np.isnan(latency([])).all()


def test_each_result_counts_as_what_it_is() -> None:
    tally = Tally(3)
    told = ["success", "queued_for_retry", "duplicate", "error", "success"]
    tally.answered(np.array([0, 1, 1, 2, 0]), [{"status": status} for status in told])
    assert tally.accepted.tolist() == [2, 1, 0]
    assert (tally.total, tally.kept, tally.duplicates, tally.refused) == (3, 1, 1, 1)
    assert tally.reasons == {"error": 1}
    assert not tally.is_clean


def test_an_answer_that_does_not_speak_of_each_counts_as_none() -> None:
    tally = Tally(2)
    with pytest.raises(ValueError, match="1 results of 2 readings"):
        tally.answered(np.array([0, 1]), [{"status": "success"}])
    assert tally.total == 0


def test_what_was_accepted_and_is_not_there_is_lost() -> None:
    tally = Tally(2)
    tally.answered(np.array([0, 1, 1]), [{"status": "success"}] * 3)
    assert tally.is_clean
    assert (tally.lost(np.array([1, 2])), tally.surplus(np.array([1, 2]))) == (0, 0)
    assert tally.lost(np.array([2, 1])) == 1  # one tag's surplus does not make up for another
    assert tally.surplus(np.array([2, 1])) == 1


def test_what_was_not_answered_may_be_there_or_not() -> None:
    tally = Tally(1)
    tally.fail(np.array([0, 0]), "no answer", was_sent=True)
    tally.fail(np.array([0]), "no connection", was_sent=False)
    assert [tally.surplus(np.array([stored])) for stored in (0, 2, 3)] == [0, 0, 1]
    assert (tally.failed, tally.is_clean) == (3, False)
