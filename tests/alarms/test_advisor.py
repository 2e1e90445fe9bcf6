"""Advice on delays and deadbands, against signals whose excursions are known."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.alarms.advice_outcomes import Rating, judged
from monitoring.alarms.advice_replay import replayed
from monitoring.alarms.advisor import advise, curve_of, deadband_for, find_excursions, off_delay_for
from monitoring.alarms.alternatives import by_deadband, by_limit, farthest_limit
from monitoring.alarms.condition import Above, Change, Memory, Timing, take_value
from monitoring.alarms.definition import InForce
from monitoring.kernel.tag_definition import TagDefinition

S = 1_000_000
HIGH = InForce("H", setpoint=45, deadband=0.2, on_delay_s=0, off_delay_s=0, stale_after_s=30)
SIDE = Above(45, 0)


def seconds(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.int64) * S


def signal(*parts: tuple[float, int]) -> np.ndarray:
    """A signal of a value a second: (value, seconds) each."""
    return np.concatenate([np.full(length, value, dtype=float) for value, length in parts])


def test_excursions_have_begin_length_and_the_gap_to_the_next() -> None:
    values = signal((40, 10), (46, 5), (40, 20), (47, 60), (40, 5))
    found = find_excursions(seconds(len(values)), values, SIDE, stale_after_us=30 * S)
    assert (found.start_us // S).tolist() == [10, 35]
    assert found.span_s.tolist() == [5, 60]
    assert found.gap_s.tolist() == [20, np.inf]


def test_an_excursion_ends_where_the_data_end() -> None:
    values = signal((40, 5), (46, 5))
    times = seconds(10)
    times[8:] += 500 * S
    found = find_excursions(times, values, SIDE, stale_after_us=30 * S)
    assert (found.start_us // S).tolist() == [5, 508]
    assert found.span_s.tolist() == [32, 1]


def test_no_excursion_gives_no_alarm() -> None:
    values = signal((40, 100))
    found = find_excursions(seconds(100), values, SIDE, stale_after_us=30 * S)
    assert {alarms for _, alarms in curve_of(found)} == {0}
    assert advise(seconds(100), values, HIGH, width=10, respond_s=None).proposed.alarms == 0


@given(st.lists(st.booleans(), min_size=1, max_size=200), st.sampled_from([0, 1, 2, 3, 5, 10]))
def test_the_curve_counts_what_a_replay_finds(outside: list[bool], delay: int) -> None:
    values, times = np.where(outside, 46.0, 40.0), seconds(len(outside))
    values, times = np.append(values, 40.0), seconds(len(outside) + 1)
    curve = dict(curve_of(find_excursions(times, values, SIDE, stale_after_us=30 * S)))
    assert len(replayed(times, values, SIDE, Timing(delay * S, 0, 30 * S))) == curve[delay]


def test_the_proposal_finds_the_real_ones_without_the_short() -> None:
    quiet, noise = 300, np.random.default_rng(5).normal(0, 0.02, 6_000)
    short = [part for length in (2, 4, 5, 3) for part in ((40, quiet), (46, length))]
    values = signal(*short, (40, quiet), (46, 180), (40, quiet), (46, 200), (40, quiet))
    values += noise[: len(values)]
    found = advise(seconds(len(values)), values, HIGH, width=10, respond_s=120)
    assert (found.present.alarms, found.present.nuisance, found.present.real) == (6, 4, 2)
    assert (found.proposed.alarms, found.proposed.nuisance, found.proposed.real) == (2, 0, 2)
    assert found.proposed.on_delay_s == 5  # the shortest that outlasts them; a tenth of 120 s is the most


def test_a_delay_that_would_hide_a_real_excursion_is_not_proposed() -> None:
    values = signal((40, 100), (46, 30), (40, 100))
    found = advise(seconds(len(values)), values, HIGH, width=10, respond_s=20)
    assert (found.proposed.real, found.proposed.on_delay_s) == (1, 0)


def test_the_deadband_follows_the_noise_and_leaves_room() -> None:
    noise = np.random.default_rng(6).normal(0, 0.1, 10_000)
    assert deadband_for(40 + noise, HIGH, width=10) == pytest.approx(0.3, rel=0.1)
    assert deadband_for(44.7 + noise, HIGH, width=10) < 0.05
    assert deadband_for(np.full(100, 40.0), HIGH, width=10) == pytest.approx(0.05)
    low = replace(HIGH, kind="L", setpoint=35)
    assert deadband_for(40 + noise, low, width=10) == pytest.approx(0.3, rel=0.1)


def test_the_off_delay_joins_the_pieces_of_one_trouble() -> None:
    values = signal((40, 100), (46, 100), (40, 20), (46, 100), (40, 400), (46, 2), (40, 100))
    found = find_excursions(seconds(len(values)), values, SIDE, stale_after_us=30 * S)
    assert off_delay_for(found, real_s=60, shortest_s=10) == 20
    assert off_delay_for(found, real_s=1_000, shortest_s=10) == 10


def test_a_spike_shortly_before_a_trouble_is_not_part_of_it() -> None:
    values = signal((40, 100), (46, 2), (40, 200), (46, 100), (40, 100))
    found = find_excursions(seconds(len(values)), values, SIDE, stale_after_us=30 * S)
    assert off_delay_for(found, real_s=60, shortest_s=10) == 10


def test_without_a_setpoint_there_is_no_advice() -> None:
    with pytest.raises(ValueError, match="no setpoint"):
        advise(seconds(3), signal((40, 3)), replace(HIGH, setpoint=None), width=10, respond_s=None)


def test_a_rating_outweighs_the_length() -> None:
    values = signal((40, 100), (46, 5), (40, 300), (46, 90), (40, 100))
    said = [Rating(101 * S, 104 * S, is_real=True), Rating(410 * S, 480 * S, is_real=False)]
    found = advise(seconds(len(values)), values, HIGH, width=10, respond_s=None, ratings=said)
    assert (found.present.real, found.present.nuisance) == (1, 1)
    assert (found.proposed.on_delay_s, found.proposed.real) == (0, 1)  # a longer delay would hide it
    without = advise(seconds(len(values)), values, HIGH, width=10, respond_s=None)
    assert (without.proposed.on_delay_s, without.proposed.alarms) == (5, 1)


def test_a_rated_occurrence_counts_once_and_the_quieter_settings_are_proposed() -> None:
    pokes = [part for _ in range(10) for part in ((46, 5), (40, 100))]
    foreign = [part for _ in range(20) for part in ((46, 4), (40, 100))]
    values = signal((40, 100), *pokes, (46, 50), (40, 400), *foreign)
    said = [Rating(100 * S, 1_200 * S, is_real=True)]
    found = advise(seconds(len(values)), values, HIGH, width=10, respond_s=None, ratings=said)
    present, proposed = found.present, found.proposed
    assert (present.alarms, present.real, present.nuisance, present.repeated) == (31, 1, 20, 10)
    assert (proposed.on_delay_s, proposed.alarms, proposed.real, proposed.repeated) == (5, 1, 1, 0)


def test_one_alarm_that_joins_occurrences_counts_each_and_no_nuisance_beside_a_real_one() -> None:
    values = signal((40, 100), (46, 5), (40, 5), (46, 5), (40, 5), (46, 5), (40, 200), (46, 3), (40, 100))
    said = [Rating((100 + 10 * at) * S, (104 + 10 * at) * S, is_real=at < 2) for at in range(3)]
    said.append(Rating(325 * S, 328 * S, is_real=False))
    joined = judged(seconds(len(values)), values, replace(HIGH, off_delay_s=20), real_s=60, ratings=said)
    assert (joined.alarms, joined.real, joined.nuisance, joined.repeated, joined.unknown) == (2, 2, 1, 0, 0)
    apart = judged(seconds(len(values)), values, HIGH, real_s=60, ratings=said)
    assert (apart.alarms, apart.real, apart.nuisance) == (4, 2, 2)


@given(
    st.lists(st.tuples(st.sampled_from([40.0, 44.9, 46.0]), st.sampled_from([1, 1, 1, 40])), min_size=1),
    st.sampled_from([0, 1, 3, 30]),
    st.sampled_from([0, 2, 5, 45]),
)
def test_the_replay_skips_only_values_that_change_nothing(
    steps: list[tuple[float, int]], on_delay: int, off_delay: int
) -> None:
    times = np.cumsum([step for _, step in steps]).astype(np.int64) * S
    values, side = np.array([value for value, _ in steps]), Above(45, 0.2)
    timing = Timing(on_delay * S, off_delay * S, 30 * S)
    memory, last, changes = Memory(), None, list[Change]()
    for at, value in zip(times.tolist(), values.tolist(), strict=True):
        memory, new = take_value(memory, side, timing, at_us=at, value=value, last_us=last)
        changes, last = [*changes, *new], at
    begins = [change.at_us for change in changes if change.is_active]
    ends = [change.at_us for change in changes if not change.is_active]
    ends += [None] * (len(begins) - len(ends))
    assert replayed(times, values, side, timing) == list(zip(begins, ends, strict=True))


def test_the_values_of_a_lasting_excursion_are_not_evaluated(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []

    def counting(*args: Any, **kwargs: Any) -> Any:
        taken.append(kwargs["at_us"])
        return take_value(*args, **kwargs)

    monkeypatch.setattr("monitoring.alarms.advice_replay.take_value", counting)
    values = signal((40, 100), (46, 50_000), (40, 100))
    assert replayed(seconds(len(values)), values, SIDE, Timing(5 * S, 5 * S, 30 * S)) == [
        (105 * S, 50_105 * S)
    ]
    assert len(taken) == 4


def test_what_is_neither_short_nor_lasting_is_unknown() -> None:
    values = signal((40, 100), (46, 90), (40, 100))
    found = advise(seconds(len(values)), values, HIGH, width=10, respond_s=600)
    assert (found.present.alarms, found.present.unknown) == (1, 1)


def test_a_larger_deadband_joins_alarms_and_a_limit_farther_out_has_fewer() -> None:
    values = signal((40, 100), (46, 60), (44.92, 5), (46, 60), (40, 300), (45.6, 90), (40, 100))
    times, settings = seconds(len(values)), replace(HIGH, deadband=0.1)
    found = by_deadband(times, values, settings, real_s=60)
    assert [each.deadband for each in found] == [0, 0.05, 0.1, 0.2, 0.4]
    assert [each.alarms for each in found] == [3, 3, 2, 2, 2]
    limits = by_limit(times, values, settings, farthest=47, real_s=60)
    assert [(each.setpoint, each.alarms) for each in limits] == [(45, 2), (45.5, 3), (46, 0), (46.5, 0)]


def test_a_limit_stays_short_of_the_outer_alarm_and_of_half_the_way() -> None:
    tag = TagDefinition(name="t", unit="°C", valid_min=30, valid_max=50, lower_limit=None, upper_limit=None)
    assert farthest_limit(HIGH, tag, None) == 47.5
    assert farthest_limit(HIGH, tag, 46) == 46
    low = replace(HIGH, kind="L", setpoint=35)
    assert farthest_limit(low, tag, None) == 32.5
    assert farthest_limit(low, tag, 34) == 34
    limits = by_limit(seconds(3), signal((40, 3)), low, farthest=34.9996, real_s=60)
    assert [each.setpoint for each in limits] == [35]  # rounded, the others lie at the same place
