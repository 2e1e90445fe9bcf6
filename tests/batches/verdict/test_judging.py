"""Probe or process: the verdict on faults put into a batch whose balances close."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from monitoring.batches.verdict.judging import Verdict, judge
from monitoring.batches.verdict.words import verdict_json, verdict_words
from monitoring.batches.watch.channels import BatchMinutes
from monitoring.batches.watch.model import WatchModel, fit_watch
from monitoring.batches.watch.watching import watch
from tests.batches.verdict.made_plant import (
    FAULT_H,
    NEW,
    begin_of,
    course,
    faulty,
    golden,
    minute_of,
    warmed,
    with_measured,
    without,
    without_setpoints,
)

Change = Callable[[np.ndarray, np.ndarray], np.ndarray]
AFTER = 60  # minutes


@pytest.fixture(scope="module")
def model() -> WatchModel:
    return fit_watch(golden())


def verdict_on(model: WatchModel, batch: BatchMinutes, after: int = AFTER) -> Verdict:
    """The verdict on the newest deviation, some minutes after its begin."""
    found = watch(model, batch)
    assert found.deviations, "no deviation to judge"
    deviation = found.deviations[-1]
    assert deviation.start >= minute_of(FAULT_H)
    return judge(model, batch, found, deviation, deviation.start + after)


PROBES: dict[str, tuple[str, Change, str]] = {
    "DO": ("dissolved_oxygen", lambda values, since: values - np.minimum(since / 4, 15), "do"),
    "O2 analyser": ("offgas_o2", lambda values, since: values + 0.15 * since / 60, "o2"),
    "CO2 analyser": ("offgas_co2", lambda values, since: values * 1.2, "co2"),
    "scale": ("weight", lambda values, since: values + 0.1 * since / 60, "weight"),
    "stuck": ("temperature", lambda values, since: np.full_like(values, 37.01), "temperature"),
    "offset": ("temperature", lambda values, since: values + 0.8, "temperature"),
}
PROCESSES: dict[str, tuple[str, Change, str]] = {
    "agitator": ("agitation", lambda values, since: np.zeros_like(values), "agitator"),
    "air": ("air_flow", lambda values, since: values * 0.5, "air"),
    "base": ("ph", lambda values, since: values - 0.01 * since, "base"),
}


@pytest.mark.parametrize("fault", PROBES)
def test_a_faulty_probe(model: WatchModel, fault: str) -> None:
    role, change, about = PROBES[fault]
    verdict = verdict_on(model, faulty(course(NEW), role, change))
    assert (verdict.says, verdict.about) == ("probe", about)
    assert verdict.missing == ()


@pytest.mark.parametrize("fault", PROCESSES)
def test_a_fault_of_the_process(model: WatchModel, fault: str) -> None:
    role, change, about = PROCESSES[fault]
    verdict = verdict_on(model, faulty(course(NEW), role, change))
    assert (verdict.says, verdict.about) == ("process", about)
    assert verdict.minute >= minute_of(FAULT_H)


def test_cooling_that_is_missing(model: WatchModel) -> None:
    verdict = verdict_on(model, warmed(course(NEW), 1.5))
    assert (verdict.says, verdict.about) == ("process", "cooling")


def test_a_temperature_that_follows_the_jacket_is_a_matter_of_control(model: WatchModel) -> None:
    batch = warmed(course(NEW), -1.5)
    setpoints = {**batch.setpoints, "jacket_temperature": batch.inputs.measured["jacket_temperature"]}
    verdict = verdict_on(model, replace(batch, setpoints=setpoints))
    assert (verdict.says, verdict.about) == ("process", "control")


def with_antifoam(batch: BatchMinutes, dose_ml: float, hour: float) -> BatchMinutes:
    """The batch with a dose of antifoam."""
    total = np.where(batch.inputs.hour >= hour, dose_ml, 0.0)
    return with_measured(batch, antifoam_total=total)


def test_oxygen_that_falls_with_a_dose_of_antifoam_is_of_the_process(model: WatchModel) -> None:
    batch = with_antifoam(course(NEW), 5.0, FAULT_H)
    verdict = verdict_on(model, faulty(batch, "dissolved_oxygen", lambda values, since: values - 15))
    assert (verdict.says, verdict.about) == ("process", "kla")


def test_a_dose_long_before_does_not_excuse_the_probe(model: WatchModel) -> None:
    batch = with_antifoam(course(NEW), 5.0, FAULT_H - 0.5)
    verdict = verdict_on(model, faulty(batch, "dissolved_oxygen", lambda values, since: values - 15))
    assert (verdict.says, verdict.about) == ("probe", "do")


def test_a_pump_that_delivers_more_than_it_says(model: WatchModel) -> None:
    verdict = verdict_on(model, faulty(course(NEW), "feed_rate", lambda values, since: values * 0.7))
    assert (verdict.says, verdict.about) == ("process", "feed")


def test_a_whole_batch_and_its_begin_have_the_same_verdict(model: WatchModel) -> None:
    role, change, _ = PROBES["DO"]
    batch = faulty(course(NEW), role, change)
    whole = watch(model, batch)
    upto = whole.deviations[-1].start + 30
    begin = begin_of(batch, upto + 1)
    running = watch(model, begin)
    late = judge(model, batch, whole, whole.deviations[-1], upto)
    live = judge(model, begin, running, running.deviations[-1])
    assert (live.says, live.about, live.minute) == (late.says, late.about, late.minute)
    assert live.evidence == pytest.approx(late.evidence)


def test_words_count_the_estimates_that_agree(model: WatchModel) -> None:
    role, change, _ = PROBES["DO"]
    verdict = verdict_on(model, faulty(course(NEW), role, change))
    words = verdict_words(verdict)
    assert words.startswith("5 of 6 independent estimates agree; only the DO probe says ")
    assert words.endswith(" % more.")
    answer = verdict_json(verdict)
    assert answer["sentence"] == words
    assert [estimate["agrees"] for estimate in answer["estimates"]] == [False, True, True, True, True, True]


def test_a_verdict_is_shown_after_ten_minutes(model: WatchModel) -> None:
    role, change, _ = PROCESSES["agitator"]
    batch = faulty(course(NEW), role, change)
    assert not verdict_on(model, batch, after=9).is_shown
    assert verdict_on(model, batch, after=10).is_shown


def test_the_golden_course_replaces_setpoints(model: WatchModel) -> None:
    for fault in ("agitator", "air", "base"):
        role, change, about = PROCESSES[fault]
        assert verdict_on(model, without_setpoints(faulty(course(NEW), role, change))).about == about


def test_direct_checks_need_no_off_gas() -> None:
    poor = ("offgas_o2", "offgas_co2")
    model = fit_watch([without(batch, *poor) for batch in golden()])
    role, change, about = PROCESSES["air"]
    assert verdict_on(model, without(faulty(course(NEW), role, change), *poor)).about == about


def test_a_slow_agitator_with_high_oxygen_may_be_wanted(model: WatchModel) -> None:
    batch = faulty(course(NEW), "agitation", lambda values, since: values * 0.5)
    batch = faulty(batch, "dissolved_oxygen", lambda values, since: values + 20)
    assert verdict_on(model, without_setpoints(batch)).about != "agitator"


def test_without_a_heat_balance_a_temperature_off_its_setpoint_decides_nothing() -> None:
    model = fit_watch([without(batch, "jacket_temperature") for batch in golden()])
    shifted = faulty(course(NEW), "temperature", lambda values, since: values + 0.8)
    verdict = verdict_on(model, without(shifted, "jacket_temperature"))
    assert verdict.says == "undecided"
    assert "jacket_temperature" in verdict.missing


def test_undecided_names_the_roles_that_would_decide() -> None:
    poor = ("offgas_o2", "offgas_co2")
    model = fit_watch([without(batch, *poor) for batch in golden()])
    role, change, _ = PROBES["DO"]
    verdict = verdict_on(model, without(faulty(course(NEW), role, change), *poor))
    assert (verdict.says, verdict.about) == ("undecided", "")
    assert verdict.missing == ("offgas_o2", "offgas_co2")
    assert "O2 in the off-gas" in verdict_words(verdict)
    assert [estimate.agrees for estimate in verdict.estimates] == [None] * 5 + [True]


def test_without_any_role_nothing_can_be_told() -> None:
    def plain(batch: BatchMinutes) -> BatchMinutes:
        measured = batch.inputs.measured
        names = ("temperature", "dissolved_oxygen", "agitation")
        left = without(batch, *measured)
        return type(left)(
            left.inputs, left.phase, left.phases, others={f"tag.{name}": measured[name] for name in names}
        )

    model = fit_watch([plain(batch) for batch in golden()])
    role, change, _ = PROBES["DO"]
    verdict = verdict_on(model, plain(faulty(course(NEW), role, change)))
    assert verdict.says == "undecided"
    assert {"offgas_o2", "dissolved_oxygen", "weight", "feed_rate"} < set(verdict.missing)
