"""Trials of faults: what counts as found, from when the delay counts, and that chance does not count."""

from dataclasses import replace

import numpy as np
import pytest

from monitoring.ingest.columns import segment_of
from monitoring.kernel.clock import SECOND_US
from monitoring.lab.evaluation.clean_runs import CleanRun, run_clean
from monitoring.lab.evaluation.trials import (
    CASES,
    CLEAN_S,
    Answer,
    Case,
    FindingWindow,
    Trial,
    answer_of,
    rule_sightings,
    run_trial,
    window_of,
)
from monitoring.lab.evaluation.watching import EPOCH_S, RULE, Sighting, rule_flags
from monitoring.lab.signal_families import FAMILIES

WINDOW = FindingWindow(first=100, last=160, fault=100)
STUCK = Case("stuck")


def seen(start: int, known: int | None = None) -> Sighting:
    """A finding that begins at one second and is known at another."""
    times = [(EPOCH_S + second) * SECOND_US for second in (start, start if known is None else known)]
    return Sighting("step", *times)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], Answer(False, None)),
        ([seen(99, 120)], Answer(False, None)),
        ([seen(100)], Answer(False, 0, "step")),
        ([seen(160, 170)], Answer(False, 70, "step")),
        ([seen(161)], Answer(False, None)),
        ([seen(90, 110), seen(120, 125), seen(101, 126)], Answer(False, 25, "step")),
    ],
)
def test_the_first_finding_that_begins_in_the_window_counts(found: list[Sighting], expected: Answer) -> None:
    assert answer_of(WINDOW, [], iter(found)) == expected


@pytest.mark.parametrize(("start", "by_chance"), [(99, False), (100, True), (160, True), (161, False)])
def test_a_finding_there_without_the_fault_is_chance(start: int, by_chance: bool) -> None:
    assert answer_of(WINDOW, [seen(start)], iter([seen(110)])).by_chance is by_chance


@pytest.mark.parametrize(
    ("kind", "first", "duration"),
    [("spike", 0, 1), ("dropout", 0, 5), ("step", 0, 600), ("missing", -1, 600)],
)
def test_a_fault_is_looked_for_while_it_lasts_and_a_minute_longer(
    kind: str, first: int, duration: int
) -> None:
    clean = np.zeros(CLEAN_S + 660)
    window = window_of(Case(kind), clean, clean + 1)
    assert window == FindingWindow(CLEAN_S + first, CLEAN_S + duration + 59, CLEAN_S)


def test_clipping_counts_from_the_first_value_that_it_changes() -> None:
    trial = Trial(1, 0)
    clean = trial.signal()
    faulty = trial.faulty(Case("clipped", 0.5), clean)
    fault = window_of(Case("clipped", 0.5), clean, faulty).fault
    assert np.array_equal(clean[:fault], faulty[:fault])
    assert clean[fault] != faulty[fault]


@pytest.mark.no_cover
def test_a_stuck_sensor_is_found_by_the_set_and_its_clean_run_is_silent() -> None:
    for number in range(3):
        (outcome,) = run_trial(Trial(1, number, (STUCK,)))
        assert not outcome.whole.by_chance
        assert outcome.whole.delay_s is not None
        assert 0 < outcome.whole.delay_s < 60


@pytest.mark.no_cover
def test_a_case_hangs_neither_on_the_others_nor_on_the_run() -> None:
    some = (Case("spike", 8), Case("missing"), STUCK)
    together = run_trial(Trial(5, 1, some))
    assert together == run_trial(Trial(5, 1, some))
    assert together == [run_trial(Trial(5, 1, (case,)))[0] for case in some]
    assert Trial(6, 1).signal()[0] != Trial(5, 1).signal()[0]


@pytest.mark.no_cover
def test_the_rule_sees_a_large_spike_at_once() -> None:
    spikes = [run_trial(Trial(1, number, (Case("spike", 30),)))[0].rule for number in range(3)]
    assert [one.delay_s for one in spikes] == [0, 0, 0]


def test_the_rule_does_not_see_the_seconds_without_a_reading() -> None:
    trial = Trial(1, 0)
    values = trial.faulty(Case("missing"), trial.signal())
    seconds = [one.start_us // SECOND_US - EPOCH_S for one in rule_sightings(values)]
    assert all(second >= CLEAN_S + 600 for second in seconds)


def test_faults_are_read_at_the_resolution_of_the_sensor() -> None:
    trial = Trial(1, 0)
    for case in CASES:
        values = trial.faulty(case, trial.signal())
        assert np.array_equal(values, values.round(2), equal_nan=True)


@pytest.mark.parametrize("length", [0, 1, 19_999, 20_000, 20_001, 45_000])
@pytest.mark.parametrize("before", [0, 30, 60])
def test_the_flags_of_a_long_signal_are_those_of_the_rule(length: int, before: int) -> None:
    values = FAMILIES["white_noise"](1, length + before).values
    (verdict,) = RULE.score(segment_of(values[:before], values[before:]))
    assert rule_flags(values[:before], values[before:]).tolist() == np.flatnonzero(verdict.found).tolist()


@pytest.mark.no_cover
def test_false_findings_count_from_the_second_hour_on() -> None:
    run = CleanRun("white_noise", 2, 0.1)
    found = run_clean(run)
    flags = rule_flags(np.empty(0), FAMILIES["white_noise"](2, 3600 + 8640).values)
    assert found.flags == (flags >= 3600).sum() > 10
    assert run_clean(replace(run, seed=3)).flags != found.flags
