"""Faults of the demo vessel: one in every third batch, each with a mark in the signals."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from monitoring.sources.simulator.vessel.batch_block import FloatArray
from monitoring.sources.simulator.vessel.faults import VesselFault, VesselFaultKind, draw_fault, fault_of
from monitoring.sources.simulator.vessel.parameters import HOUR_S
from monitoring.sources.simulator.vessel.turnaround import BATCH_S
from tests.sources.simulator.vessel.runs import normal, with_fault

NUMBER = 1
ONSET = 12 * HOUR_S + 77
HOURS = 2

Change = Callable[[Callable[[str], FloatArray]], bool]
# What two hours of the fault change; ``of`` gives a tag's readings less those of the same batch without it.
MARKS: dict[VesselFaultKind, tuple[float, Change]] = {
    VesselFaultKind.PH_DRIFT: (0.1, lambda of: of("base")[-1] < -1),  # the controller follows the wrong probe
    VesselFaultKind.OXYGEN_FOULING: (0.3, lambda of: of("rpm")[-1] > 50),
    VesselFaultKind.TEMPERATURE_STUCK: (1, lambda of: abs(of("jacket_sp")).max() > 0.1),
    VesselFaultKind.TEMPERATURE_OFFSET: (0.6, lambda of: of("temp")[20:60].max() > 0.4),
    VesselFaultKind.GAS_DRIFT: (0.1, lambda of: of("o2")[-1] > 0.15),
    VesselFaultKind.SCALE_DRIFT: (0.1, lambda of: of("weight")[-1] > 0.15),
    VesselFaultKind.AGITATOR_TRIP: (1, lambda of: of("rpm")[60] < -300 and of("do")[120] < -20),
    VesselFaultKind.AIR_LOSS: (0.5, lambda of: of("air").mean() < -2.5),
    VesselFaultKind.FEED_BLOCK: (1, lambda of: of("weight")[-1] < -0.1 and of("o2")[-1] > 1),
    VesselFaultKind.OVERFEED: (1.3, lambda of: of("weight")[-1] > 0.03),
    VesselFaultKind.COOLING_LOSS: (0, lambda of: of("temp")[-1] > 0.3),
    VesselFaultKind.BASE_EMPTY: (1, lambda of: of("ph")[-1] < -0.1 and of("base")[-1] > 50),
    VesselFaultKind.CONTAMINATION: (1, lambda of: of("base")[-1] > 5),
    VesselFaultKind.ANTIFOAM_OVERDOSE: (1, lambda of: of("rpm")[600] > 20 and of("antifoam")[-1] == 5),
    VesselFaultKind.SETPOINT_STEP: (1, lambda of: of("temp")[3600:].mean() > 0.8),
}


@pytest.mark.parametrize("kind", VesselFaultKind)
def test_each_fault_leaves_its_mark_and_nothing_before_its_onset(kind: VesselFaultKind) -> None:
    size, is_marked = MARKS[kind]
    fault = VesselFault(kind, ONSET, size)
    faulty, clean = with_fault(NUMBER, fault, ONSET // 600 * 600 + HOURS * HOUR_S), normal(NUMBER)
    offset = ONSET - faulty.start_s

    def difference(name: str) -> FloatArray:
        stop = faulty.start_s + len(faulty.readings)
        return (faulty.of(name) - clean.of(name)[faulty.start_s : stop])[offset:]

    before = clean.readings[faulty.start_s : ONSET]
    assert np.array_equal(faulty.readings[:offset], before)
    assert is_marked(difference)


def test_a_stuck_probe_shows_one_value() -> None:
    run = with_fault(NUMBER, VesselFault(VesselFaultKind.TEMPERATURE_STUCK, ONSET), ONSET // 600 * 600 + 1200)
    assert len(set(run.of("temp")[ONSET - run.start_s :])) == 1


def test_every_third_batch_has_one_fault_of_any_kind() -> None:
    faults = {number: fault_of(1, number) for number in range(-300, 300)}
    assert {number for number, fault in faults.items() if fault} == set(range(-300, 300, 3))
    counts = Counter(fault.kind for fault in faults.values() if fault)
    assert set(counts) == set(VesselFaultKind)


@pytest.mark.parametrize("kind", VesselFaultKind)
def test_onset_and_label_of_a_fault(kind: VesselFaultKind) -> None:
    fault = draw_fault(kind, np.random.default_rng(1))
    assert 5 * HOUR_S <= fault.onset_s <= BATCH_S - 5 * HOUR_S
    assert "{" not in fault.label
    words = fault.label.lower()
    assert fault.is_of_probe == any(word in words for word in ("probe", "analyser", "scale"))
