"""Faults put into simulated batches, and the table of the results."""

import numpy as np
import pytest

from monitoring.batches.watch.score import Deviation
from monitoring.batches.watch.watching import WatchResult
from monitoring.lab.batch_evaluation import simulated
from monitoring.lab.batch_evaluation.simulated import as_batch, clean_batch, feed_begin
from monitoring.lab.batch_evaluation.tables import batch_table
from monitoring.lab.batch_evaluation.trials import BatchOutcome, delay
from monitoring.sources.simulator.vessel.channels import COLUMNS
from monitoring.sources.simulator.vessel.cycle import inoculation_of, vessel_readings
from monitoring.sources.simulator.vessel.faults import VesselFault, VesselFaultKind

SEED, NUMBER = 5, 1
SPEED = COLUMNS["demo1.rpm"]
TRIP, OVERFEED = VesselFaultKind.AGITATOR_TRIP, VesselFaultKind.OVERFEED


@pytest.fixture
def short_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of half an hour."""
    monkeypatch.setattr(simulated, "BATCH_BLOCKS", 3)


@pytest.mark.usefixtures("short_batches")
def test_a_simulated_batch_is_that_of_the_demo_vessel() -> None:
    begin = inoculation_of(NUMBER)
    readings = vessel_readings(SEED, begin, begin + 1800).reshape(30, 60, -1)
    values = clean_batch(SEED, NUMBER).values
    assert values.shape == (30, len(COLUMNS))
    np.testing.assert_allclose(values[:, SPEED], readings[:, :, SPEED].mean(axis=1))
    total = COLUMNS["demo1.base"]
    np.testing.assert_array_equal(values[:, total], readings[:, :, total].max(axis=1))


@pytest.mark.usefixtures("short_batches")
def test_a_fault_changes_the_batch_from_its_onset_on() -> None:
    clean = clean_batch(SEED, NUMBER)
    faulty = clean.with_fault(VesselFault(TRIP, 900))
    np.testing.assert_array_equal(faulty[:15], clean.values[:15])
    assert (faulty[15:25, SPEED] < 100).all()


def test_the_feed_phase_begins_at_the_third_minute_with_feed() -> None:
    feed = np.array([0, 1, 0, 1, 1, 1, 1, 0.0])
    assert feed_begin(feed) == 5
    assert feed_begin(np.zeros(4)) == 4


@pytest.mark.usefixtures("short_batches")
def test_roles_and_setpoints_of_a_simulated_batch() -> None:
    batch = as_batch(clean_batch(SEED, NUMBER).values)
    assert batch.setpoints.keys() == {"agitation", "jacket_temperature", "feed_rate"}
    assert {"temperature", "ph", "offgas_o2", "base_total"} < batch.inputs.measured.keys()
    assert not batch.phase.any()  # no feed yet


def result(score: list[float], *deviations: tuple[int, int | None]) -> WatchResult:
    spans = tuple(Deviation(start, end, start, 2.0, ()) for start, end in deviations)
    hour = np.arange(len(score)) / 60
    return WatchResult(hour, (), np.array(score), {}, {}, spans)


@pytest.mark.parametrize(
    ("score", "good", "expected"),
    [
        ([0, 0, 0, 2, 2, 0], (), 120.0),  # onset in the middle of minute 2
        ([0, 2, 0, 0, 0, 0], (), None),  # before the onset
        ([0, 0, 0, 2, 2, 0], ((3, 4),), 180.0),  # the good batch has a false alarm then
        ([0, 0, 0, 2, 2, 0], ((3, None),), None),
    ],
)
def test_delay_counts_minutes_in_which_the_good_batch_is_silent(
    score: list[float], good: tuple[tuple[int, int | None], ...], expected: float | None
) -> None:
    assert delay(result(score), result([0.0] * 6, *good), 120) == expected


def test_the_table_has_a_line_a_fault_and_columns_for_each_number_of_golden_batches() -> None:
    outcomes = [
        BatchOutcome(3, 1, {TRIP: 60.0, OVERFEED: None}),
        BatchOutcome(10, 0, {TRIP: 60.0, OVERFEED: 120.0}),
        BatchOutcome(3, 0, {TRIP: 180.0, OVERFEED: None}),
        BatchOutcome(10, 0, {TRIP: 60.0, OVERFEED: 120.0}),
    ]
    assert [line.split() for line in batch_table(outcomes)] == [
        ["fault", "golden", "3", "median", "min", "golden", "10", "median", "min"],
        ["agitator", "trip", "100.0", "%", "2.0", "100.0", "%", "1.0"],
        ["overfeed", "0.0", "%", "240.0", "100.0", "%", "2.0"],
        ["all", "faults", "50.0", "%", "121.5", "100.0", "%", "1.5"],
        ["false", "alarms", "a", "batch", "0.50", "-", "0.00", "-"],
    ]
