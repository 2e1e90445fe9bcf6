"""A batch of the demo vessel: balances, phases, ranges."""

import pytest

from monitoring.sources.simulator.vessel.balances import SAMPLE_L, takes_sample
from monitoring.sources.simulator.vessel.batch_block import BLOCK_S
from monitoring.sources.simulator.vessel.channels import CHANNELS
from monitoring.sources.simulator.vessel.faults import VesselFault, VesselFaultKind
from monitoring.sources.simulator.vessel.parameters import HOUR_S
from monitoring.sources.simulator.vessel.state import Stage, VesselState
from monitoring.sources.simulator.vessel.turnaround import BATCH_S
from tests.sources.simulator.vessel.runs import Run, normal, with_fault

BATCHES = (1, 2, 3)
AGITATOR_TRIP = VesselFault(VesselFaultKind.AGITATOR_TRIP, 10 * HOUR_S)


def carbon(state: VesselState) -> float:
    """C-mol a litre: 24.6 g biomass, 30 g glucose, acetate or lactate."""
    sugar = state.glucose + state.acetate + state.lactate
    return (state.biomass + state.contaminant) / 24.6 + sugar / 30


def electrons(state: VesselState) -> float:
    """Moles of available electrons a litre: degree of reduction 4.2 of biomass, 4 of the others."""
    sugar = state.glucose + state.acetate + state.lactate
    return 4.2 * (state.biomass + state.contaminant) / 24.6 + 4 * sugar / 30


def closure(run: Run, content, left_as_gas) -> float:
    """What is found at the end (broth, samples, gas) over what came in (broth, feed)."""
    first, last = run.states[0], run.states[-1]
    sampled = [
        content(state) * SAMPLE_L
        for place, state in enumerate(run.states)
        if place and takes_sample(run.start_s + place * BLOCK_S)
    ]
    fed = VesselState(biomass=0, glucose=run.batch.feed_glucose, volume=0)
    came = content(first) * first.volume + content(fed) * (last.fed_ml - first.fed_ml) / 1000
    return (content(last) * last.volume + sum(sampled) + left_as_gas(last) - left_as_gas(first)) / came


@pytest.mark.parametrize("number", BATCHES)
def test_carbon_and_electrons_close_within_half_a_percent(number: int) -> None:
    run = normal(number)
    assert closure(run, carbon, lambda state: state.co2_given_mol) == pytest.approx(1, abs=0.005)
    assert closure(run, electrons, lambda state: 4 * state.oxygen_taken_mol) == pytest.approx(1, abs=0.005)


def test_balances_close_also_without_oxygen() -> None:
    run = with_fault(1, AGITATOR_TRIP, BATCH_S)
    assert closure(run, carbon, lambda state: state.co2_given_mol) == pytest.approx(1, abs=0.005)
    assert closure(run, electrons, lambda state: 4 * state.oxygen_taken_mol) == pytest.approx(1, abs=0.005)
    assert min(state.oxygen for state in run.states) > 0


@pytest.mark.parametrize("number", BATCHES)
def test_glucose_is_used_up_and_never_negative(number: int) -> None:
    amounts = [state.glucose for state in normal(number).states]
    assert min(amounts) > 0
    assert amounts[-1] < 0.1


@pytest.mark.parametrize("number", BATCHES)
def test_stages_come_in_order_and_the_feed_begins_once(number: int) -> None:
    run = normal(number)
    stages = [state.stage for state in run.states]
    assert stages == sorted(stages)
    assert {stages[0], stages[-1]} == {Stage.LAG, Stage.FEEDING}
    fed = run.of("feed_sp") > 0
    begin = run.states[-1].feed_at
    assert not fed[:begin].any()
    assert fed[begin:].all()


@pytest.mark.parametrize("number", BATCHES)
def test_no_reading_of_a_normal_batch_is_beyond_a_limit(number: int) -> None:
    readings = normal(number).readings
    for channel, low, high in zip(CHANNELS, readings.min(axis=0), readings.max(axis=0), strict=True):
        tag = channel.definition
        lower = tag.valid_min if tag.lower_limit is None else tag.lower_limit
        upper = tag.valid_max if tag.upper_limit is None else tag.upper_limit
        assert tag.valid_min <= lower <= low <= high <= upper <= tag.valid_max, tag.name


def test_totals_never_fall_within_a_batch() -> None:
    for name in ("base", "antifoam"):
        total = normal(1).of(name)
        assert (total[1:] >= total[:-1]).all()
        assert total[-1] > total[0]


def test_probes_follow_the_setpoints() -> None:
    run = normal(1)
    late = slice(10 * HOUR_S, None)
    assert run.of("temp")[late].mean() == pytest.approx(37, abs=0.1)
    assert run.of("ph")[late].mean() == pytest.approx(6.98, abs=0.03)
    assert run.of("do")[late].mean() == pytest.approx(30, abs=1)
