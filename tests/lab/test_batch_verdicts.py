"""Verdicts on simulated faults, as a table."""

from monitoring.lab.batch_evaluation.verdicts import verdict_table
from monitoring.sources.simulator.vessel.faults import VesselFaultKind

TRIP, DRIFT = VesselFaultKind.AGITATOR_TRIP, VesselFaultKind.PH_DRIFT


def test_share_given_of_all_and_right_of_the_given() -> None:
    verdicts = [
        (TRIP, {10: "process", 60: "process"}),
        (TRIP, {10: "undecided", 60: "process"}),
        (DRIFT, {10: "undecided", 60: "process"}),
        (DRIFT, {}),  # not found
    ]
    assert [line.split() for line in verdict_table(verdicts)] == [
        ["fault", "is", "of", "given", "10", "min", "right", "given", "60", "min", "right"],
        ["agitator", "trip", "process", "50.0", "%", "100.0", "%", "100.0", "%", "100.0", "%"],
        ["ph", "drift", "probe", "0.0", "%", "-", "50.0", "%", "0.0", "%"],
        ["all", "faults", "25.0", "%", "100.0", "%", "75.0", "%", "66.7", "%"],
    ]
